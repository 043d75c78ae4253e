"""What a client may send: all else is answered with a sentence, before anything is read, fetched or computed."""

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from math import isfinite
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder

from .languages import say, unmarked
from .readiness import ready

LONGEST = 4096  # letters of a text
MOST_VALUES = 256  # items of a list or parts of an object
DEEPEST = 8  # lists and objects within one another
NOT_UPLOADED = "Only a picture that was uploaded can be taken: no path of this machine, and no address."

NOT_PRESSED = "This is what a press on the page does, and it came without a press."


class Guarded(gr.Blocks):
    """Blocks that look at every value of every event, of the page and of programs, before Gradio does.

    Gradio itself would fetch a file whose path is an address, and copy one that a client puts where a text is wanted.
    """

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Refuse what does not fit the components of an event."""
        wanted = block_fn.inputs
        with sentences():
            if len(inputs) < len(wanted):
                raise ValueError(f"{len(wanted)} values are wanted, not {len(inputs)}.")
            for component, value in zip(wanted, inputs, strict=False):
                if not component.stateful:
                    check(value, component)

    async def process_api(self, block_fn: Any, inputs: list[Any], *more: Any, **named: Any) -> dict[str, Any]:
        """Refuse an event of a press that came without it; the first ones wait for what takes long to import."""
        LocalContext.request.set(named.get("request"))  # Gradio's own time for it is too late for a refusal's language
        asked = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        if asked.collects_event_data and asked.fn:
            with sentences():
                told = signature(asked.fn).parameters.values()
                check_press(named.get("event_data"), any(one.annotation is gr.SelectData for one in told))
        await ready()
        return await super().process_api(block_fn, inputs, *more, **named)


@contextmanager
def sentences() -> Iterator[None]:
    """What a caller got wrong becomes the sentence of the error that it gets, in its language."""
    try:
        yield
    except ValueError as error:
        raise gr.Error(say(str(error)), title=say("Error"), print_exception=False) from error


def check(value: Any, component: Any) -> None:
    """Refuse a value that is not what a component holds, too large, or names a file that was not uploaded.

    Raises:
        ValueError: a sentence with the component's label.
    """
    name = unmarked(getattr(component, "label", None) or type(component).__name__)
    check_size(value, name)
    wanted = _wanted(component)
    if value is None or wanted is None:
        return
    kind = wanted.get("type")
    if kind == "array":
        item = wanted.get("items", {}).get("type")
        if not isinstance(value, list | tuple) or not all(_is(one, item) for one in value):
            raise ValueError(f"{name} is a list of {item}s, not {_shown(value)}.")
    elif not _is(value, kind):
        raise ValueError(f"{name} is {'an' if kind[0] in 'aio' else 'a'} {kind}, not {_shown(value)}.")


def check_size(value: Any, name: str, depth: int = 0) -> None:
    """Refuse what is too long, too deep, or names a file that was not uploaded.

    Raises:
        ValueError: a sentence with the name.
    """
    if isinstance(value, str) and len(value) > LONGEST:
        raise ValueError(f"{name} has {len(value):,} letters; at most {LONGEST:,} are taken.")
    if not isinstance(value, list | tuple | dict):
        return
    if len(value) > MOST_VALUES or depth >= DEEPEST:
        raise ValueError(f"{name} has too many parts: at most {MOST_VALUES}, {DEEPEST} within one another, are taken.")
    if isinstance(value, dict) and ("path" in value or "url" in value):
        check_upload(value.get("path"))
    for part in value.values() if isinstance(value, dict) else value:
        check_size(part, name, depth + 1)


def check_press(event: gr.EventData | None, has_place: bool) -> None:
    """Refuse what does not say where the page was pressed.

    Args:
        event: what came with the event.
        has_place: whether it has to name a point of a picture.

    Raises:
        ValueError: it does not, or it is too large.
    """
    data = event._data if event else None
    if not isinstance(data, dict):
        raise ValueError(NOT_PRESSED)
    check_size(data, "The press")
    if has_place:
        place = data.get("index")
        two = isinstance(place, list) and len(place) == 2 and all(_is(one, "number") for one in place)
        if not two or "value" not in data:
            raise ValueError(NOT_PRESSED)


def check_upload(path: Any) -> str:
    """The path of a file that was uploaded, or that the lab itself put where Gradio serves from.

    Raises:
        ValueError: it is anything else.
    """
    if not isinstance(path, str) or "\0" in path or len(path) > LONGEST:
        raise ValueError(NOT_UPLOADED)
    if not Path(path).resolve().is_relative_to(Path(get_upload_folder()).resolve()):
        raise ValueError(NOT_UPLOADED)
    return path


def _wanted(component: Any) -> Any:
    if isinstance(component, gr.Button):
        return {"type": "string"}  # its words; Gradio has no type for it
    if isinstance(component, gr.Radio):
        return None  # its values may be of any type
    return component.api_info()


def _is(value: Any, kind: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "number" | "integer":
            return isinstance(value, int | float) and not isinstance(value, bool) and _is_sensible(value)
        case "object":
            return isinstance(value, dict)
    return True


def _is_sensible(number: float) -> bool:
    return isfinite(number) and abs(number) <= 2**53 if isinstance(number, float) else abs(number) <= 2**53


def _shown(value: Any) -> str:
    return f"{value!r:.60}" if isinstance(value, str | int | float) else f"a {type(value).__name__}"
