"""The answers of networks as HTML. All that comes from a checkpoint or a file is escaped."""

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .languages import spoken
from .network import Entry

if TYPE_CHECKING:
    from torch import Tensor

    from .panels import Answer, Refusal


@spoken
def answers(found: "Sequence[Answer | Refusal]") -> str:
    """Who agrees with whom, then cards side by side, one a network."""
    from .agreeing import agreement
    from .panels import Answer

    cards = [_answer(one) if isinstance(one, Answer) else _refusal(one) for one in found]
    agreed = agreement([one for one in found if isinstance(one, Answer)])
    return f'{agreed}<div class="lab-cards">{"".join(cards)}</div>'


@spoken
def notice(sentence: str, kind: str = "note") -> str:
    """A sentence in the page: `note`, or `alert` for what went wrong."""
    return f'<p class="lab-notice lab-{kind}" role="{"alert" if kind == "alert" else "status"}">{escape(sentence)}</p>'


def notices(sentences: Sequence[str], most: int = 4) -> str:
    """Several sentences on what went wrong; of more than `most`, the number of the rest."""
    rest = [f"And {len(sentences) - most} more of this kind."] if len(sentences) > most else []
    return "".join(notice(sentence, "alert") for sentence in [*sentences[:most], *rest])


def percent(probability: float) -> str:
    """A probability with two decimals that never claims certainty: 0 and 1 of a softmax are rounded, too."""
    if 0 <= probability < 0.00005:
        return "< 0.01\N{NO-BREAK SPACE}%"
    if 0.99995 <= probability <= 1:
        return "> 99.99\N{NO-BREAK SPACE}%"
    return f"{100 * probability:.2f}\N{NO-BREAK SPACE}%"


def share(part: float, whole: float) -> str:
    """A part of a whole, in percent with two decimals: 0 is none of it, and 100 all."""
    return percent(part / whole) if 0 < part < whole else f"{100 * part / whole:.2f}\N{NO-BREAK SPACE}%"


def amount(number: int) -> str:
    """A count as people say it: 61.7 thousand, 1.24 million."""
    for size, word in ((10**9, "billion"), (10**6, "million"), (10**3, "thousand")):
        if number >= size:
            return f"{number / size:.3g} {word}" if number < 1000 * size else f"{number // size:,} {word}"
    return str(number)


def megabytes(size: int) -> str:
    """Bytes as people say them: 0.25 MB, 46 MB, 2.15 GB."""
    return f"{size / 1e9:.3g} GB" if size >= 1e9 else f"{size / 1e6:.{2 if size < 1e6 else 0}f} MB"


def _answer(answer: "Answer") -> str:
    hint = f'<p class="lab-hint" role="note">{escape(answer.hint)}</p>' if answer.hint else ""
    side = answer.seen.shape[-1]
    return (
        f'<article class="lab-card{" lab-outside" if answer.hint else ""}" data-network="{escape(answer.entry.id)}">'
        f'<header><img src="{data_url(answer.seen)}" alt="The picture as {escape(answer.entry.name)} gets it" '
        f'title="What it sees: {side} × {side} pixels"><div>{heading(answer.entry)}</div></header>'
        f"{hint}{bars(answer.top)}"
        f'<p class="lab-world">{escape(answer.world)}</p>'
        f"<footer><span><b>{answer.milliseconds:.3g} ms</b> on this machine's CPU, median of {answer.runs}</span>"
        f"<span>{amount(answer.parameters)} parameters</span>"
        f"<span>{amount(answer.macs)} multiply-accumulates</span></footer></article>"
    )


def _refusal(refusal: "Refusal") -> str:
    return (
        f'<article class="lab-card" data-network="{escape(refusal.entry.id)}"><header><div>{heading(refusal.entry)}'
        f"</div></header>{notice(refusal.sentence, 'alert')}</article>"
    )


@spoken
def heading(entry: Entry) -> str:
    """Name, data, accuracy and place of a network."""
    from .worlds import trained_on

    parts = [f"trained on {trained_on(entry.description)}", entry.accuracy("top-1")]
    return (
        f"<h3>{escape(entry.name)}</h3><p>{escape(' · '.join(part for part in parts if part))}</p>"
        f'<p class="lab-place">{escape(entry.place).replace("/", "/<wbr>")}</p>'
    )


def bars(top: Sequence[tuple[str, float]]) -> str:
    """Classes and their probabilities, one a line."""
    return f"<ol>{''.join(_bar(name, probability) for name, probability in top)}</ol>"


def _bar(name: str, probability: float) -> str:
    value = escape(percent(probability))
    return (
        f'<li><span class="lab-class">{escape(name)}</span><span class="lab-value">{value}</span>'
        f'<span class="lab-bar" aria-hidden="true"><i style="width:{100 * probability:.3f}%"></i></span></li>'
    )


def data_url(image: "Tensor") -> str:
    """A small uint8 picture `[C, H, W]` as the source of an `<img>`."""
    from PIL import Image

    pixels = image.permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
