"""What programs can ask of the inside of a network: its layers, their maps, what holds them down, heads and kernels."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from .border import sentences
from .shelf import Shelf
from .wiring import Upload, endpoint, png, read, record, records

if TYPE_CHECKING:
    from .network import Network

Answer = tuple[Any, dict[str, Any]]


def inside_endpoints(shelf: Shelf, picture: gr.Image) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door = gr.Button("API")
        network, layer = gr.Textbox(label="network"), gr.Textbox(label="layer")
        number = gr.Number(0, label="map", precision=0)
        maps_order, kernel_order = gr.Textbox("network", label="order"), gr.Textbox("network", label="order")
        scale, alone = gr.Textbox("map", label="scale"), gr.Checkbox(False, label="alone")
        image, data, found = gr.Image(format="png", label="image"), record("data"), records("layers")
    asked: list[tuple[Callable[..., Any], list[Any], Any]] = [
        (layers, [network], found),
        (feature_maps, [picture, network, layer, maps_order, scale], [image, data]),
        (overlay, [picture, network, layer, number, alone], [image, data]),
        (inhibition, [picture, network, layer, number], data),
        (heads, [picture, network], data),
        (kernels, [network, kernel_order], [image, data]),
    ]
    for ask, inputs, outputs in asked:
        endpoint(door, ask.__name__, ask, (shelf,), inputs, outputs)


def layers(shelf: Shelf, network: str) -> list[dict[str, Any]]:
    """The layers of a network in running order: name, kind, depth below blocks, shape, and what a unit sees."""
    from lit_cnns import features

    def said(loaded: "Network") -> list[dict[str, Any]]:
        depths = features.outline(loaded.layers.values())
        fields = loaded.fields if loaded.at_strides else {}
        return [
            {
                "name": name,
                "kind": layer.kind,
                "depth": depths[name],
                "shape": list(layer.shape),
                "receptive_field": {key: list(pair) for key, pair in fields[name]._asdict().items()}
                if fields
                else None,
            }
            for name, layer in loaded.layers.items()
        ]

    return _asked(shelf, network, said)


def feature_maps(
    shelf: Shelf, picture: Upload | None, network: str, layer: str, order: str = "network", scale: str = "map"
) -> Answer:
    """All maps of a layer as a picture, with their order (network, mean, active or largest) and statistics. Black to
    white spans each map by itself, or the whole layer (scale: map or layer).
    """
    from .layer_views import look

    def said(loaded: "Network") -> Answer:
        view = look(loaded, read(picture), layer, None, scale, order)  # type: ignore[arg-type]  # `look` refuses others
        numbers = {name: values.tolist() for name, values in view.statistics._asdict().items()}
        return png(view.picture), {
            "layer": layer,
            "shape": list(loaded.layers[layer].shape),
            "caption": view.caption,
            "layers": [*loaded.layers],
            "order": view.order,
            "dead": [number for number, share in enumerate(numbers["active"]) if share == 0],
            "statistics": numbers,
        }

    return _asked(shelf, network, said)


def overlay(
    shelf: Shelf, picture: Upload | None, network: str, layer: str, map: int = 0, alone: bool = False
) -> Answer:
    """One map over the picture as the network gets it, with its numbers; what its largest place sees is framed.
    `alone` gives the map without the picture.
    """
    from .layer_views import look

    def said(loaded: "Network") -> Answer:
        view = look(loaded, read(picture), layer, _whole(map), over=not alone)
        if view.one is None:
            raise ValueError(f"{layer} of {loaded.entry.name} has no maps that could be drawn.")
        return png(view.one), {"layer": layer, "map": view.channel, "caption": view.one_caption}

    return _asked(shelf, network, said)


def inhibition(shelf: Shelf, picture: Upload | None, network: str, layer: str, map: int = 0) -> dict[str, Any]:
    """Which neighbours hold a map down in response normalisation: means over the places where the map is active."""
    from .layer_views import look

    def said(loaded: "Network") -> dict[str, Any]:
        view = look(loaded, read(picture), layer, _whole(map))
        found = view.inhibition
        if found is None:
            raise ValueError(f"{layer} of {loaded.entry.name} is no response normalisation.")
        mean = {name: found.over_active(getattr(found, name)) for name in ("before", "after", "alone", "taken")}
        summands, without = found.over_active(found.summands).tolist(), found.over_active(found.without).tolist()
        return {
            "layer": layer,
            "map": found.channel,
            **{name: value.item() for name, value in mean.items()},
            "neighbours": [
                {"map": channel, "summand": summand, "without": without}
                for channel, summand, without in zip(found.neighbours, summands, without, strict=True)
            ],
        }

    return _asked(shelf, network, said)


def heads(shelf: Shelf, picture: Upload | None, network: str) -> dict[str, Any]:
    """What each auxiliary head predicts beside the main one: head to the likeliest classes."""
    from .layer_views import heads

    def said(loaded: "Network") -> dict[str, Any]:
        predicted = heads(loaded, read(picture))
        return {head: [{"class": name, "probability": p} for name, p in top] for head, top in predicted.items()}

    return _asked(shelf, network, said)


def kernels(shelf: Shelf, network: str, order: str = "network") -> Answer:
    """The kernels of the first convolution, tower below tower (order: network or colour), with their colour index."""
    from .kernel_views import first_layer, stacked

    def said(loaded: "Network") -> Answer:
        view = first_layer(loaded, order)  # type: ignore[arg-type]  # `first_layer` refuses others
        return png(stacked(view)), view.as_data()

    return _asked(shelf, network, said)


def _asked(shelf: Shelf, network: str, said: Callable[["Network"], Any]) -> Any:
    """Ask a network by its id; what a client got wrong comes back as a sentence."""
    with sentences():
        return said(shelf.named(network))


def _whole(map: Any) -> int:
    if isinstance(map, bool) or not isinstance(map, int | float) or map != int(map):
        raise ValueError(f"A map is chosen by its whole number, not by '{map}'.")
    return int(map)
