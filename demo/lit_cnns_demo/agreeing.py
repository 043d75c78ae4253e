"""Agreement on one picture, as HTML: which networks say the same, among those that have the same classes."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .panels import Answer


def agreement(answers: "Sequence[Answer]") -> str:
    """A line for each answer with those who give it; nothing for a single network.

    Networks with the same classes are one group, others stand by what they were trained on. Those that cannot know the
    picture are told apart.
    """
    from lit_cnns.evaluation import groups

    if len(answers) < 2:
        return ""
    able = {answer.entry.id: answer for answer in answers if not answer.hint}
    found = groups({id: answer.class_names for id, answer in able.items()})
    parts = [_group([able[id] for id in group]) for group in found]
    if strangers := [answer.entry.name for answer in answers if answer.hint]:
        parts.append(f"<p>Not counted, their cards say why: {escape(', '.join(strangers))}.</p>")
    return f'<section class="lab-agreement" aria-label="Agreement">{"".join(parts)}</section>'


def _group(answers: "list[Answer]") -> str:
    from lit_cnns.evaluation import canonical

    from .worlds import trained_on

    said: dict[str, list[Answer]] = {}
    for answer in answers:
        said.setdefault(canonical(answer.top[0][0]), []).append(answer)
    sides = sorted(said.values(), key=len, reverse=True)
    data = escape(" and ".join(dict.fromkeys(trained_on(answer.entry.description) for answer in answers)))
    rows = "".join(
        f'<li><b>{escape(side[0].top[0][0])}</b><span class="lab-dots" aria-hidden="true">{"●" * len(side)}'
        f"<i>{'○' * (len(answers) - len(side))}</i></span><span>{escape(', '.join(one.entry.name for one in side))}"
        "</span></li>"
        for side in sides
    )
    sentence = _sentence(len(sides[0]), len(answers))
    return f"<div><p><strong>{sentence}</strong> <small>{data}</small></p><ul>{rows}</ul></div>"


def _sentence(most: int, everyone: int) -> str:
    if everyone == 1:
        return "One network with these classes"
    if most == everyone:
        return "Both agree" if everyone == 2 else f"All {everyone} agree"
    return "Each says something else" if most == 1 else f"{most} of {everyone} agree"
