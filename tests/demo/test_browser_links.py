"""A visitor goes by the keyboard, passes a link on, presses faster than the lab answers, and has no camera."""

import re

import pytest
from browser import PATIENCE, LabPage
from conftest import EXAMPLES
from page_facts import FOCUSED
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)


def example(visit: LabPage, name: str) -> None:
    visit.page.locator(f'#examples button[title="{name}"]').click()


def answered(visit: LabPage, name: str) -> list[str]:
    """What the first network says of an example, once nothing else is asked."""
    example(visit, name)
    visit.wait_for(visit.page.locator("#answers .lab-card"), 1)
    visit.page.wait_for_timeout(1500)
    return visit.page.locator("#answers .lab-value").all_inner_texts()


def test_the_tab_key_goes_through_the_page_as_the_eye_does(visit: LabPage) -> None:
    parts: list[str] = []
    while "BUTTON" not in parts and len(parts) < 60:  # the first below the lab
        visit.page.keyboard.press("Tab")
        parts.append(visit.page.evaluate(FOCUSED))
    passed = [part for place, part in enumerate(parts) if parts[place - 1 : place] != [part]]
    assert passed == ["picture", "examples", "networks", "refresh", "guests", "memory", "tablist", "BUTTON"]


def test_a_link_that_is_passed_on_opens_the_same_layers(visit: LabPage) -> None:
    page = visit.page
    visit.choose("resnet20_cifar", "lenet5_modern")
    example(visit, "coffee")
    visit.tab("Feature maps")
    visit.wait_for(page.locator(".lab-maps img"), 2)
    visit.choose_layer(0, "stage2_1")
    visit.choose_layer(1, "C3")
    expect(page.locator(".lab-caption.prose").nth(1)).to_contain_text("C3 ·")
    with_layers = page.url
    page.goto("about:blank")
    again = LabPage(page, with_layers)
    expect(page.get_by_role("tab", name="Feature maps")).to_have_attribute("aria-selected", "true")
    again.wait_for(page.locator(".lab-maps img"), 2)
    expect(page.locator("#networks .token")).to_have_count(2)
    for column, layer in enumerate(("stage2_1", "C3")):
        expect(page.locator(".lab-layer input").nth(column)).to_have_value(re.compile(f"{layer} · "))
        expect(page.locator(".lab-caption.prose").nth(column)).to_contain_text(f"{layer} ·")


def test_a_link_to_a_reason_opens_with_that_method(visit: LabPage, lab: str) -> None:
    page = visit.page
    LabPage(page, f"{lab}?tab=why&picture=coffee&why=saliency")
    expect(page.locator("#why input[value=saliency]")).to_be_checked()
    expect(page.locator(".lab-reason figcaption").first).to_contain_text("32 × 32")  # not a layer's
    expect(page.locator(".lab-heat")).to_have_count(2)


def test_of_layers_that_are_chosen_fast_the_last_one_is_shown(visit: LabPage) -> None:
    page = visit.page
    visit.choose("lenet5_modern")
    visit.upload(EXAMPLES / "digit_5.png")
    visit.tab("Feature maps")
    visit.wait_for(page.locator(".lab-maps img"), 1)
    for layer in ("C3", "C5", "S2", "S4"):
        visit.choose_layer(0, layer)
    caption = page.locator(".lab-caption.prose")
    expect(caption).to_contain_text("S4 ·")
    page.wait_for_timeout(1500)
    expect(caption).to_contain_text("S4 ·")


def test_of_pictures_that_are_chosen_fast_the_last_one_is_answered(visit: LabPage) -> None:
    visit.choose("resnet20_cifar")
    alone = [answered(visit, name) for name in ("coffee", "rocket")]
    assert alone[0] != alone[1]
    for name in ("coffee", "astronaut", "chelsea", "coffee"):
        example(visit, name)
    assert answered(visit, "rocket") == alone[1]


def test_a_picture_is_answered_while_networks_are_compared(visit: LabPage) -> None:
    page = visit.page
    visit.choose("resnet20_cifar", "lenet5_modern")
    visit.compare_digits(96)
    page.locator("#many-start").click()
    visit.tab("Compare")
    example(visit, "rocket")
    expect(page.locator("#answers .lab-card")).to_have_count(2)
    visit.tab("Many pictures")
    expect(page.locator("#many .lab-report")).to_contain_text("96 of 360 pictures")


def test_where_there_is_no_camera_the_page_says_so_in_a_sentence(page: Page, lab: str) -> None:
    insecure = page.context.new_page()
    insecure.add_init_script("Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined })")
    LabPage(insecure, lab)
    expect(insecure.locator("#no-camera")).to_be_visible()
    expect(insecure.locator("#no-camera")).to_contain_text("No webcam here")
    expect(insecure.locator('#picture button[aria-label="Capture from camera"]')).to_be_hidden()
    insecure.close()


def test_where_there_is_a_camera_nothing_is_said_of_it(visit: LabPage) -> None:
    expect(visit.page.locator('#picture button[aria-label="Capture from camera"]')).to_be_visible()
    expect(visit.page.locator("#no-camera")).to_be_hidden()
