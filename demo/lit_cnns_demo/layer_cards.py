"""What stands under a layer's maps as HTML: how strong each is, what holds one down, what auxiliary heads predict."""

from collections.abc import Sequence
from html import escape

import torch
from torch import Tensor

from lit_cnns.features import Inhibition

from . import cards
from .languages import spoken
from .layer_views import LayerView, number

HIGH = 40  # height of a plot's drawing, stretched to its place


@spoken
def activity(view: LayerView) -> str:
    """Bars of each map's mean and of its share of places that are not zero, in the order of the picture."""
    found = view.statistics
    place = view.order.index(view.channel)
    rows = [("Mean of each map", found.mean), ("Share of it that is not zero", found.active)]
    plots = (_plot(words, values[view.order].tolist(), place) for words, values in rows)
    return f'<div class="lab-activity">{"".join(plots)}</div>' if len(view.order) > 1 else ""


def _plot(words: str, values: Sequence[float], place: int) -> str:
    low, high = min(0.0, *values), max(0.0, *values)
    span = high - low or 1
    zero = HIGH * high / span
    bars = "".join(
        f"M{x} {zero:.1f}V{HIGH * (high - value) / span:.1f}h1V{zero:.1f}z" for x, value in enumerate(values)
    )
    said = f"{words}: {number(min(values))} to {number(max(values))}"
    return (
        f'<figure><figcaption>{said}</figcaption><svg viewBox="0 0 {len(values)} {HIGH}" preserveAspectRatio="none" '
        f'role="img" aria-label="{said}"><rect x="{place}" width="1" height="{HIGH}" class="lab-chosen"/>'
        f'<path d="{bars}"/></svg></figure>'
    )


@spoken
def lateral(found: Inhibition | None) -> str:
    """One map before and after response normalisation, and its neighbours by what they add to the denominator."""
    if found is None:
        return ""
    before, after = found.before, found.after
    brightest = before.abs().max().item()
    pictures = [
        ("before", before, brightest),
        ("after", after, brightest),
        ("difference", before - after, (before - after).abs().max().item()),
        ("taken by neighbours", found.taken, found.taken.abs().max().item()),
    ]
    shown = "".join(_figure(words, one, white, found.channel) for words, one, white in pictures)
    alone = found.over_active(found.alone.abs()).item()
    share = found.over_active(found.taken.abs()).item() / alone if alone else 0.0
    return (
        f'<section class="lab-lateral"><h4>Lateral inhibition of map {found.channel}</h4>'
        f'<div class="lab-figures">{shown}</div>'
        f"<p>Its neighbours take {escape(cards.share(share, 1))} of what would come out if they were silent. "
        "What each map adds to the base of the denominator, a mean over the places where this map is active:</p>"
        f"<ol>{_neighbours(found)}</ol></section>"
    )


def _neighbours(found: Inhibition) -> str:
    sizes = found.over_active(found.summands).tolist()
    largest = max(sizes) or 1
    after = found.over_active(found.after.abs()).item()
    gains = [value / after - 1 if after else 0.0 for value in found.over_active(found.without.abs()).tolist()]
    rows = []
    for channel, size, gain in zip(found.neighbours, sizes, gains, strict=True):
        own = channel == found.channel
        words = "itself" if own else f"without it {escape(cards.share(gain, 1))} stronger"
        rows.append(
            f"<li{' class=lab-own' if own else ''}><span>map {channel} · {words}</span>"
            f'<span class="lab-value">{number(size)}</span>'
            f'<span class="lab-bar" aria-hidden="true"><i style="width:{100 * size / largest:.3f}%"></i></span></li>'
        )
    return "".join(rows)


def _figure(words: str, one: Tensor, white: float, channel: int) -> str:
    tones = (torch.nan_to_num(one).abs() / (white or 1) * 255).clamp(0, 255).round().to(torch.uint8)
    return (
        f'<figure><img src="{cards.data_url(tones[None])}" alt="Map {channel}, {words}">'
        f"<figcaption>{words}<br>white is {number(white)}</figcaption></figure>"
    )


@spoken
def heads(predicted: dict[str, list[tuple[str, float]]]) -> str:
    """What each auxiliary head predicts, and the main one beside them."""
    columns = "".join(f"<div><h5>{escape(head)}</h5>{cards.bars(top)}</div>" for head, top in predicted.items())
    return (
        '<section class="lab-card lab-heads"><h4>What the auxiliary heads predict</h4>'
        f'<div class="lab-figures">{columns}</div></section>'
    )
