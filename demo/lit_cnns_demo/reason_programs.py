"""What programs can ask of the lab's reasons: `/explain`, `/occlude`, `/deconvnet` and `/dropout`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from .border import sentences
from .explaining import LONG, MASKS
from .shelf import Shelf
from .wiring import Upload, endpoint, read, record

if TYPE_CHECKING:
    from .reasons import Reason


def reason_endpoints(shelf: Shelf, picture: gr.Image) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door, data = gr.Button("API"), record("numbers")
        network, method = gr.Textbox(label="network"), gr.Textbox("grad_cam", label="method")
        layer, word = gr.Textbox("", label="layer"), gr.Textbox("", label="class")
        side, channel = gr.Number(0.25, label="side"), gr.Number(None, precision=0, label="map")
        heat, drawn, patch = (gr.Image(format="png", label=label) for label in ("heat", "reconstruction", "patch"))
    endpoint(door, "explain", explain, (shelf,), [picture, network, method, layer, word], [heat, data])
    seen: dict[str, Any] = {**LONG, "api_visibility": "public"}
    endpoint(door, "occlude", occlude, (shelf,), [picture, network, word, side], [heat, data], **seen)
    asked = [picture, network, layer, channel]
    endpoint(door, "deconvnet", deconvnet, (shelf,), asked, [drawn, patch, data])
    endpoint(door, "dropout", dropout, (shelf,), [picture, network], data)


def explain(
    shelf: Shelf, picture: Upload | None, network: str, method: str, layer: str, class_name: str
) -> tuple[Any, dict[str, Any]]:
    """How much each place matters for a class: as colours over the picture, and as numbers. `method` is grad_cam,
    hires_cam, cam or saliency; empty, `layer` is the last with maps and `class_name` the likeliest.
    """
    from . import reasons

    with sentences():
        loaded = shelf.named(network)
        reason = reasons.explain(loaded, read(picture), method or "", layer or "", class_name or "")  # type: ignore[arg-type]  # refuses others
        return _told(reason)


def occlude(
    shelf: Shelf, picture: Upload | None, network: str, class_name: str, side: float
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """How far a class's probability falls with a grey square at each place; the map so far, until all of it is there.
    `side` is the square's, as a share of the picture's; an empty `class_name` is the likeliest.
    """
    from . import reasons

    with sentences():
        loaded = shelf.named(network)
        for so_far in reasons.hide(loaded, read(picture), class_name or "", _number(side)):
            yield _told(so_far)


def deconvnet(
    shelf: Shelf, picture: Upload | None, network: str, layer: str, map: float | None = None
) -> tuple[Any, Any, dict[str, Any]]:
    """What the strongest unit of a map answers to, the patch it sees, and the numbers; no `map` is the strongest."""
    from . import reasons

    with sentences():
        loaded = shelf.named(network)
        shown = reasons.project(loaded, read(picture), layer or "", None if map is None else int(_number(map)))
        found = shown.found
        numbers = {"layer": shown.layer, "map": found.channel, "activation": found.activation}
        more = {"place": list(found.place), "window": list(found.window), "strongest": found.strongest.tolist()}
        drawn, patch = (image.expand(3, -1, -1).permute(1, 2, 0).numpy() for image in (shown.drawn, shown.patch))
        return drawn, patch, {**numbers, **more}


def dropout(shelf: Shelf, picture: Upload | None, network: str) -> dict[str, Any]:
    """How the likeliest classes vary over random dropout masks: mean, bounds of nine in ten, and without masks."""
    from . import reasons

    with sentences():
        rows, others = reasons.vary(shelf.named(network), read(picture), MASKS)
        top = [
            {"class": row.word, "mean": row.mean, "low": row.low, "high": row.high, "plain": row.plain} for row in rows
        ]
        return {"masks": MASKS, "other_class": others, "top": top}


def _told(reason: "Reason") -> tuple[Any, dict[str, Any]]:
    known = reason.values.isfinite().all()
    return reason.heat, {
        "class": reason.word,
        "probability": reason.probability,
        "layer": reason.layer,
        "unit": reason.unit,
        "bounds": list(reason.bounds),
        "values": reason.values.tolist() if known else None,
        "done": reason.done,
    }


def _number(value: Any) -> float:
    if not isinstance(value, int | float):
        raise ValueError(f"A number is wanted, not {value!r:.60}.")
    return value
