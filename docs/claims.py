"""Write docs/claims/*.md from docs/results/claims/*/results.json, a page for each claim: `python docs/claims.py`.

What was measured stays as it is; verdicts and figures are made anew from it, by the rules of today. Results come from
`lit-cnns claim NAME --folder docs/results/claims/NAME`, those of the sentences as told from `lit-cnns claim told
--folder docs/results/claims/told`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lit_cnns import claims, papers
from lit_cnns.claims import told

HERE = Path(__file__).parent
FOLDER, RESULTS = HERE / "claims", HERE / "results" / "claims"
MADE = "<!-- made by `python docs/claims.py` from docs/results/claims: not to be edited -->\n"
KINDS = {"counting": "By counting", "looking": "By looking", "training": "By training"}
HEAD = """What the papers say, checked by one command each. A verdict is computed from the results by the rule on its
page, with its uncertainty: **holds**, **holds in direction**, **not at this scale** (undecided), **does not
hold**. "runnable, not yet run" is no verdict: nobody has looked yet. Beside it stands the budget, where there are
several: `quick` seldom decides anything.

[As told](told.md) ([한국어](told.ko.md)): every checkable sentence of the text this project grew from.

`lit-cnns claim` lists them. `lit-cnns claim NAME` runs one; those by training take `--data`, a folder with
CIFAR-10, and `--budget quick`, `standard` or `full`. What was cut goes on where it was.
"""


def page(name: str) -> str:
    """A claim: statement, place in the paper, what was run, figure, verdict and command."""
    claim, said, kept = claims.claim(name), claims.statement(name), claims.read(RESULTS / name)
    lines = [f"# {claims.headline(name)}\n", MADE]
    lines += [f"- **The paper**: {said['paper_says']} ({said['where']}).", f"- **The quotation**: {said['verdict']}."]
    if "how_to_test" in said:
        lines.append(f"- **A fair test**: {said['how_to_test']}.")
    lines += [f"- **Rule**: {claim.rule}", ""]
    if kept:
        verdict = claims.verdict_of(kept)
        lines += [f"**Verdict: {verdict.word}.** {verdict.sentence}\n"]
        lines += [f"![{said['claim']}](../results/claims/{name}/figure.svg)\n", f"Ran with: {claims.ran_with(kept)}.\n"]
    else:
        lines += [f"**{claims.NOT_RUN}.**\n"]
    return "\n".join([*lines, f"```bash\n{claims.command(claim, kept)}\n```\n", "[All claims](index.md)\n"])


def index() -> str:
    """All verdicts at a glance."""
    return "\n".join(["# The claims\n", MADE, HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for kind, head in KINDS.items():
        yield f"## {head}\n\n| claim | place | verdict |\n|---|---|---|"
        for name in (name for name, of in claims.CLAIMS.items() if of == kind):
            kept, said = claims.read(RESULTS / name), claims.statement(name)
            verdict = f"**{claims.verdict_of(kept).word}**" if kept else claims.NOT_RUN
            verdict += f", {kept['budget']}" if kept and kept["budget"] else ""
            yield f"| [{said['claim']}]({name}.md) | {said['where']} | {verdict} |"
        yield ""
    yield "## Without a command\n\n| claim | place | the quotation | why |\n|---|---|---|---|"
    for said in papers.claims()["claims"]:
        if "without_command" in said:
            yield f"| {said['claim']} | {said['where']} | {said['verdict']} | {said['without_command']} |"
    yield ""


OTHER: dict[told.Language, str] = {"en": "[한국어](told.ko.md)\n", "ko": "[English](told.md)\n"}
SIGNS = {"right": "✓", "right in part": "~", "differs": "✗"}


def told_page(language: told.Language) -> str:
    """Every sentence with its test, its parts and its verdict."""
    say, found = told.page_words(language), told.check_all()
    counted = Counter(one.word for one in found)
    summary = ", ".join(f"{told.word(word, language)} {count}" for word, count in counted.most_common())
    lines = [f"# {say['head']}\n", MADE, OTHER[language]]
    lines += [say["intro"].format(total=len(found), counted=summary) + "\n", say["rule"] + "\n"]
    lines += [f"| | {say['sentence']} | {say['verdict']} |", "|---|---|---|"]
    lines += [
        f"| {number} | [{one.told(language)}](#{one.id}) | **{told.word(one.word, language)}** |"
        for number, one in enumerate(found, 1)
    ]
    for number, one in enumerate(found, 1):
        lines += ["", *_sentence(number, one, language)]
    measured = RESULTS / "told" / "times.json"
    if measured.is_file():
        lines += ["", say["times"].format(**json.loads(measured.read_text())["conditions"])]
    return "\n".join([*lines, "", f"[{say['claims']}](index.md)", ""])


def _sentence(number: int, one: told.Finding, language: told.Language) -> Iterator[str]:
    say = told.page_words(language)
    yield f'<a id="{one.id}"></a>\n\n## {number}. {one.told(language)}\n'
    yield f"**{told.word(one.word, language)}.** {one.found(language)}\n".replace(" \n", "\n")
    for part, standing in one.parts(language):
        yield f"- {SIGNS.get(standing, '?')} {part}: {told.word(standing, language)}"
    yield f"\n{say['test']}: {one.test(language)}"
    if one.see:
        yield f"\n{say['see']}: {', '.join(f'[{name}]({name}.md)' for name in one.see)}"


def pages() -> dict[str, str]:
    """File name to text."""
    by_claim = {f"{name}.md": page(name) for name in claims.CLAIMS}
    return {"index.md": index(), "told.md": told_page("en"), "told.ko.md": told_page("ko"), **by_claim}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for place in sorted(RESULTS.glob("*/results.json")):
        claims.renew(claims.claim(place.parent.name), place.parent)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
