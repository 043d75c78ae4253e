"""Every tab shows its thing on the networks that ship, at a desk and on a phone, and nothing goes wrong."""

from collections.abc import Iterator

import pytest
from browser import PATIENCE, LabPage, open_page
from conftest import EXAMPLES
from lit_cnns_demo import build, serve
from page_facts import OUTSIDE, SCROLLS
from playwright.sync_api import expect

from lit_cnns.claims import CLAIMS

pytestmark = pytest.mark.browser
expect.set_options(PATIENCE)
# what a tab alone has, and how often with three networks and a picture
TABS = {
    "Compare": ("#answers .lab-card", 3),
    "Many pictures": ("#many-start", 1),
    "Feature maps": (".lab-maps img", 3),
    "Kernels": (".lab-kernels img", 3),
    "Why": (".lab-reason .lab-heat", 3),
    "What training sees": ("#training-views figure", 8),
    "Over time": ("#moment-said [role=status]", 1),
    "Lineage": ("#lineage-drawing svg", 1),
    "Claims": ("#claims section li", len(CLAIMS)),
    "Draw": ("#pad button.highlight", 1),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a lab over what ships."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        demo = build()
        _, url, _ = serve(demo, prevent_thread_lock=True, quiet=True)
        yield url
        demo.close()


@pytest.fixture(scope="module", params=[1360, 390], ids=["desk", "phone"])
def opened(request: pytest.FixtureRequest, chromium: str, lab: str) -> Iterator[tuple[LabPage, list[str]]]:
    """A page with a picture, and what its console says of errors."""
    errors: list[str] = []
    with open_page(chromium, request.param) as page:
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        visit = LabPage(page, lab)
        visit.upload(EXAMPLES / "chelsea.jpg")
        visit.wait_for(page.locator("#answers .lab-card"), 3)
        yield visit, errors


@pytest.mark.parametrize("tab", TABS)
def test_a_tab_shows_its_thing_and_nothing_goes_wrong(opened: tuple[LabPage, list[str]], tab: str) -> None:
    visit, errors = opened
    page = visit.page
    visit.tab(tab)
    thing, count = TABS[tab]
    expect(page.locator(thing)).to_have_count(count)
    expect(page.locator(thing).first).to_be_visible()
    page.wait_for_timeout(300)  # what would come later, comes now
    assert not [alert.inner_text() for alert in page.locator("[role=alert]:visible, .toast-body").all()]
    assert not page.evaluate(OUTSIDE)
    assert not page.evaluate(SCROLLS)
    assert not errors
