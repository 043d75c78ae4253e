"""What stands beside the tabs: the picture, and the list of networks that keeps itself up to date."""

from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from . import cards, links
from .galleries import Galleries
from .inviting import guest_list
from .languages import I18N, say, spoken
from .shelf import Shelf
from .wiring import PRIVATE

EXAMPLES = Path(__file__).parent / "examples"
SECONDS_BETWEEN_LOOKS = 4
FIRST_CHOICE = 3
# Gradio shows examples without a word for screen readers
NAME_EXAMPLES = """() => {
  const name = () => {
    for (const image of document.querySelectorAll("#examples .gallery-item img")) {
      image.alt = image.closest("button").title = image.src.split("/").pop().split(".")[0].replaceAll("_", " ");
    }
  };
  name();
  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
}"""
# Browsers give pages no camera that come over a network without encryption; Gradio would say `image.no_webcam_support`
WITHOUT_CAMERA = """() => {
  if (!navigator.mediaDevices?.getUserMedia) document.documentElement.classList.add("lab-without-camera");
}"""
NO_CAMERA = "No webcam here: browsers give one only to pages of this machine or over https. Upload a picture instead."
ABOUT_LINKS = "This page's address opens the same view again. A picture of your own is not part of it."
NOT_HERE = "Not all networks of this link are here; the others are chosen."
NO_CHECKPOINT = """**No checkpoint found yet.** Make one in about a minute, on handwritten digits that need no download:

```
lit-cnns fit --config lenet5_modern/digits
```

It appears in this list by itself when the first epoch is done."""


def picture_input(demo: gr.Blocks) -> gr.Image:
    """Lay out the picture, and under it the examples."""
    picture = gr.Image(
        label=str(I18N("Picture")),  # an example brings back the label that stands here
        format="png",
        alt_text="The chosen picture",
        type="filepath",
        sources=["upload", "webcam", "clipboard"],
        buttons=["fullscreen"],
        height=260,
        elem_id="picture",
    )
    gr.Examples(
        [[str(path)] for path in example_files()], picture, label="Examples", cache_examples=False, elem_id="examples"
    )
    demo.load(None, js=NAME_EXAMPLES)
    demo.load(None, js=WITHOUT_CAMERA)
    gr.HTML(f'<p class="lab-legend">{NO_CAMERA}</p>', elem_id="no-camera")
    links.keep_picture(picture)
    gr.HTML(f'<p class="lab-legend">{ABOUT_LINKS}</p>')
    return picture


def example_files() -> list[Path]:
    """The examples: photographs first, then digits."""
    return [*sorted(EXAMPLES.glob("*.jpg")), *sorted(EXAMPLES.glob("*.png"))]


def picture_of_link(galleries: Galleries) -> Any:
    """The example, or the picture of a set, that the address names, as a file where Gradio serves from."""
    named = links.asked("picture")
    if example := next((path for path in example_files() if path.stem == named), None):
        return save_file_to_cache(example, get_upload_folder())
    of, _, number = named.rpartition("-")
    try:
        return galleries.open(of, int(number)) if of and number.isdecimal() else gr.skip()
    except ValueError:  # no such set here, or no such picture in it
        return gr.skip()


def network_list(demo: gr.Blocks, shelf: Shelf) -> tuple[gr.Dropdown, Any]:
    """Lay out the list of networks; it looks for new ones when the page opens, every few seconds and when asked.

    Returns:
        The list, and the event of its being filled when the page opens.
    """
    networks = gr.Dropdown(
        [],
        value=[],
        multiselect=True,
        allow_custom_value=True,  # the list grows while the page is open; `Shelf.pick` says what is not on it
        label="Networks",
        info="Any number. Each says what it was trained on.",
        elem_id="networks",
    )
    status = gr.Markdown("Looking for checkpoints …", elem_id="status")
    refused = gr.HTML(visible=False, elem_id="refused")
    refresh = gr.Button("Refresh", size="sm", variant="secondary", elem_id="refresh")
    guest_list(shelf, networks)
    memory = gr.HTML(memory_line(shelf), elem_id="memory")
    links.keep("networks", networks)
    version, started, clock = gr.State(-1), gr.State(False), gr.Timer(SECONDS_BETWEEN_LOOKS)
    gr.on([demo.load, clock.tick], partial(memory_line, shelf), None, memory, show_progress="hidden", **PRIVATE)
    looks = [
        event(
            partial(look_again, shelf),
            [networks, version, started],
            [networks, version, started, status, refused],
            preprocess=False,
            show_progress="hidden",
            concurrency_id="shelf",
            **PRIVATE,
        )
        for event in (demo.load, refresh.click, clock.tick)
    ]
    return networks, looks[0]


def look_again(shelf: Shelf, chosen: list[str] | None, version: int, started: bool) -> tuple[Any, int, bool, Any, Any]:
    """Bring a page's list up to date.

    Args:
        shelf: where the checkpoints are.
        chosen: the ids chosen on this page.
        version: the shelf's version that this page shows.
        started: whether this page has had its first choice.

    Returns:
        Updates of the list, version and started, the line under the list, and what is said of files that are damaged.
    """
    shelf.refresh()
    if shelf.version == version:
        return gr.skip(), version, started, gr.skip(), gr.skip()
    labels = shelf.labels
    sentences = [*shelf.refused]
    update: dict[str, Any] = {"choices": [(label, id) for id, label in labels.items()]}
    if not started:
        wanted = links.asked_list("networks")
        emptied = links.is_asked("networks") and not wanted
        known = [id for id in wanted if id in labels]
        update["value"] = known if known or emptied else shelf.first_choice(FIRST_CHOICE)
        sentences += [NOT_HERE for id in wanted[:1] if not set(wanted) <= set(labels)]
    elif gone := set(chosen or ()) - set(labels):
        update["value"] = [id for id in chosen or () if id not in gone]
    refused = gr.update(value=cards.notices(sentences), visible=bool(sentences))
    return gr.update(**update), shelf.version, started or bool(labels), status_line(len(labels)), refused


def status_line(count: int) -> str:
    """Say how many checkpoints there are, or how to make one."""
    if count == 0:
        return say(NO_CHECKPOINT)
    return say(f"{count} {'checkpoint' if count == 1 else 'checkpoints'} found. New runs appear here as they finish.")


@spoken
def memory_line(shelf: Shelf) -> str:
    """Say which networks are loaded now, and how much of the memory for them they take."""
    loaded = [(network.entry.name, network.bytes) for network in reversed(shelf.loaded)]
    total, most = cards.megabytes(sum(size for _, size in loaded)), cards.megabytes(shelf.memory)
    items = "".join(f"<li>{escape(name)} <span>{cards.megabytes(size)}</span></li>" for name, size in loaded)
    return (
        f'<details class="lab-memory"><summary>{len(loaded) or "No"} network{"" if len(loaded) == 1 else "s"} loaded: '
        f"{total} of {most}</summary><p>A network is loaded when it is first asked. Beyond {most} the one that was "
        f"used longest ago leaves.</p><ul>{items}</ul></details>"
    )
