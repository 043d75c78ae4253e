"""A Chromium that the browser test, the README's picture and the benchmark drive."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Locator, Page, TimeoutError, expect, sync_playwright

PATIENCE = 120_000  # ms, for a machine that has more to do
BETWEEN = 2  # pixels between two views in one picture
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@contextmanager
def open_page(
    chromium: str, width: int = 1360, height: int = 900, dark: bool = False, language: str = "en-US"
) -> Iterator[Page]:
    """Open a browser with an empty profile and give its page."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium,
            headless=True,
            args=QUIET,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale=language,
        )
        page = context.pages[0]
        page.set_default_timeout(PATIENCE)
        yield page
        context.close()


def choose(page: Page, box: Locator, name: str) -> None:
    """Choose from a list; an answer that comes meanwhile closes it, and it is opened again."""
    option = page.get_by_role("option").filter(has_text=name).first
    for _ in range(5):
        box.click()
        try:
            return option.click(timeout=PATIENCE / 20)
        except TimeoutError:
            page.keyboard.press("Escape")
    raise AssertionError(f"The list has no {name!r}.")


class LabPage:
    """The lab in a browser, by what a visitor does there."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address, wait_until="load")
        page.locator("#status").get_by_text("found").wait_for()

    def choose(self, *names: str) -> None:
        """Choose exactly these networks from the list."""
        networks = self.page.locator("#networks")
        networks.locator(".remove-all").click()
        networks.locator("input").click()
        for name in names:
            self.page.get_by_role("option").filter(has_text=name).first.click()
        self.page.keyboard.press("Escape")

    def upload(self, path: Path) -> None:
        self.page.locator("#picture input[type=file]").first.set_input_files(path)

    def compare_digits(self, most: int) -> None:
        """Have the chosen networks compared on as many of scikit-learn's digits."""
        self.tab("Many pictures")
        pictures = self.page.locator("#gallery input")
        expect(pictures).to_have_value(re.compile("scikit-learn's digits, test · 360 pictures"))
        self.page.locator("#most input").fill(str(most))
        self.page.locator("#many-start").click()

    def tab(self, name: str) -> None:
        """Open a tab; on a narrow page it may stand under "More tabs"."""
        self.page.wait_for_timeout(200)  # a window of another size lays the tabs out anew
        under_more = self.page.locator(".overflow-dropdown button", has_text=name)
        if under_more.count():
            self.page.get_by_role("button", name="More tabs").click()
            under_more.click()
        else:
            self.page.get_by_role("tab", name=name).click()

    def choose_layer(self, column: int, name: str) -> None:
        """Choose a layer in one network's column of the feature maps."""
        choose(self.page, self.page.locator(".lab-layer input").nth(column), f"{name} · ")

    def tour(self, picture: Path, layers: dict[str, str]) -> Image.Image:
        """Compare networks on a picture, then look at a layer of each; both views of the window, one above the other.

        Args:
            picture: the file that is uploaded.
            layers: the networks that are chosen, with the layer of each.
        """
        self.choose(*layers)
        self.upload(picture)
        self.wait_for(self.page.locator("#answers .lab-card"), len(layers))
        compared = self.photograph()
        self.tab("Feature maps")
        self.wait_for(self.page.locator(".lab-maps img"), len(layers))
        for column, layer in enumerate(layers.values()):
            self.choose_layer(column, layer)
            self.page.locator(".lab-caption.prose").nth(column).get_by_text(layer, exact=True).wait_for()
        looked_at = self.photograph(".lab-columns")
        both = Image.new("RGB", (compared.width, compared.height + BETWEEN + looked_at.height), "grey")
        both.paste(compared, (0, 0))
        both.paste(looked_at, (0, compared.height + BETWEEN))
        return both

    def wait_for(self, locator: Locator, count: int) -> None:
        expect(locator).to_have_count(count, timeout=PATIENCE)

    def photograph(self, at: str = "body") -> Image.Image:
        """What the window shows from the top of a part of the page, once it has come to rest."""
        self.page.evaluate("document.activeElement.blur()")
        self.page.evaluate("at => { document.querySelector(at).scrollIntoView(); scrollBy(0, -16); }", at)
        self.page.wait_for_timeout(1000)
        return Image.open(BytesIO(self.page.screenshot()))

    def draw(self, *points: tuple[float, float]) -> None:
        """Draw one stroke through points of the pad, in shares of its width and height."""
        self.page.locator("#pad button.highlight").wait_for()
        canvas = self.page.locator("#pad canvas").first
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        assert box
        places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=8)
        self.page.mouse.up()
