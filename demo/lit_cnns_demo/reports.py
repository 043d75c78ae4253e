"""Networks on many pictures as HTML: how many are right, where they disagree, what each confuses.

All that comes from a checkpoint or a file is escaped. Nothing is told by colour alone.
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from . import cards, charts
from .languages import spoken

if TYPE_CHECKING:
    from lit_cnns.data import Gallery

    from .contest import Contest

DISAGREEMENTS, MISTAKES = 24, 12  # pictures shown
THUMBNAIL = 128  # pixels


@spoken
def progress(contest: "Contest", seconds: float) -> str:
    """How far a comparison has come, how long the rest will take, and what is known so far."""
    seen = len(contest.numbers) + contest.left_out
    left = seconds * (contest.asked - seen) / seen
    return (
        f'<div class="lab-progress" role="status"><progress max="{contest.asked}" value="{seen}"></progress>'
        f"<span>{seen:,} of {contest.asked:,} pictures, about {left:.0f} s left</span></div>{scores(contest)}"
    )


@spoken
def report(contest: "Contest", gallery: "Gallery", id: str, seconds: float) -> str:
    """All that a comparison found; its pictures can be pressed.

    Args:
        contest: the comparison, to its end or as far as it came.
        gallery: its pictures.
        id: the set's, which a pressed picture sends with its number.
        seconds: how long it took.
    """
    parts = [f"<h3>{escape(gallery.title)}</h3>", _extent(contest, len(gallery), seconds), scores(contest)]
    groups = contest.groups
    parts += [_group(contest, group, gallery, id) for group in groups if len(group) > 1]
    alone = [group[0] for group in groups if len(group) == 1]
    if alone and len(groups) > 1:
        parts.append(
            cards.notice(f"Compared with no other, since none has the same classes: {_names(contest, alone)}.")
        )
    parts += [_details(contest, name, gallery, id) for name in contest.comparison.scored]
    return f'<div class="lab-report">{"".join(parts)}</div>'


def scores(contest: "Contest") -> str:
    """A bar of each network's share of right answers, with the interval in which it lies with 95 %."""
    comparison = contest.comparison
    order = sorted(comparison.scored, key=lambda name: -comparison.top1(name)[0])
    rows = "".join(_score(contest, name) for name in order)
    notices = "".join(cards.notice(sentence) for sentence in _sentences(contest))
    table = (
        f'<div class="lab-scroll"><table class="lab-scores"><thead><tr><th scope="col">Network</th>'
        f'<th scope="col">Top-1, with its 95 % interval</th><th scope="col">Right</th>'
        f'<th scope="col">Top-5</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    return f'<div class="lab-known">{table if rows else ""}{notices}</div>'


def _sentences(contest: "Contest") -> list[str]:
    """What is to be said of networks that are not counted."""
    comparison, known = contest.comparison, len(contest.comparison.class_names)
    if not known:
        return ["These pictures have no labels: it shows where the networks disagree, not who is right."]
    foreign = _names(contest, contest.foreign)
    sentences = [f"Left out, since these classes are unknown to them: {foreign}."] if foreign else []
    sentences += [
        f"{contest.entries[name].name} lacks {count} of these {known} classes: its answers are shown, not counted."
        for name, count in comparison.strangers.items()
        if count < known
    ]
    return sentences + [f"{one.entry.name}: {one.sentence}" for one in contest.refusals]


def _names(contest: "Contest", ids: Sequence[str]) -> str:
    return ", ".join(contest.entries[id].name for id in ids)


def _score(contest: "Contest", name: str) -> str:
    from lit_cnns.evaluation import interval

    right, count = contest.comparison.top1(name)
    low, high = interval(right, count)
    top5 = cards.share(contest.comparison.top5(name)[0], count) if len(contest.comparison.class_names) > 5 else "–"
    entry = contest.entries[name]
    return (
        f'<tr><th scope="row">{escape(entry.name)}<small>{escape(entry.place).replace("/", "/<wbr>")}</small></th>'
        f"<td>{charts.whisker(right / count, low, high)}<b>{escape(cards.share(right, count))}</b> "
        f"<small>{100 * low:.1f} to {100 * high:.1f}</small></td><td>{right:,} of {count:,}</td>"
        f'<td><small class="lab-narrow">top-5 </small>{escape(top5)}</td></tr>'
    )


def _extent(contest: "Contest", everything: int, seconds: float) -> str:
    shown = len(contest.numbers)
    parts = [f"{shown:,} of {everything:,} pictures" if shown < everything else f"All {shown:,} pictures"]
    parts.append(f"in {seconds:.1f} s" + ("" if contest.done else ", when it was stopped"))
    if shown < everything and contest.done:
        parts.append("drawn without looking")
    if contest.left_out:
        parts.append(f"{contest.left_out} more could not be read")
    return f'<p class="lab-world">{"; ".join([" ".join(parts[:2]), *parts[2:]])}</p>'


def _group(contest: "Contest", group: Sequence[str], gallery: "Gallery", id: str) -> str:
    comparison = contest.comparison
    places = comparison.disagreements(group)
    same, count = comparison.agreement(group)
    every = "Both" if len(group) == 2 else f"All {len(group)}"
    shown = places[:DISAGREEMENTS]
    figures = "".join(_disagreement(contest, group, place, gallery, id) for place in shown)
    some = f" The {len(shown)} with most different answers:" if len(places) > len(shown) else ""
    sentence = f"{every} say the same of {same:,} of {count:,} pictures ({cards.share(same, count)})."
    rest = f"<p>They disagree on {len(places):,}.{some}</p>" if places else ""
    names = escape(_names(contest, group))
    return (
        f"<section><h4>Where they disagree</h4><p><b>{escape(sentence)}</b> <small>{names}</small></p>{rest}"
        f'<div class="lab-pictures">{figures}</div></section>'
    )


def _disagreement(contest: "Contest", group: Sequence[str], place: int, gallery: "Gallery", id: str) -> str:
    comparison = contest.comparison
    label = int(comparison.labels[place])
    rows = ""
    for name in group:
        answers = comparison.answers[name]
        mark = ""
        if name in comparison.scored:
            right = bool(answers.predicted[place] == label)
            mark = f'<span class="lab-mark" title="{"right" if right else "wrong"}">{"✓" if right else "✗"}</span> '
        said = escape(f"{answers.name(place)} {cards.percent(float(answers.probabilities[place]))}")
        rows += f"<li>{mark}{said}<small>{escape(contest.entries[name].name)}</small></li>"
    truth = f"<strong>{escape(comparison.class_names[label])}</strong>" if label >= 0 else ""
    return f"<figure>{_picture(contest, place, gallery, id)}<figcaption>{truth}<ul>{rows}</ul></figcaption></figure>"


def _picture(contest: "Contest", place: int, gallery: "Gallery", id: str) -> str:
    """A picture that opens in the other panels when it is pressed."""
    number = contest.numbers[place]
    name = escape(gallery.name(number))
    return (
        f'<button type="button" data-gallery="{escape(id)}" data-picture="{number}" title="Open {name}">'
        f'<img src="{thumbnail(gallery, number)}" alt="{name}"></button>'
    )


def thumbnail(gallery: "Gallery", number: int) -> str:
    """A small picture as the source of an `<img>`."""
    import torch
    from torch.nn.functional import interpolate

    image = gallery.picture(number, at_least=THUMBNAIL)
    if (factor := THUMBNAIL / min(image.shape[1:])) < 1:
        size = [max(1, round(side * factor)) for side in image.shape[1:]]
        image = interpolate(image[None], size, mode="bilinear", antialias=True)[0]
    return cards.data_url(image.to(torch.uint8))


def _details(contest: "Contest", name: str, gallery: "Gallery", id: str) -> str:
    comparison = contest.comparison
    wrong = comparison.mistakes(name, MISTAKES)
    figures = ""
    for place in wrong:
        answers = comparison.answers[name]
        truth = escape(comparison.class_names[int(comparison.labels[place])])
        said = escape(f"{answers.name(place)} {cards.percent(float(answers.probabilities[place]))}")
        caption = f"<strong>{truth}</strong><ul><li>{said}</li></ul>"
        figures += f"<figure>{_picture(contest, place, gallery, id)}<figcaption>{caption}</figcaption></figure>"
    mistakes = f'<h4>Surest mistakes</h4><div class="lab-pictures">{figures}</div>' if figures else "<p>No mistake.</p>"
    return (
        f"<details><summary>{escape(contest.entries[name].name)}: confusions, classes, worst mistakes</summary>"
        f'<div class="lab-halves"><section><h4>Confusions</h4>{charts.confusions(comparison, name)}</section>'
        f"<section><h4>Right, by class</h4>{charts.classes(comparison, name)}</section></div>{mistakes}</details>"
    )
