"""A visitor goes through the lineage, sees what training sees, and slides through a run."""

import re
import shutil
from pathlib import Path

import pytest
from browser import PATIENCE, LabPage, choose
from conftest import EXAMPLES
from playwright.sync_api import expect
from runs_over_time import write_run
from test_browser import NAMELESS

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)


def test_a_point_that_is_pressed_draws_its_network_and_leads_to_its_checkpoint(visit: LabPage) -> None:
    page = visit.page
    visit.tab("Lineage")
    drawing = page.locator("#lineage-drawing svg")
    expect(drawing).to_have_attribute("aria-label", "Block diagram of alexnet")
    expect(page.locator("#lineage-about")).to_contain_text("lit-cnns fit --config alexnet/imagenet")
    expect(page.locator("#timeline svg")).to_have_count(4)
    point = page.locator('#timeline [data-key="resnet20_cifar"]').first
    point.focus()
    expect(point.locator(".reading")).to_be_visible()
    page.keyboard.press("Enter")
    expect(drawing).to_have_attribute("aria-label", "Block diagram of resnet20_cifar")
    visit.choose("lenet5_modern")
    page.locator("#lineage-choose").click()
    expect(page.locator("#networks .token")).to_have_count(2)
    assert not page.evaluate(NAMELESS)


def test_the_arrow_keys_lead_from_point_to_point(visit: LabPage) -> None:
    page = visit.page
    visit.tab("Lineage")
    errors = page.locator("#timeline svg").nth(1)
    points = errors.locator(".point")
    page.locator("#timeline svg").first.locator(".chosen").focus()
    page.keyboard.press("Tab")
    chosen = errors.locator(".chosen")
    expect(chosen).to_be_focused()
    for key, words in (
        ("ArrowRight", "alexnet_one_gpu_half · 2012 · 19.4 %, one network, val, 10-crop"),
        ("ArrowRight", "SuperVision (AlexNet) · 2012 · 16.4 %, winner of ILSVRC, test set"),
        ("ArrowRight", "zfnet · 2013 · 16.5 %, one network, val, 10-crop"),
    ):
        page.keyboard.press(key)
        point = page.locator(":focus")
        expect(point).to_have_attribute("aria-label", words)
        expect(point.locator(".reading")).to_be_visible()
        expect(chosen.locator(".reading")).to_be_hidden()
    page.keyboard.press(" ")
    expect(page.locator("#lineage-drawing svg")).to_have_attribute("aria-label", "Block diagram of zfnet")
    expect(chosen).to_be_focused()
    expect(chosen).to_have_attribute("data-key", "zfnet")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(points.first).to_be_focused()
    page.keyboard.press("End")
    expect(points.last).to_be_focused()
    expect(errors.locator('[tabindex="0"]')).to_have_count(1)
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#timeline svg").first.locator(".chosen")).to_be_focused()


def test_winners_have_a_colour_of_their_own_and_layers_fit_their_table(visit: LabPage) -> None:
    visit.tab("Lineage")
    fill = "point => getComputedStyle(point.firstElementChild).fill"
    winner, network = (visit.page.locator(f"#timeline .point.{kind}").first for kind in ("winner", "network"))
    assert winner.evaluate(fill) != network.evaluate(fill)
    layers = visit.page.locator("#lineage-about .lab-scroll")
    assert layers.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_the_views_of_a_recipe_stand_under_the_picture_with_their_boxes(visit: LabPage) -> None:
    page = visit.page
    visit.upload(EXAMPLES / "chelsea.jpg")
    visit.tab("What training sees")
    expect(page.locator("#training-views figure")).to_have_count(8)
    expect(page.locator("#training-views polygon")).to_have_count(8)
    expect(page.locator("#training-views figcaption").first).to_contain_text("RGB")
    page.locator("#training-recipe input").fill("nobody/nothing")
    page.keyboard.press("Enter")
    expect(page.locator("#training-views [role=alert]")).to_contain_text("There is no recipe 'nobody/nothing'")


def test_the_slider_goes_through_the_checkpoints_of_a_run(visit: LabPage, runs: Path) -> None:
    page = visit.page
    run = write_run(runs / "looked_back_on")
    try:
        page.locator('#examples button[title="digit 3"]').click()
        visit.tab("Over time")
        said = page.locator("#moment-said")
        expect(said).to_contain_text("Epoch 3, after 30 steps: checkpoint 3 of 3")
        expect(page.locator("#moment-answer li")).to_have_count(5)
        expect(page.locator("#moment-curve svg")).to_have_count(2)
        number = page.locator("#moment-number input[type=number]")
        number.fill("1")
        number.press("Enter")
        expect(said).to_contain_text("Epoch 1, after 10 steps")
        expect(page.locator("#moment-curve .now").first).to_have_attribute(
            "aria-label", re.compile("step 10"), timeout=PATIENCE
        )
        choose(page, page.locator("#moment-layer input"), "C3")
        expect(page).to_have_url(re.compile("moment=1&moment-layer=C3|moment-layer=C3&moment=1"))
        link = page.url
        page.goto("about:blank")
        LabPage(page, link)
        expect(said).to_contain_text("Epoch 1, after 10 steps")
        expect(page.locator("#moment-layer input")).to_have_value("C3")
    finally:
        shutil.rmtree(run.parent)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(visit: LabPage, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    for name, last in (("What training sees", "#training-views p"), ("Lineage", "#lineage-drawing svg")):
        visit.tab(name)
        visit.page.locator(last).first.wait_for()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
