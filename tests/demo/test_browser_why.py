"""A visitor asks two networks why: heat maps, a square that slides and can be stopped, a reconstruction, dropout."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import PATIENCE, LabPage, choose, open_page
from conftest import EXAMPLES
from lit_cnns_demo import build, reasons, serve, shelf
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)


@pytest.fixture(scope="module")
def lab(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a lab over the shipped VGG and the ResNet-20."""
    folder = tmp_path_factory.mktemp("two")
    shutil.copy(shelf.SHIPPED / "vgg_cifar_cifar10.ckpt", folder)
    shutil.copytree(runs / "resnet20", folder / "resnet20")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "SHIPPED", tmp_path_factory.mktemp("ships_nothing"))
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        demo = build([folder])
        _, url, _ = serve(demo, prevent_thread_lock=True, quiet=True)
        yield url
        demo.close()


@pytest.fixture(scope="module")
def page(chromium: str, lab: str) -> Iterator[Page]:
    """The tab with both networks and a picture."""
    with open_page(chromium) as page:
        visit = LabPage(page, lab)
        visit.choose("resnet20_cifar", "vgg_cifar")
        visit.upload(EXAMPLES / "chelsea.jpg")
        visit.wait_for(page.locator("#answers .lab-card"), 2)
        visit.tab("Why")
        visit.wait_for(page.locator(".lab-heat"), 2)
        yield page


def method(page: Page, name: str) -> None:
    page.locator("#why").get_by_text(name, exact=True).click()


def pick(page: Page, what: str, column: int, name: str) -> None:
    choose(page, page.locator(f".lab-why-{what} input").nth(column), name)


def test_each_network_has_a_heat_map_of_its_class_with_a_scale(page: Page) -> None:
    method(page, "Grad-CAM")
    for column, layer in enumerate(["stage3_3", "relu3_2"]):
        figure = page.locator(".lab-reason").nth(column)
        expect(figure.locator("figcaption")).to_have_text(re.compile(rf"^\w+ [\d.]+\s% at {layer}, 8 × 8"))
        expect(figure.locator(".lab-scale")).to_contain_text("logits")
        expect(figure.locator("img")).to_have_count(2)


def test_class_and_layer_can_be_chosen_and_the_colours_made_fainter(page: Page) -> None:
    method(page, "Grad-CAM")
    caption = page.locator(".lab-reason figcaption").nth(1)
    pick(page, "class", 1, "ship")
    expect(caption).to_contain_text("ship")
    pick(page, "layer", 1, "relu2_2 ·")
    expect(caption).to_contain_text("at relu2_2, 16 × 16")
    page.locator("#why-strength input[type=number]").fill("20")
    page.locator("#why-strength input[type=number]").blur()
    expect(page.locator(".lab-heat img").last).to_have_css("opacity", "0.2")


def test_what_a_method_cannot_do_is_said_in_the_column(page: Page) -> None:
    method(page, "CAM")
    expect(page.get_by_role("alert").filter(has_text="logits of VGGSmall are not made so from")).to_have_count(1)
    method(page, "Dropout")
    expect(page.get_by_role("alert").filter(has_text="CifarResNet has no dropout")).to_have_count(1)
    expect(page.locator(".lab-spread li")).to_have_count(5)


def test_the_square_slides_until_it_has_been_everywhere_or_is_stopped(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*asked: Any) -> Iterator[reasons.Reason]:
        for so_far in hide(*asked):
            yield so_far
            time.sleep(1)

    hide = reasons.hide
    monkeypatch.setattr(reasons, "hide", slowly)
    method(page, "Occlusion")
    expect(page.locator("#why")).to_contain_text("A grey square slides")
    side = page.locator("#why-square input[type=number]")
    side.fill("10")
    side.blur()  # many places, so that it is stopped before it has been in all
    for column in range(2):
        expect(page.locator(".lab-why").nth(column)).to_contain_text("Slide the square")
    page.locator(".lab-start").nth(1).click()
    bar = page.locator(".lab-reason progress")
    expect(bar).to_have_count(1)
    page.locator(".lab-start").first.click()
    expect(page.locator(".lab-why").first).to_contain_text("1 before this one")
    page.locator(".lab-stop").first.click()
    expect(page.locator(".lab-why").first).to_contain_text("It was stopped before it began")
    page.locator(".lab-stop").nth(1).click()
    page.wait_for_timeout(500)
    reached = bar.get_attribute("value")
    page.wait_for_timeout(1000)
    assert bar.get_attribute("value") == reached
    monkeypatch.undo()
    page.locator(".lab-start").first.click()
    expect(page.locator(".lab-reason figcaption").first).to_contain_text("In its worst place the square of 3 pixels")
    expect(page.locator(".lab-reason").first.locator("progress")).to_have_count(0)


def test_a_map_is_projected_beside_the_patch_that_it_sees(page: Page) -> None:
    method(page, "Deconvnet")
    pick(page, "layer", 1, "relu1_2 ·")
    caption = page.locator(".lab-reason figcaption").nth(1)
    expect(caption).to_contain_text(re.compile(r"Map \d+ of relu1_2.*It sees \d × \d\."))
    pick(page, "map", 1, "7 ·")
    expect(caption).to_contain_text(re.compile(r"Map \d*7 of relu1_2"))
    expect(page).to_have_url(re.compile(r"why-map%7Evgg[^&]*=\d*7"))
    expect(page.locator(".lab-reason").nth(1).locator("img")).to_have_count(3)


def test_another_picture_is_explained_at_once(page: Page) -> None:
    method(page, "Saliency")
    heat = page.locator(".lab-heat img").last
    before = heat.get_attribute("src")
    page.locator("#picture input[type=file]").first.set_input_files(EXAMPLES / "coffee.jpg")
    expect(heat).not_to_have_attribute("src", before or "")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window_and_every_control_has_a_label(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("Grad-CAM", "Occlusion", "Deconvnet", "Dropout"):
        method(page, name)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        unlabelled = page.evaluate(
            "() => [...document.querySelectorAll('input, button, img')].filter((e) => e.offsetParent && "
            "!(e.alt || e.innerText?.trim() || e.ariaLabel || e.title || e.labels?.length)).length"
        )
        assert unlabelled == 0
