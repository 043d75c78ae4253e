"""A visitor looks at all verdicts, opens a claim, runs it again, stops a run, and reads the sentences as told."""

import re

import pytest
from browser import PATIENCE, LabPage
from playwright.sync_api import Page, expect
from test_browser import NAMELESS

from lit_cnns import claims
from lit_cnns.claims import told

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)


def choose(page: Page, words: str) -> None:
    page.locator("#claim input").click()
    page.get_by_role("option").filter(has_text=words).first.click()


def test_a_verdict_that_is_pressed_opens_its_claim_which_runs_again(visit: LabPage) -> None:
    page = visit.page
    visit.tab("Claims")
    shown = page.locator("#claims")
    expect(shown.locator("section li")).to_have_count(len(claims.CLAIMS))
    shown.get_by_role("button", name="A stack of three 3x3 convs").click()
    expect(shown.locator("h3")).to_contain_text("A stack of three 3x3 convs")
    expect(shown.locator(".lab-verdict")).to_have_text(re.compile("holds"))
    figure = shown.locator("img.lab-drawn")
    expect(figure).to_have_attribute("alt", re.compile("A stack of three 3x3"))
    assert figure.evaluate("(image) => image.complete && image.naturalWidth > 300")
    expect(page).to_have_url(re.compile(r"claim=three_3x3"))
    page.locator("#claim-start").click()
    expect(page.locator("#claim-rerun h4")).to_contain_text("Run here in")
    expect(page.locator("#claim-rerun .lab-verdict")).to_contain_text("holds")
    assert not page.evaluate(NAMELESS)


@pytest.fixture
def running(visit: LabPage) -> Page:
    """The page with a run under way that takes a while."""
    page = visit.page
    visit.tab("Claims")
    choose(page, "Saturating units")
    page.locator("#claim-start").click()
    expect(page.locator("#claim-rerun")).to_contain_text("of 42 runs")
    return page


def test_a_run_under_way_is_told_and_stopped(running: Page) -> None:
    running.locator("#claim-stop").click()
    expect(running.locator("#claim-rerun")).to_contain_text("Stopped after")


def test_a_run_that_another_claim_is_chosen_over_says_nothing_below_that(running: Page) -> None:
    choose(running, "Dropout doubles")
    expect(running.locator("#claim-rerun")).to_contain_text("--data FOLDER")
    running.wait_for_timeout(4000)  # what was under way ends meanwhile
    expect(running.locator("#claim-rerun")).to_contain_text("--data FOLDER")


def test_a_claim_on_pictures_says_what_it_needs(visit: LabPage) -> None:
    page = visit.page
    visit.tab("Claims")
    choose(page, "Dropout doubles")
    expect(page.locator("#claim-rerun")).to_contain_text("--data FOLDER")
    expect(page.locator("#claim-start")).to_be_hidden()


def test_a_link_opens_the_sentences_as_told(page: Page, lab: str) -> None:
    LabPage(page, f"{lab}?tab=claims&claim=told")
    sentences = page.locator("#claims .lab-told > li")
    expect(sentences).to_have_count(len(told.CHECKS))
    sentences.filter(has_text="two parallel halves").locator("summary").click()
    expect(page.locator("#claims details[open]")).to_contain_text("fc6, fc7, fc8")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(page: Page, lab: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for claim, last in (("all", "section"), ("told", ".lab-told"), ("one_by_one", "img.lab-drawn")):
        LabPage(page, f"{lab}?tab=claims&claim={claim}")
        page.locator(f"#claims {last}").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_claims_speak_korean(page: Page, lab: str) -> None:
    """The last test of this file, since the page speaks Korean from then on."""
    page.context.set_extra_http_headers({"Accept-Language": "ko-KR"})
    page.context.add_init_script('Object.defineProperty(navigator, "language", { get: () => "ko-KR" });')
    page.goto(f"{lab}?tab=claims&claim=told", wait_until="load")
    expect(page.locator("#claims h3")).to_have_text("들은 대로")
    expect(page.locator("#claims")).to_contain_text("일부만 맞음")
    page.goto(f"{lab}?tab=claims&claim=three_3x3", wait_until="load")
    expect(page.locator("#claims .lab-verdict").first).to_contain_text("성립함")
    expect(page.locator("#claim-start")).to_have_text("여기서 빠르게 실행")
