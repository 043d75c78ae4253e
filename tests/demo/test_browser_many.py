"""A visitor compares networks on many pictures, opens one of them, stops, and invites a guest."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from browser import PATIENCE, LabPage
from conftest import EXAMPLES
from lit_cnns_demo.contest import Contest, contest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)


def test_networks_are_compared_on_digits_and_a_pressed_picture_opens_everywhere(visit: LabPage) -> None:
    page = visit.page
    visit.choose("lenet5_modern", "resnet20_cifar")
    visit.compare_digits(64)
    report = page.locator("#many .lab-report")
    expect(report).to_contain_text("64 of 360 pictures")
    expect(report.locator(".lab-scores")).to_contain_text("of 64")
    page.locator("#many summary").click()
    expect(report.locator(".lab-confusion tbody tr")).to_have_count(10)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1360, "height": 900})
    report.locator(".lab-pictures button").first.click()
    expect(page.locator("#picture img")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"picture=digits-\d+"))
    visit.tab("Compare")
    expect(page.locator("#answers .lab-card")).to_have_count(2)
    expect(page.locator("#memory")).to_contain_text("2 networks loaded")


def test_who_compares_after_another_visitor_sees_that_he_waits_and_can_leave(
    visit: LabPage, lab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*asked: Any) -> Iterator[Contest]:
        for now in contest(*asked):
            yield now
            go_on.wait(60)

    go_on = threading.Event()
    monkeypatch.setattr("lit_cnns_demo.contest.contest", slowly)
    first, second = visit.page, visit.page.context.new_page()
    visit.compare_digits(360)
    expect(first.locator("#many")).to_contain_text("Loading networks and pictures")
    LabPage(second, lab).compare_digits(360)
    expect(second.locator("#many")).to_contain_text("1 before this one")
    second.locator("#many-stop").click()
    expect(second.locator("#many")).to_contain_text("It was stopped before it began")
    second.locator("#many-start").click()
    expect(second.locator("#many")).to_contain_text("1 before this one")
    first.locator("#many-stop").click()
    go_on.set()
    expect(first.locator("#many .lab-report")).to_contain_text("when it was stopped")
    expect(second.locator("#many .lab-report")).to_contain_text("All 360 pictures")
    second.close()


def test_a_guest_is_added_by_its_name_and_said_to_be_untrained(visit: LabPage) -> None:
    page = visit.page
    visit.choose("resnet20_cifar")
    visit.upload(EXAMPLES / "chelsea.jpg")
    page.locator("#guests button").first.click()
    page.locator("#guest-name input").fill("torchvision/squeezenet1_1")
    page.keyboard.press("Enter")
    page.locator("#guest-add").click()
    expect(page.locator("#guest-said")).to_contain_text("it has not learned anything")
    cards = page.locator("#answers .lab-card")
    expect(cards).to_have_count(2)
    expect(cards.nth(1)).to_contain_text("its weights are random")
    expect(page.locator(".lab-agreement")).to_contain_text("Not counted")
