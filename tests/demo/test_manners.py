"""The lab's manners on every tab: names, contrast, width, the console, and both languages."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browser import PATIENCE, open_page
from conftest import write_runs
from lit_cnns_demo.languages import KOREAN
from page_facts import NAMELESS, OUTSIDE, PALE, SAID, SCROLLS
from playwright.sync_api import Page, expect
from runs_over_time import write_run

from lit_cnns import CIFAR10
from lit_cnns.claims import CLAIMS

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)
LANGUAGES = {"en": "en-US", "ko": "ko-KR"}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1360, "height": 900}
# each tab's id and name, and what stands there, how often, once it is complete for two networks and a picture
TABS = {
    "compare": ("Compare", "#answers .lab-card", 2),
    "many": ("Many pictures", "#many-start", 1),
    "maps": ("Feature maps", ".lab-maps img", 2),
    "kernels": ("Kernels", ".lab-kernels img", 2),
    "why": ("Why", ".lab-reason", 2),
    "training": ("What training sees", "#training-views figure", 8),
    "time": ("Over time", "#moment-answer li", 5),
    "lineage": ("Lineage", "#lineage-drawing svg", 1),
    "claims": ("Claims", "#claims section li", len(CLAIMS)),
    "draw": ("Draw", "#pad button.highlight", 1),
}
HANGUL, LATIN = re.compile("[가-힣]"), re.compile("[A-Za-z]{3}")
METHODS = {"Grad-CAM", "HiResCAM", "CAM"}
THINGS = "AlexNet|VGG|GoogLeNet|Inception|ResNet|plain|CIFAR|ReLU|tanh|LRN|Glorot|sqrt|GFLOPs|top-1"  # of claims
NAMES = re.compile(f"lenet5_modern|resnet20|alexnet|looked_back_on|{THINGS}|" + "|".join(CIFAR10.class_names))


@dataclass
class Seen:
    """What was found on one tab that was opened by a link.

    Args:
        said: what the page says, line by line.
        nameless: controls without a name.
        pale: texts that are hard to read, by the colour scheme.
        outside: what does not fit a phone.
        errors: what the browser's console said.
    """

    said: list[str]
    nameless: list[str]
    pale: dict[str, list[str]]
    outside: list[str]
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_runs(tmp_path_factory.mktemp("runs"))
    write_run(folder / "looked_back_on")
    return folder


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """Every address that a browser asked for."""
    return []


@pytest.fixture(scope="module")
def seen(chromium: str, lab: str, asked: list[str]) -> dict[tuple[str, str], Seen]:
    """Each tab in each language, opened by a link and looked at in light, dark and on a phone."""
    found = {}
    for language, locale in LANGUAGES.items():
        with open_page(chromium, language=locale) as page:
            errors: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda said, to=errors: to.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error, to=errors: to.append(str(error)))
            for tab in TABS:
                page.goto("about:blank")  # what the page before says when it is left does not count
                page.wait_for_timeout(100)
                errors.clear()
                found[language, tab] = look(page, lab, tab)
                found[language, tab].errors = errors.copy()
    return found


def look(page: Page, lab: str, tab: str) -> Seen:
    _, complete, count = TABS[tab]
    page.goto(f"{lab}?tab={tab}&picture=chelsea", wait_until="load")
    expect(page.locator(complete)).to_have_count(count)
    expect(page.locator("#picture img")).to_have_count(1)
    said, nameless, pale = page.evaluate(SAID), page.evaluate(NAMELESS), {"light": page.evaluate(PALE)}
    page.add_style_tag(content="* { transition: none !important; }")  # else colours fade into one another
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body.dark")).to_have_count(1)
    pale["dark"] = page.evaluate(PALE)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(200)  # the tabs are laid out anew
    outside = page.evaluate(OUTSIDE) + (["the page scrolls sideways"] if page.evaluate(SCROLLS) else [])
    page.set_viewport_size(DESK)
    return Seen(said, nameless, pale, outside)


def of_all(seen: dict[tuple[str, str], Seen], what: str) -> dict[tuple[str, str], list[str]]:
    return {place: getattr(one, what) for place, one in seen.items() if getattr(one, what)}


def test_a_tab_that_is_opened_by_a_link_says_no_error_in_the_console(seen: dict[tuple[str, str], Seen]) -> None:
    assert not of_all(seen, "errors")


def test_every_control_of_every_tab_has_a_name(seen: dict[tuple[str, str], Seen]) -> None:
    assert not of_all(seen, "nameless")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(seen: dict[tuple[str, str], Seen], scheme: str) -> None:
    assert not {place: one.pale[scheme] for place, one in seen.items() if one.pale[scheme]}


def test_every_tab_fits_a_phone(seen: dict[tuple[str, str], Seen]) -> None:
    assert not of_all(seen, "outside")


def test_no_tab_asks_anybody_but_the_lab(seen: dict[tuple[str, str], Seen], asked: list[str], lab: str) -> None:
    assert seen
    assert any(url.startswith(f"{lab}gradio_api") for url in asked)
    assert not [url for url in asked if not url.startswith((lab, "data:", "blob:", "chrome"))]


@pytest.mark.parametrize("tab", TABS)
def test_a_browser_that_asks_for_korean_gets_korean(seen: dict[tuple[str, str], Seen], tab: str) -> None:
    said = seen["ko", tab].said
    assert {KOREAN[name] for name, *_ in TABS.values()} <= set(said)
    assert not [
        words
        for words in dict.fromkeys(said)
        if LATIN.search(words) and not HANGUL.search(words) and words not in METHODS
        if not NAMES.search(words)
    ]
    assert not [words for words in seen["en", tab].said if HANGUL.search(words)]
