"""The page's address says what is shown, so that a link opens it again: ids and names, never a path of this machine.

What a link says is checked like all that a client sends; what is not known here is passed over, or told.
"""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from .wiring import PRIVATE, visitor

LONGEST = 2000  # characters of one value that are looked at
LARGEST = 10**9  # a number without a bound of its own
# `labPut` writes one value into the address; layers and maps belong to networks, and go with them. The first tab is
# selected once as it is laid out, which may come before the server has been asked which tab the address names.
START = """() => {
  window.labPut = (key, value) => {
    if (key === "tab" && !window.labOpened) return;
    const link = new URL(location.href), words = link.searchParams;
    const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
    if (key === "run" && words.get("run") !== text) for (const its of ["moment", "moment-layer"]) words.delete(its);
    if (key === "networks") {
      for (const known of [...words.keys()]) {
        const [kind, id] = known.split("~");
        if (id !== undefined && !value.includes(id)) words.delete(known);
      }
    }
    if (text || key === "networks") words.set(key, text); else words.delete(key);
    history.replaceState(history.state, "", link);
  };
}"""
PUT = "(...given) => { window.labPut?.(%r, given[0]); return given; }"
PUT_TAB = "() => { window.labPut?.('tab', %r); }"
OPENED = "() => { window.labOpened = true; }"
# an example, or what a set of pictures has under a number, which its folders name (`Galleries.open`); a picture of the
# visitor's own, whose folder is named by a hash, stays where it is
PUT_PICTURE = r"""(picture) => {
  const example = [...document.querySelectorAll("#examples img")].find((one) => one.src.includes(picture?.path));
  const [, set, number] = picture?.path?.match(/([^\\/]+)[\\/](\d{1,9})[\\/]image.png$/) ?? [];
  window.labPut?.("picture", example ? example.src.split("/").pop().split(".")[0] : set ? `${set}-${number}` : "");
}"""


def begin(demo: gr.Blocks) -> None:
    """Let the page write its address."""
    demo.load(None, js=START)


def end(opened: Any) -> None:
    """Take it, after the last event of opening the page, that a tab is selected by the visitor."""
    opened.then(None, js=OPENED, **PRIVATE)


def keep(key: str, shown: Any, kept: gr.State | None = None) -> None:
    """Write a component's value into the address whenever it changes, and beside it into what a render keeps."""
    if kept is None:
        shown.change(None, shown, js=PUT % key, **PRIVATE)
        return

    def remember(value: Any, before: dict[str, Any]) -> dict[str, Any]:
        return before | {key: value}

    # two at once would lose one of them; "multiple", since a change has one listener that waits (`wiring.moved`)
    once: dict[str, Any] = {"concurrency_id": "kept", "concurrency_limit": 1, "trigger_mode": "multiple"}
    shown.change(remember, [shown, kept], kept, js=PUT % key, key=key, preprocess=False, **once, **PRIVATE)


def keep_tab(tab: gr.Tab) -> None:
    """Write a tab's id into the address when it is opened."""
    tab.select(None, js=PUT_TAB % tab.id, **PRIVATE)


def keep_picture(picture: gr.Image) -> None:
    """Write the name of an example, or of a picture of a set, into the address when it is chosen."""
    picture.change(None, picture, js=PUT_PICTURE, **PRIVATE)


def settle(demo: gr.Blocks, settings: Mapping[str, Any]) -> Any:
    """Keep settings in the address, each by its name, and give them what it says when the page opens.

    Returns:
        The event of their being given it.
    """
    for key, shown in settings.items():
        keep(key, shown)

    def said() -> Any:
        found = {shown: _fitting(key, shown) for key, shown in settings.items()}
        return {shown: value for shown, value in found.items() if value is not None} or gr.skip()

    return demo.load(said, None, [*settings.values()], show_progress="hidden", **PRIVATE)


def _fitting(key: str, shown: Any) -> Any:
    """What the address says of a setting: one of a few choices, a word of a list that may grow, which is told where it
    is not on it, or a whole number in its range; None for all else.
    """
    if isinstance(shown, gr.Dropdown):
        return asked(key) or None
    if isinstance(shown, gr.Radio):
        return next((value for _, value in shown.choices if str(value).lower() == asked(key).lower()), None)
    return asked_number(key, shown.minimum, LARGEST if shown.maximum is None else shown.maximum)


def asked(key: str, kept: Mapping[str, Any] | None = None) -> str:
    """What a render has kept under a key, or the address of the visitor's page says; empty where neither does."""
    if kept and key in kept:
        return str(kept[key])
    request = visitor()
    return str(request.query_params.get(key, ""))[:LONGEST] if request else ""


def is_asked(key: str) -> bool:
    """Whether the address of the visitor's page says something under a key, be it nothing."""
    request = visitor()
    return request is not None and key in request.query_params


def asked_list(key: str) -> list[str]:
    """The same of several values."""
    return [part for part in asked(key).split(",") if part]


def asked_number(key: str, low: float, high: float, kept: Mapping[str, Any] | None = None) -> int | None:
    """The same of a whole number from `low` to `high`; None for anything else."""
    text = asked(key, kept)
    return int(text) if text.isascii() and text.isdigit() and low <= int(text[:9]) <= high else None
