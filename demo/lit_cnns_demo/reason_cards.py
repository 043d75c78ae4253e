"""Reasons as HTML: heat maps over their picture, reconstructions beside their patch, bars with their spread."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from . import cards
from .languages import spoken

if TYPE_CHECKING:
    from torch import Tensor

    from .reasons import Projection, Reason, Varying
SEEN = "The picture as the network gets it"


@spoken
def heat_figure(reason: "Reason", hint: str | None) -> str:
    """The picture with its heat map over it, the colours' values, and what is said of it."""
    import torch

    done = f'<progress value="{reason.done:.3f}" aria-label="Places done"></progress>' if reason.done < 1 else ""
    where = f" at {escape(reason.layer)}, {_size(reason.values)}" if reason.layer else f", {_size(reason.values)}"
    share = escape(cards.percent(reason.probability))
    return (
        f'<figure class="lab-reason">{_hint(hint)}<div class="lab-heat">{_image(reason.seen, SEEN)}'
        f"{_image(torch.from_numpy(reason.heat).permute(2, 0, 1), 'How much each place matters for the class')}</div>"
        f"{_scale(reason)}{done}<figcaption><b>{escape(reason.word)}</b> {share}{where}"
        f"{'<br>' if reason.remark else ''}{escape(reason.remark)}</figcaption></figure>"
    )


@spoken
def projection_figure(projection: "Projection", hint: str | None) -> str:
    """The picture with a frame around what the unit sees, that patch, and the reconstruction."""
    found, side = projection.found, projection.seen.shape[-1]
    top, left, bottom, right = found.window
    frame = (
        f"left:{100 * left / side:.2f}%;top:{100 * top / side:.2f}%;"
        f"width:{100 * (right - left) / side:.2f}%;height:{100 * (bottom - top) / side:.2f}%"
    )
    silent = "" if found.activation > 0 else "<br>This map is silent here, so there is nothing to project."
    whole = projection.patch.shape == projection.seen.shape
    framed = f'<div class="lab-framed">{_image(projection.seen, SEEN)}<i style="{frame}"></i></div>'
    patch, drawn = (
        _image(projection.patch, "The part that the unit sees"),
        _image(projection.drawn, "What of it the unit answers to"),
    )
    three = {"Picture": framed, "Patch": patch, "Reconstruction": drawn}
    return (
        f'<figure class="lab-reason">{_hint(hint)}<div class="lab-three">'
        f"{''.join(f'<div>{image}<span>{name}</span></div>' for name, image in three.items())}</div>"
        f"<figcaption><b>Map {found.channel} of {escape(projection.layer)}</b>, its strongest unit in row "
        f"{found.place[0]}, column {found.place[1]}: {_number(found.activation)}. It sees "
        f"{'the whole picture' if whole else _size(projection.patch)}. In the reconstruction mid-grey is 0.{silent}"
        "</figcaption></figure>"
    )


@spoken
def spread_bars(rows: "Sequence[Varying]", others: int, masks: int, hint: str | None) -> str:
    """The likeliest classes: a band for nine in ten masks, a line for their mean, a ring for the answer without."""
    return (
        f'<figure class="lab-reason">{_hint(hint)}<ol class="lab-spread">{"".join(map(_spread, rows))}</ol>'
        '<p class="lab-key"><span><i class="lab-band"></i>nine in ten masks</span><span><i class="lab-mean"></i>mean'
        '</span><span><i class="lab-plain"></i>without dropout</span></p>'
        f"<figcaption>{masks} random masks, each another network with the same weights. Under {others} of them another "
        "class is likeliest than without.</figcaption></figure>"
    )


def _spread(row: "Varying") -> str:
    shares = escape(f"{cards.percent(row.mean)} ({cards.percent(row.low)} to {cards.percent(row.high)})")
    return (
        f'<li><span class="lab-class">{escape(row.word)}</span><span class="lab-value">{shares}</span>'
        f'<span class="lab-track" aria-hidden="true"><i class="lab-band" style="left:{100 * row.low:.2f}%;'
        f'width:{100 * (row.high - row.low):.2f}%"></i><i class="lab-mean" style="left:{100 * row.mean:.2f}%"></i>'
        f'<i class="lab-plain" style="left:{100 * row.plain:.2f}%"></i></span></li>'
    )


def _scale(reason: "Reason") -> str:
    from lit_cnns.features import legend

    percent = reason.unit == "probability"
    low, high = (f"{100 * value:.1f}".replace("-", "−") if percent else _number(value) for value in reason.bounds)
    unit = "percentage points lost with the square there" if percent else reason.unit
    colours = f"background:linear-gradient(to right,{','.join(legend())})"
    ends = f'<span>{low}</span><i style="{colours}"></i><span>{high}</span>'
    return f'<div class="lab-scale">{ends}<small>{unit}</small></div>'


def _image(image: "Tensor", words: str) -> str:
    return f'<img src="{cards.data_url(image)}" alt="{words}">'


def _hint(hint: str | None) -> str:
    return f'<p class="lab-hint" role="note">{escape(hint)}</p>' if hint else ""


def _size(values: "Tensor") -> str:
    return f"{values.shape[-2]} × {values.shape[-1]}"


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")
