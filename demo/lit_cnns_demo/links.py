"""The page's address says what is shown, so that a link opens it again: ids and names, never a path of this machine.

What a link says is checked like all that a client sends; what is not known here is passed over, or told.
"""

from collections.abc import Callable, Container, Mapping
from typing import Any

import gradio as gr

from .wiring import PRIVATE, visitor

LONGEST = 2000  # characters of one value that are looked at
# `labPut` writes one value into the address; layers and maps belong to networks, and go with them. The first tab is
# selected once as it is laid out, which may come before the server has been asked which tab the address names.
START = """() => {
  window.labPut = (key, value) => {
    if (key === "tab" && !window.labOpened) return;
    const link = new URL(location.href), words = link.searchParams;
    const text = Array.isArray(value) ? value.join(",") : String(value ?? "");
    if (key === "run" && words.get("run") !== text) words.delete("moment");
    if (key === "networks") {
      for (const known of [...words.keys()]) {
        const [kind, id] = known.split("~");
        if (id !== undefined && !value.includes(id)) words.delete(known);
      }
    }
    if (text) words.set(key, text); else words.delete(key);
    history.replaceState(history.state, "", link);
  };
}"""
PUT = "(...given) => { window.labPut?.(%r, given[0]); return given; }"
PUT_TAB = "() => { window.labPut?.('tab', %r); }"
OPENED = "() => { window.labOpened = true; }"
# only an example can be in a link; a picture of the visitor's own stays where it is
PUT_EXAMPLE = """(picture) => {
  const shown = [...document.querySelectorAll("#examples img")].find((one) => one.src.includes(picture?.path));
  window.labPut?.("picture", shown ? shown.src.split("/").pop().split(".")[0] : "");
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


def keep_example(picture: gr.Image) -> None:
    """Write an example's name into the address when it is chosen."""
    picture.change(None, picture, js=PUT_EXAMPLE, **PRIVATE)


def asked(key: str, kept: Mapping[str, Any] | None = None) -> str:
    """What a render has kept under a key, or the address of the visitor's page says; empty where neither does."""
    if kept and key in kept:
        return str(kept[key])
    request = visitor()
    return str(request.query_params.get(key, ""))[:LONGEST] if request else ""


def asked_list(key: str) -> list[str]:
    """The same of several values."""
    return [part for part in asked(key).split(",") if part]


def asked_number(key: str, low: int, high: int, kept: Mapping[str, Any] | None = None) -> int | None:
    """The same of a whole number from `low` to `high`; None for anything else."""
    text = asked(key, kept)
    return int(text) if text.isascii() and text.isdigit() and low <= int(text[:9]) <= high else None


def reopen(demo: gr.Blocks, key: str, shown: Any, may: Callable[[], Container[str]]) -> Any:
    """When the page opens, give a component the value of its address, if it is one that it may have; the event."""

    def value() -> Any:
        return asked(key) if asked(key) and asked(key) in may() else gr.skip()

    return demo.load(value, None, shown, show_progress="hidden", **PRIVATE)
