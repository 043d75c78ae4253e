"""Agreement on one picture: which networks say the same, among those that have the same classes."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .panels import Answer


def sides(answers: "Sequence[Answer]") -> "list[list[list[Answer]]]":
    """Answers that can agree: for each group of networks with the same classes those who say the same, most of them
    first. Those that cannot know the picture are left out.
    """
    from lit_cnns.evaluation import canonical, groups

    able = {answer.entry.id: answer for answer in answers if not answer.hint}
    found = []
    for group in groups({id: answer.class_names for id, answer in able.items()}):
        said: dict[str, list[Answer]] = {}
        for id in group:
            said.setdefault(canonical(able[id].top[0][0]), []).append(able[id])
        found.append(sorted(said.values(), key=len, reverse=True))
    return found


def as_data(answers: "Sequence[Answer]") -> dict[str, Any]:
    """The same in plain values, with the reason why some are not counted."""
    groups = [
        {
            "trained_on": _trained_on(group),
            "sides": [{"class": side[0].top[0][0], "networks": [one.entry.id for one in side]} for side in group],
        }
        for group in sides(answers)
    ]
    hints = [{"network": one.entry.id, "why": one.hint} for one in answers if one.hint]
    return {"groups": groups, "not_counted": hints}


def agreement(answers: "Sequence[Answer]") -> str:
    """As HTML, a line for each answer with those who give it; nothing for a single network.

    Networks with the same classes are one group, others stand by what they were trained on. Those that cannot know the
    picture are told apart.
    """
    if len(answers) < 2:
        return ""
    parts = [_group(group) for group in sides(answers)]
    if strangers := [answer.entry.name for answer in answers if answer.hint]:
        parts.append(f"<p>Not counted, their cards say why: {escape(', '.join(strangers))}.</p>")
    return f'<section class="lab-agreement" aria-label="Agreement">{"".join(parts)}</section>'


def _group(group: "list[list[Answer]]") -> str:
    everyone = sum(map(len, group))
    rows = "".join(
        f'<li><b>{escape(side[0].top[0][0])}</b><span class="lab-dots" aria-hidden="true">{"●" * len(side)}'
        f"<i>{'○' * (everyone - len(side))}</i></span><span>{escape(', '.join(one.entry.name for one in side))}"
        "</span></li>"
        for side in group
    )
    sentence, data = _sentence(len(group[0]), everyone), escape(" and ".join(_trained_on(group)))
    return f"<div><p><strong>{sentence}</strong> <small>{data}</small></p><ul>{rows}</ul></div>"


def _trained_on(group: "list[list[Answer]]") -> list[str]:
    from .worlds import trained_on

    return [*dict.fromkeys(trained_on(answer.entry.description) for side in group for answer in side)]


def _sentence(most: int, everyone: int) -> str:
    if everyone == 1:
        return "One network with these classes"
    if most == everyone:
        return "Both agree" if everyone == 2 else f"All {everyone} agree"
    return "Each says something else" if most == 1 else f"{most} of {everyone} agree"
