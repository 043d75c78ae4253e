"""Claims as HTML: all verdicts at a glance, one claim with its figure, the sentences as told, and a run under way."""

import base64
from collections import Counter
from collections.abc import Iterable
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from . import cards
from .languages import is_korean, say

if TYPE_CHECKING:
    from lit_cnns.claims import told

    from .reruns import Rerun

ALL, TOLD = "all", "told"
NOT_RUN = "runnable, not yet run"
KINDS = {"counting": "By counting", "looking": "By looking", "training": "By training"}
# a sign for each word beside its colour, so that nobody needs to see colours
SIGNS = {
    **dict.fromkeys(("holds", "right"), "✓"),
    **dict.fromkeys(("holds in direction", "right in part"), "~"),
    **dict.fromkeys(("does not hold", "differs"), "✗"),
    **dict.fromkeys((NOT_RUN, "not yet run"), "–"),
}
LOOKS = {"✓": "yes", "~": "part", "✗": "no"}
LAST_LINES = 6
ABOUT = "What the papers say, checked. A verdict is computed from results by a stated rule, with its uncertainty."


def badge(word: str) -> str:
    """A verdict with its sign."""
    sign = SIGNS.get(word, "?")
    return (
        f'<span class="lab-verdict lab-{LOOKS.get(sign, "open")}"><i aria-hidden="true">{sign}</i> {say(word)}</span>'
    )


def word_of(id: str) -> str:
    """The verdict of a claim, by the results that ship."""
    from lit_cnns import claims

    kept = claims.committed(id)
    return claims.verdict_of(kept).word if kept else NOT_RUN


def statement(id: str) -> str:
    """A claim's statement in the visitor's language, as a sentence begins."""
    from lit_cnns import claims

    return say(claims.headline(id))


@cache
def findings() -> "list[told.Finding]":
    """The sentences as told, checked once."""
    from lit_cnns.claims import told

    return told.check_all()


def index_html() -> str:
    """All verdicts at a glance."""
    from lit_cnns import claims

    words = {id: word_of(id) for id in claims.CLAIMS}
    parts = [f"<p>{say(ABOUT)}</p>", _counted(words.values())]
    parts.append(_rows({TOLD: say("As told: the sentences of a text")}, {}))
    for kind, head in KINDS.items():
        own = {id: statement(id) for id, of in claims.CLAIMS.items() if of == kind}
        parts.append(f"<section><h4>{say(head)}</h4>{_rows(own, words)}</section>")
    return f'<div class="lab-claims">{"".join(parts)}</div>'


def _counted(words: Iterable[str]) -> str:
    counted = Counter(words).most_common()
    return f'<p class="lab-counted">{"".join(f"<span>{badge(word)} {count}</span>" for word, count in counted)}</p>'


def _rows(names: dict[str, str], words: dict[str, str]) -> str:
    rows = [
        f'<li><button type="button" data-key="{id}">{escape(name)}</button>{badge(words[id]) if words else ""}</li>'
        for id, name in names.items()
    ]
    return f"<ul>{''.join(rows)}</ul>"


def claim_html(id: str) -> str:
    """A claim: statement, place in the paper, its words, the rule, the verdict and the figure.

    Raises:
        ValueError: no such claim.
    """
    from lit_cnns import claims

    claim = claims.claim(id)
    said, kept, figure = claims.statement(id), claims.committed(id), claims.committed_figure(id)
    terms = {"The paper": said["paper_says"], "The quotation": said["verdict"]}
    terms |= {"A fair test": said["how_to_test"]} if "how_to_test" in said else {}
    listed = "".join(f'<dt>{say(term)}</dt><dd lang="en">{escape(text)}</dd>' for term, text in terms.items())
    listed += f"<dt>{say('Rule')}</dt><dd>{escape(say(claim.rule))}</dd>"
    parts = [f"<h3>{escape(statement(id))}</h3>", f'<p class="lab-words" lang="en">{escape(said["where"])}</p>']
    if kept and figure:
        parts.append(found_html(id, kept, figure))
    else:
        parts.append(f"<p>{badge(NOT_RUN)}</p>")
    parts += [f"<dl>{listed}</dl>", f"<pre>{escape(claims.command(claim, kept))}</pre>"]
    return f'<article class="lab-claims">{"".join(parts)}</article>'


def found_html(id: str, kept: dict[str, Any], figure: str) -> str:
    """The verdict of results, their figure and what they depend on."""
    from lit_cnns import claims

    verdict = claims.verdict_of(kept)
    source = base64.b64encode(figure.encode()).decode()
    return (
        f"<p>{badge(verdict.word)} {escape(say(verdict.sentence))}</p>"
        f'<div class="lab-figure" tabindex="0"><img class="lab-drawn" src="data:image/svg+xml;base64,{source}" '
        f'alt="{escape(statement(id))}"></div>'
        f'<p class="lab-words">{say("Ran with")}: <span lang="en">{escape(claims.ran_with(kept))}</span></p>'
    )


def told_html() -> str:
    """Every sentence as told with its verdict, and under it its parts, its test and what was found."""
    from lit_cnns.claims import told

    language: told.Language = "ko" if is_korean() else "en"
    say_there, found = told.page_words(language), findings()
    words = say_there["intro"].format(total=len(found), counted="").rstrip(" :.") + "."
    listed = "".join(f"<li>{_sentence(one, language, say_there)}</li>" for one in found)
    rule = say_there["rule"].replace("**", "").replace("`", "")
    return (
        f'<article class="lab-claims"><h3>{say_there["head"]}</h3><p>{escape(words)}</p>'
        f"{_counted(one.word for one in found)}<details><summary>{say('Rule')}</summary><p>{escape(rule)}</p></details>"
        f'<ol class="lab-told">{listed}</ol></article>'
    )


def _sentence(one: "told.Finding", language: Any, words: dict[str, str]) -> str:
    parts = "".join(f"<li>{badge(stands)} {escape(part)}</li>" for part, stands in one.parts(language))
    see = " ".join(f'<button type="button" data-key="{id}">{escape(statement(id))}</button>' for id in one.see)
    see_also = f"<p><b>{words['see']}</b>: {see}</p>" if see else ""
    return (
        f"<details><summary><span>{escape(one.told(language))}</span>{badge(one.word)}</summary>"
        f"<div><p>{escape(one.found(language))}</p><ul>{parts}</ul>"
        f"<p><b>{words['test']}</b>: {escape(one.test(language))}</p>"
        f"{see_also}</div></details>"
    )


def rerun_html(id: str, now: "Rerun") -> str:
    """How far a run has come, or what it found."""
    if now.state == "waiting":
        return cards.notice(say(f"Waits for {now.ahead} other runs." if now.ahead > 1 else "Waits for another run."))
    lines = f'<pre aria-live="polite">{escape(chr(10).join(now.lines[-LAST_LINES:]))}</pre>' if now.lines else ""
    if now.state == "done" and now.kept:
        head = say(f"Run here in {now.seconds:.0f} s")
        return f'<article class="lab-claims"><h4>{head}</h4>{found_html(id, now.kept, now.figure)}{lines}</article>'
    if now.state == "stopped":
        return cards.notice(say(f"Stopped after {now.seconds:.0f} s; nothing of it is kept.")) + lines
    count = f' value="{len(now.lines)}" max="{now.steps}"' if now.steps else ""
    told = (
        f"{len(now.lines)} of {now.steps} runs, {now.seconds:.0f} s"
        if now.steps
        else f"Running for {now.seconds:.0f} s"
    )
    bar = f'<progress{count} aria-label="{say("Runs done")}"></progress>'
    return f'<div class="lab-claims"><div class="lab-progress"><span>{say(told)}</span>{bar}</div>{lines}</div>'
