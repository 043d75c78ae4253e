"""A visitor goes by the keyboard, passes a link on, presses faster than the lab answers, and has no camera."""

import re
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from browser import PATIENCE, LabPage
from conftest import EXAMPLES
from page_facts import FOCUSED
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)


def example(visit: LabPage, name: str) -> None:
    visit.page.locator(f'#examples button[title="{name}"]').click()


def answers(visit: LabPage) -> Locator:
    return visit.page.locator("#answers .lab-value")


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


def test_a_link_opens_its_tab_also_when_the_lab_answers_late(page: Page, lab: str) -> None:
    def late(route: Route) -> None:
        time.sleep(0.3)
        route.continue_()

    slow = page.context.new_page()
    slow.route("**/queue/join*", late)
    LabPage(slow, f"{lab}?tab=lineage&picture=coffee")
    expect(slow.get_by_role("tab", name="Lineage")).to_have_attribute("aria-selected", "true")
    expect(slow).to_have_url(re.compile("tab=lineage"))
    slow.close()


def test_a_link_to_a_reason_opens_with_that_method(visit: LabPage, lab: str) -> None:
    page = visit.page
    LabPage(page, f"{lab}?tab=why&picture=coffee&why=saliency")
    expect(page.locator("#why input[value=saliency]")).to_be_checked()
    expect(page.locator(".lab-reason figcaption").first).to_contain_text("32 × 32")  # not a layer's
    expect(page.locator(".lab-heat")).to_have_count(2)


def test_a_link_opens_every_tab_as_it_was_set(visit: LabPage, lab: str) -> None:
    page = visit.page
    visit.choose("resnet20_cifar")
    expect(page).to_have_url(re.compile("networks=resnet20[^&,%]*(&|$)"))
    (network,) = parse_qs(urlsplit(page.url).query)["networks"]
    of_tabs = {"order": "largest", "scale": "layer", "over": "true", "kernel-order": "colour", "most": 64}
    of_tabs |= {"why": "deconvnet", "strength": 20, "square": 10}
    of_tabs |= {"recipe": network, "seed": 3, "epochs": 4}
    of_columns = {f"layer~{network}": "stage2_1", f"map~{network}": 3, f"kernel~{network}": 5, f"why-map~{network}": 2}
    link = {"networks": network, "picture": "digits-7", "tab": "maps", "stride": "1/2", **of_tabs, **of_columns}
    LabPage(page, f"{lab}?{urlencode(link)}")
    expect(page.locator(".lab-one-caption.prose")).to_contain_text("Map 3 of stage2_1")
    expect(page.locator("#stride input")).to_have_value("1/2")
    for radio, value in (("order", "largest"), ("scale", "layer"), ("over", "true")):
        expect(page.locator(f"#{radio} input[value={value}]")).to_be_checked()
    visit.tab("Kernels")
    expect(page.locator(".lab-kernel-caption.prose")).to_contain_text("Kernel 5 of conv1")
    expect(page.locator("#kernel-order input[value=colour]")).to_be_checked()
    visit.tab("Why")
    expect(page.locator(".lab-reason figcaption")).to_contain_text("Map 2 of stage3_3")
    page.locator("#why").get_by_text("Occlusion").click()
    for slider, value in (("strength", "20"), ("square", "10")):
        expect(page.locator(f"#why-{slider} input[type=number]")).to_have_value(value)
    visit.tab("What training sees")
    expect(page.locator("#training-views figure")).to_have_count(4)
    expect(page.locator("#training-seed input")).to_have_value("3")
    visit.tab("Many pictures")
    expect(page.locator("#most input")).to_have_value("64")
    expect(page).to_have_url(re.compile("pictures=digits.*tab=many|tab=many.*pictures=digits"))
    kept = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    of_now = {"tab": "many", "why": "occlusion", "pictures": "digits"}
    assert kept == {name: str(value) for name, value in {**link, **of_now}.items()}


def test_a_link_without_networks_opens_without_any(visit: LabPage) -> None:
    page = visit.page
    page.locator("#networks .remove-all").click()
    expect(page).to_have_url(re.compile(r"networks=(&|$)"))
    LabPage(page, page.url)
    page.wait_for_timeout(2000)  # a first choice would have come
    expect(page.locator("#networks .token")).to_have_count(0)


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
    example(visit, "rocket")
    visit.wait_for(answers(visit), 5)
    of_rocket = answers(visit).all_inner_texts()
    example(visit, "coffee")
    expect(answers(visit)).not_to_have_text(of_rocket)
    for name in ("astronaut", "chelsea", "coffee"):
        example(visit, name)
    while "picture=rocket" not in visit.page.url:  # Gradio passes over an example that is pressed while one is fetched
        example(visit, "rocket")
        visit.page.wait_for_timeout(200)
    expect(answers(visit)).to_have_text(of_rocket)
    visit.page.wait_for_timeout(1500)
    expect(answers(visit)).to_have_text(of_rocket)


def test_a_new_picture_reaches_every_tab_that_has_been_opened(visit: LabPage) -> None:
    page = visit.page
    visit.choose("resnet20_cifar")
    example(visit, "coffee")
    visit.wait_for(answers(visit), 5)
    compared = answers(visit).all_inner_texts()
    visit.tab("Feature maps")
    caption = page.locator(".lab-caption.prose")
    expect(caption).to_contain_text("conv1 ·")
    seen = caption.inner_text()
    visit.tab("Why")
    reason = page.locator(".lab-reason figcaption")
    expect(reason).to_contain_text("at stage3_3")
    explained = reason.inner_text()
    example(visit, "rocket")
    expect(reason).not_to_have_text(explained)
    visit.tab("Feature maps")
    expect(caption).not_to_have_text(seen)
    visit.tab("Compare")
    expect(answers(visit)).not_to_have_text(compared)
    expect(page).to_have_url(re.compile("picture=rocket"))


def test_a_column_keeps_its_layer_and_map_when_another_network_is_chosen(visit: LabPage) -> None:
    page = visit.page
    visit.choose("lenet5_modern")
    example(visit, "coffee")
    visit.tab("Feature maps")
    visit.wait_for(page.locator(".lab-maps img"), 1)
    visit.choose_layer(0, "C3")
    expect(page.locator(".lab-caption.prose")).to_contain_text("C3 ·")
    page.locator(".lab-number input[type=number]").fill("7")
    expect(page.locator(".lab-one-caption.prose")).to_contain_text("Map 7 of C3")
    expect(page).to_have_url(re.compile("map%7E[^&]*=7"))
    visit.page.locator("#networks input").click()
    page.get_by_role("option").filter(has_text="resnet20_cifar").first.click()
    page.keyboard.press("Escape")
    visit.wait_for(page.locator(".lab-maps img"), 2)
    expect(page.locator(".lab-one-caption.prose").first).to_contain_text("Map 7 of C3")
    expect(page.locator(".lab-layer input").first).to_have_value(re.compile("C3 · "))


def test_a_link_to_a_class_opens_its_reason(visit: LabPage) -> None:
    page = visit.page
    visit.choose("resnet20_cifar")
    example(visit, "coffee")
    visit.tab("Why")
    expect(page.locator(".lab-reason figcaption")).to_contain_text("at stage3_3")
    page.locator(".lab-why-class input").click()
    page.get_by_role("option", name="ship").click()
    expect(page.locator(".lab-reason figcaption")).to_contain_text("ship")
    link = page.url
    page.goto("about:blank")
    LabPage(page, link)
    expect(page.locator(".lab-reason figcaption")).to_contain_text("ship")
    expect(page.locator(".lab-why-class input")).to_have_value("ship")


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
