"""Write docs/claims/*.md from docs/results/claims/*/results.json, a page for each claim: `python docs/claims.py`.

Results come from `lit-cnns claim NAME --folder docs/results/claims/NAME`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lit_cnns import claims

HERE = Path(__file__).parent
FOLDER, RESULTS = HERE / "claims", HERE / "results" / "claims"
MADE = "<!-- made by `python docs/claims.py` from docs/results/claims: not to be edited -->\n"
NOT_RUN = "runnable, not yet run"
KINDS = {"counting": "By counting", "looking": "By looking", "training": "By training"}
HEAD = """What the papers say, checked by one command each. A verdict is computed from the results by the rule on its
page, with its uncertainty: **holds**, **holds in direction**, **not at this scale** (undecided), **does not
hold**. "runnable, not yet run" is no verdict: nobody has looked yet.

`lit-cnns claim` lists them. `lit-cnns claim NAME` runs one; those by training take `--data`, a folder with
CIFAR-10, and `--budget quick`, `standard` or `full`. What was cut goes on where it was.
"""


def command(claim: claims.Claim, kept: dict[str, Any] | None) -> str:
    """What runs it, or ran it."""
    budget = (kept or {}).get("budget") or "standard"
    return f"lit-cnns claim {claim.id}" + (f" --data DATA --budget {budget}" if claim.needs_data else "")


def conditions(kept: dict[str, Any]) -> str:
    """What the results depend on."""
    found, data = kept["conditions"], kept["results"].get("data")
    parts = [f"budget {kept['budget']}" if kept["budget"] else "", f"data: {data}" if data else ""]
    runs = kept["results"].get("runs")
    if isinstance(runs, list):
        seconds = sum(run["seconds"] for run in (*runs, *kept["results"]["tuning"]))
        parts.append(f"{len(runs)} runs and {len(kept['results']['tuning'])} for the rates, {seconds / 3600:.1f} hours")
    return "; ".join([*filter(None, parts), f"{found['device']}, torch {found['torch']}"])


def page(name: str) -> str:
    """A claim: statement, place in the paper, what was run, figure, verdict and command."""
    claim, said, kept = claims.claim(name), claims.statement(name), claims.read(RESULTS / name)
    lines = [f"# {said['claim'][:1].upper()}{said['claim'][1:]}\n", MADE]
    lines += [f"- **The paper**: {said['paper_says']} ({said['where']}).", f"- **The quotation**: {said['verdict']}."]
    if "how_to_test" in said:
        lines.append(f"- **A fair test**: {said['how_to_test']}.")
    lines += [f"- **Rule**: {claim.rule}", ""]
    if kept:
        verdict = claims.verdict_of(kept)
        lines += [f"**Verdict: {verdict.word}.** {verdict.sentence}\n"]
        lines += [f"![{said['claim']}](../results/claims/{name}/figure.svg)\n", f"Ran with: {conditions(kept)}.\n"]
    else:
        lines += [f"**{NOT_RUN}.**\n"]
    return "\n".join([*lines, f"```bash\n{command(claim, kept)}\n```\n", "[All claims](index.md)\n"])


def index() -> str:
    """All verdicts at a glance."""
    return "\n".join(["# The claims\n", MADE, HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for kind, head in KINDS.items():
        yield f"## {head}\n\n| claim | place | verdict |\n|---|---|---|"
        for name in (name for name, of in claims.CLAIMS.items() if of == kind):
            kept, said = claims.read(RESULTS / name), claims.statement(name)
            verdict = f"**{claims.verdict_of(kept).word}**" if kept else NOT_RUN
            yield f"| [{said['claim']}]({name}.md) | {said['where']} | {verdict} |"
        yield ""


def pages() -> dict[str, str]:
    """File name to text."""
    return {"index.md": index(), **{f"{name}.md": page(name) for name in claims.CLAIMS}}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
