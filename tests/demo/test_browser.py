"""A visitor compares two networks, looks at their layers and draws, and the browser asks nobody else for anything."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import PATIENCE, LabPage, open_page
from conftest import EXAMPLES
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)
NAMELESS = """() => [...document.querySelectorAll("img, button, input, textarea")].filter(
  (e) => e.offsetParent && !(e.alt || e.innerText?.trim() || e.ariaLabel || e.title || e.labels?.length
    || e.querySelector("img[alt]:not([alt=''])"))
).map((e) => e.outerHTML.slice(0, 300))"""


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Every address the browser asked for."""
    return []


@pytest.fixture(scope="module")
def page(chromium: str, asked: list[str]) -> Iterator[Page]:
    with open_page(chromium) as page:
        page.on("request", lambda request: asked.append(request.url))
        yield page


def test_two_networks_name_a_picture_and_show_their_layers(visit: LabPage) -> None:
    page = visit.page
    shown = visit.tour(EXAMPLES / "chelsea.jpg", {"lenet5_modern": "C3", "resnet20_cifar": "stage2_1"})
    cards = page.locator("#answers .lab-card")
    expect(cards).to_have_count(2)
    expect(cards.nth(0)).to_contain_text("only handwritten digits")
    expect(cards.nth(1)).to_contain_text("trained on CIFAR10")
    for card in cards.all():
        expect(card.locator("li")).to_have_count(5)
        expect(card.locator(".lab-value").first).to_have_text(re.compile(r"^\d+\.\d\d\s%$"))
        expect(card.locator("footer")).to_contain_text("ms on this machine's CPU")
    expect(page.locator(".lab-caption.prose").nth(0)).to_contain_text("C3 · 16 maps of 10 × 10")
    expect(page.locator(".lab-caption.prose").nth(1)).to_contain_text("stage2_1 · 32 maps of 16 × 16")
    window = page.viewport_size
    assert window
    assert shown.size == (window["width"], 2 * window["height"] + 2)
    assert shown.crop((0, 0, *window.values())) != shown.crop((0, window["height"] + 2, *shown.size))


def test_every_picture_and_every_button_has_a_name(visit: LabPage) -> None:
    page = visit.page
    visit.upload(EXAMPLES / "coffee.jpg")
    for tab, last in (("Compare", "#answers .lab-card img"), ("Feature maps", ".lab-one img")):
        visit.tab(tab)
        page.locator(last).first.wait_for()
        expect(page.locator('#examples img[alt="chelsea"]')).to_have_count(1)
        nameless = page.evaluate(NAMELESS)
        assert not nameless


def test_a_map_that_is_pressed_is_enlarged(visit: LabPage) -> None:
    page = visit.page
    visit.choose("lenet5_modern")
    visit.upload(EXAMPLES / "digit_5.png")
    expect(page.locator("#answers .lab-card")).to_have_count(1)
    visit.tab("Feature maps")
    picture = page.locator(".lab-maps img").first
    expect(page.locator(".lab-one-caption.prose")).to_contain_text("Map 0 of C1")
    box = picture.bounding_box()
    assert box
    picture.click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.9})  # the last of 6 maps in 2 rows
    expect(page.locator(".lab-one-caption.prose")).to_contain_text("Map 5 of C1")
    expect(page.locator(".lab-number input[type=number]")).to_have_value("5")


def test_a_text_file_gets_a_sentence_with_its_name(visit: LabPage, tmp_path: Path) -> None:
    text = tmp_path / "holiday.png"
    text.write_text("no picture at all")
    visit.upload(text)
    alert = visit.page.locator("#answers [role=alert]")
    expect(alert).to_have_text("holiday.png is not a picture in a format that can be read.")
    visit.tab("Feature maps")
    expect(visit.page.locator(".lab-caption.prose").first).to_have_text(alert.inner_text())


def test_a_drawn_digit_is_named_after_the_stroke_and_the_pad_can_be_used_again(visit: LabPage) -> None:
    page = visit.page
    visit.choose("lenet5_modern", "resnet20_cifar")
    visit.tab("Draw")
    visit.draw((0.5, 0.3), (0.5, 0.7))
    cards = page.locator("#drawn .lab-card")
    expect(cards).to_have_count(1)
    expect(cards.locator("li")).to_have_count(5)
    page.locator('#pad button[aria-label="Clear canvas"]').click()
    expect(page.locator("#drawn")).to_contain_text("Draw a digit")
    visit.draw((0.4, 0.4), (0.6, 0.4), (0.5, 0.7))
    expect(cards).to_have_count(1)


def test_a_new_run_appears_while_the_page_is_open_and_the_choice_stays(visit: LabPage, runs: Path) -> None:
    visit.choose("resnet20_cifar")
    new = runs / "just_trained" / "best.ckpt"
    new.parent.mkdir()
    try:
        shutil.copy(runs / "lenet5/version_0/checkpoints/best.ckpt", new)
        expect(visit.page.locator("#status")).to_contain_text("3 checkpoints found")
        expect(visit.page.locator("#networks .token")).to_have_count(1)
    finally:
        shutil.rmtree(new.parent)


@pytest.mark.parametrize("width", [390, 1360])
def test_nothing_is_wider_than_the_window(visit: LabPage, width: int) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.upload(EXAMPLES / "coffee.jpg")
    for name in ("Compare", "Many pictures", "Feature maps", "Draw"):
        visit.tab(name)
        visit.page.wait_for_timeout(300)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_browser_asked_nobody_but_the_lab(asked: list[str], lab: str) -> None:
    elsewhere = [url for url in asked if not url.startswith((lab, "data:", "blob:", "chrome"))]
    assert asked
    assert not elsewhere
