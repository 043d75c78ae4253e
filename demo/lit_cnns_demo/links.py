"""The page's address says what is shown, so that a link opens it again: ids and names, never a path of this machine.

What a link says is checked like all that a client sends; what is not known here is passed over, or told.
"""

from collections.abc import Callable, Container
from typing import Any

import gradio as gr

from .wiring import PRIVATE, visitor

LONGEST = 2000  # characters of one value that are looked at
# `put` writes one value into the address; layers and maps belong to networks, and go with them
START = """() => {
  window.labPut = (key, value) => {
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
PUT = "(value) => { window.labPut?.(%r, value); }"
PUT_TAB = "() => { window.labPut?.('tab', %r); }"
# only an example can be in a link; a picture of the visitor's own stays where it is
PUT_EXAMPLE = """(picture) => {
  const shown = [...document.querySelectorAll("#examples img")].find((one) => one.src.includes(picture?.path));
  window.labPut?.("picture", shown ? shown.src.split("/").pop().split(".")[0] : "");
}"""


def begin(demo: gr.Blocks) -> None:
    """Let the page write its address."""
    demo.load(None, js=START)


def keep(key: str, shown: Any) -> None:
    """Write a component's value into the address whenever it changes."""
    shown.change(None, shown, js=PUT % key, **PRIVATE)


def keep_tab(tab: gr.Tab) -> None:
    """Write a tab's id into the address when it is opened."""
    tab.select(None, js=PUT_TAB % tab.id, **PRIVATE)


def keep_example(picture: gr.Image) -> None:
    """Write an example's name into the address when it is chosen."""
    picture.change(None, picture, js=PUT_EXAMPLE, **PRIVATE)


def asked(key: str) -> str:
    """What the address of the visitor's page says under a key; empty where it says nothing."""
    request = visitor()
    return str(request.query_params.get(key, ""))[:LONGEST] if request else ""


def asked_list(key: str) -> list[str]:
    """The same of several values."""
    return [part for part in asked(key).split(",") if part]


def asked_number(key: str, low: int, high: int) -> int | None:
    """The same of a whole number from `low` to `high`; None for anything else."""
    text = asked(key)
    return int(text) if text.isascii() and text.isdigit() and low <= int(text[:9]) <= high else None


def reopen(demo: gr.Blocks, key: str, shown: Any, may: Callable[[], Container[str]]) -> Any:
    """When the page opens, give a component the value of its address, if it is one that it may have; the event."""

    def value() -> Any:
        return asked(key) if asked(key) and asked(key) in may() else gr.skip()

    return demo.load(value, None, shown, show_progress="hidden", **PRIVATE)
