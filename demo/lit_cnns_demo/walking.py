"""Moving through networks: layers lined up at one stride, and the way from the picture to the answer step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from .languages import say
from .network import Network

SECONDS_A_STEP = 1.2
NO_STRIDE = "each as chosen"
WAY = "The way through the network, layer by layer"
FAR = 10**6  # steps, more than any network has layers
PLAY, PAUSE = "▶ Play", "❚❚ Pause"


@dataclass(frozen=True)
class Way:
    """The layers of one network in running order, without the network itself, which may leave memory meanwhile.

    Args:
        name: of the network.
        layers: all that can be looked at.
        wholes: blocks as wholes, and what stands beside them.
        parts: the innermost layers in place of the blocks.
        at_strides: the last layer at each stride.
    """

    name: str
    layers: list[str]
    wholes: list[str]
    parts: list[str]
    at_strides: dict[str, str]

    @classmethod
    def through(cls, network: Network) -> "Way":
        from lit_cnns import features

        names = list(network.layers)
        depths = features.outline(network.layers.values())
        wholes = [name for name in names if depths[name] == 0]
        parts = [name for name in names if not any(other.startswith(f"{name}.") for other in names)]
        return cls(network.entry.name, names, wholes, parts, network.at_strides)

    def moved(self, layer: str, steps: int, into: bool) -> str:
        """The stop some steps on, at most the last; from a layer that is no stop, one step leads to the nearest.

        Args:
            layer: where one stands.
            steps: how many; below 0, back.
            into: stop at the parts of blocks.
        """
        way = self.parts if into else self.wholes
        if layer not in self.layers:
            return way[0]
        place = self.layers.index(layer)
        ahead = [name for name in way if self.layers.index(name) > place]
        behind = [name for name in way if self.layers.index(name) < place]
        if steps > 0:
            return ahead[min(steps, len(ahead)) - 1] if ahead else way[-1]
        return behind[max(len(behind) + steps, 0)] if behind else way[0]

    def ends_at(self, layer: str, into: bool) -> bool:
        return layer == (self.parts if into else self.wholes)[-1]

    def first(self, into: bool) -> str:
        return (self.parts if into else self.wholes)[0]


class Walk(NamedTuple):
    """The controls above the columns."""

    stride: gr.Dropdown
    said: gr.Markdown
    first: gr.Button
    back: gr.Button
    play: gr.Button
    step: gr.Button
    into: gr.Checkbox
    timer: gr.Timer


def walk_controls(ways: Sequence[Way], at: str) -> Walk:
    """Lay out what moves all columns at once.

    Args:
        ways: of the columns.
        at: the stride at which they stand, if it is one of theirs.
    """
    strides = dict.fromkeys(stride for way in ways for stride in way.at_strides)
    in_order = sorted(strides, key=lambda name: [int(part) for part in name.replace("1/", "").split(" × ")])
    with gr.Row(elem_classes="lab-walk", equal_height=True):
        stride = gr.Dropdown(
            [(say(NO_STRIDE), NO_STRIDE), *((name, name) for name in in_order)],
            value=at if at in strides else NO_STRIDE,
            label=say("What does each see at …"),
            info=say("The last layer whose maps are that much smaller than the picture."),
            elem_id="stride",
            min_width=220,
            interactive=True,
        )
        with gr.Column(min_width=300, scale=2, elem_id="walk"):
            gr.HTML(f'<span class="lab-label">{say(WAY)}</span>')
            with gr.Row(elem_classes="lab-buttons"):
                first, back, play, step = (
                    gr.Button(say(words), size="sm", min_width=64, elem_id=f"walk-{name}")
                    for name, words in (("first", "Start"), ("back", "◀ Back"), ("play", PLAY), ("step", "Step ▶"))
                )
            into = gr.Checkbox(label=say("Step into the blocks"), value=False, container=False, elem_id="walk-into")
    lacking = without(ways, at) if at in strides else ""
    said = gr.Markdown(lacking, elem_id="stride-said", visible=bool(lacking))
    return Walk(stride, said, first, back, play, step, into, gr.Timer(SECONDS_A_STEP, active=False))


def aligned(ways: Sequence[Way], stride: str, layers: Sequence[str]) -> tuple[list[str], str]:
    """The layer of each network at a stride, and a sentence on those that have none there and stay as they are."""
    found = [way.at_strides.get(stride, layer) for way, layer in zip(ways, layers, strict=True)]
    return found, without(ways, stride)


def without(ways: Sequence[Way], stride: str) -> str:
    """Say which networks have no layer at a stride, and where they have some."""
    sentences = []
    for way in ways:
        if stride not in way.at_strides and stride != NO_STRIDE:
            there = ", ".join(way.at_strides)
            kind = f"has maps at {there}" if there else "enlarges its maps, so that they have no one stride"
            sentences.append(f"{way.name} has no layer at {stride}: it {kind}.")
    return " ".join(sentences)


def connect(walk: Walk, ways: Sequence[Way], layers: Sequence[gr.Dropdown], events: dict[str, Any]) -> None:
    """Let the controls move the columns' layers."""

    def line_up(stride: str, *now: str) -> list[Any]:
        found, sentence = aligned(ways, stride, now)
        return [*found, gr.update(value=sentence, visible=bool(sentence))]

    def go(steps: int, into: bool, *now: str) -> list[str] | str:
        found = [way.moved(layer, steps, into) for way, layer in zip(ways, now, strict=True)]
        return found if len(found) > 1 else found[0]

    def ended(into: bool, now: Sequence[str]) -> bool:
        return all(way.ends_at(layer, into) for way, layer in zip(ways, now, strict=True))

    def tick(into: bool, *now: str) -> list[Any]:
        found = [way.moved(layer, 1, into) for way, layer in zip(ways, now, strict=True)]
        # a tick that was under way when the walk was stopped must not set it going again
        return [*found, *(_playing(False) if ended(into, found) else (gr.skip(), gr.skip()))]

    def toggle(words: str, into: bool, *now: str) -> list[Any]:
        if words == say(PAUSE):
            return [*(gr.skip() for _ in now), *_playing(False)]
        return [*([way.first(into) for way in ways] if ended(into, now) else now), *_playing(True)]

    now = [walk.into, *layers]
    walk.stride.input(line_up, [walk.stride, *layers], [*layers, walk.said], **events)
    for button, steps in ((walk.first, -FAR), (walk.back, -1), (walk.step, 1)):
        button.click(partial(go, steps), now, layers, **events)
    walk.play.click(toggle, [walk.play, *now], [*layers, walk.timer, walk.play], **events)
    walk.timer.tick(tick, now, [*layers, walk.timer, walk.play], **events)


def _playing(on: bool) -> tuple[Any, Any]:
    return gr.Timer(active=on), gr.update(value=say(PAUSE if on else PLAY))
