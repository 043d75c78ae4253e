"""A visitor walks through two networks side by side, finds out what holds a map down, and sorts kernels by colour."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import PATIENCE, LabPage, open_page
from conftest import EXAMPLES, write_heads, write_runs
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_heads(write_runs(tmp_path_factory.mktemp("runs")))


@pytest.fixture(scope="module")
def page(chromium: str) -> Iterator[Page]:
    with open_page(chromium, 1280) as page:
        yield page


@pytest.fixture(scope="module")
def visit(page: Page, lab: str) -> LabPage:
    visit = LabPage(page, lab)
    visit.choose("googlenet_cifar", "resnet20_cifar")
    visit.upload(EXAMPLES / "chelsea.jpg")
    visit.wait_for(page.locator("#answers .lab-card"), 2)
    visit.tab("Feature maps")
    visit.wait_for(page.locator(".lab-maps img"), 2)
    return visit


def captions(page: Page, *words: str) -> None:
    for column, word in enumerate(words):
        expect(page.locator(".lab-caption.prose").nth(column)).to_contain_text(word)


def test_columns_line_up_at_a_stride_and_the_one_without_it_says_so(visit: LabPage) -> None:
    page = visit.page
    for stride, layers in (("1/4", ("inception_4e ·", "stage3_3 ·")), ("1/8", ("inception_5b ·", "stage3_3 ·"))):
        page.locator("#stride input").click()
        page.get_by_role("option", name=stride, exact=True).click()
        captions(page, *layers)
    expect(page.locator("#stride-said")).to_contain_text("resnet20_cifar has no layer at 1/8")
    expect(page).to_have_url(re.compile("stride=1%2F8"))


def test_a_walk_goes_layer_by_layer_by_hand_and_by_itself_and_can_be_stopped(visit: LabPage) -> None:
    page = visit.page
    page.locator("#walk-first").click()
    captions(page, "conv1 ·", "conv1 ·")
    page.locator("#walk-step").click()
    captions(page, "relu1 ·", "bn1 ·")
    page.locator("#walk-play").click()
    captions(page, "pool1 ·", "relu1 ·")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#walk-play")).to_contain_text("Play")


def test_a_normalised_map_shows_what_holds_it_down_and_heads_answer(visit: LabPage) -> None:
    page = visit.page
    visit.choose_layer(0, "norm1")
    lateral = page.locator(".lab-lateral")
    expect(lateral.locator("h4")).to_have_text("Lateral inhibition of map 0")
    expect(lateral.locator("li")).to_have_count(3)
    page.locator(".lab-number input[type=number]").first.fill("7")
    page.keyboard.press("Tab")
    expect(lateral.locator("h4")).to_have_text("Lateral inhibition of map 7")
    expect(lateral.locator("li")).to_have_count(5)
    expect(page.locator(".lab-heads h5")).to_have_text(["aux1", "aux2", "main"])
    boxes = [map.bounding_box() or {} for map in lateral.locator("img").all()]
    assert len({box["y"] for box in boxes}) == 1  # four in a row, whole
    assert all(box["width"] == pytest.approx(box["height"]) for box in boxes)


def test_a_sorted_layer_begins_with_its_strongest_map_which_lies_over_the_picture(visit: LabPage) -> None:
    page = visit.page
    page.locator("#order").get_by_text("largest value").click()
    picture = page.locator(".lab-one img").nth(1)
    expect(page.locator(".lab-one-caption.prose").nth(1)).not_to_contain_text("Map 0 of")
    alone = picture.get_attribute("src")
    page.locator("#over").get_by_text("over the picture").click()
    expect(picture).not_to_have_attribute("src", alone or "")


def test_a_pressed_kernel_says_its_number_and_colour_in_any_order(visit: LabPage) -> None:
    page = visit.page
    visit.tab("Kernels")
    visit.wait_for(page.locator(".lab-kernels img"), 2)
    page.locator("#kernel-order").get_by_text("colour index").click()
    kernel = page.locator(".lab-kernels img").first
    kernel.click(position={"x": 20, "y": 20})
    caption = page.locator(".lab-kernel-caption.prose").first
    expect(caption).to_have_text(re.compile(r"Kernel \d+ of conv1 · colour index 0\.\d{3}"))
    expect(page.locator(".lab-histogram")).to_have_count(2)
    pressed, marked = caption.inner_text(), kernel.get_attribute("src")
    expect(page).to_have_url(re.compile(rf"kernel%7E[^&]*={pressed.split()[1]}&?"))
    page.locator("#kernel-order").get_by_text("the network's").click()
    expect(kernel).not_to_have_attribute("src", marked or "")
    expect(caption).to_have_text(pressed)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(visit: LabPage, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 844})
    for name in ("Feature maps", "Kernels"):
        visit.tab(name)
        visit.page.wait_for_timeout(300)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
