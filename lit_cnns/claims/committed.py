"""The results that ship: what was found, with its conditions, before this package was made."""

from pathlib import Path
from typing import Any

from .claim import Claim, read, verdict_of

NOT_RUN = "runnable, not yet run"  # which is no verdict

# the wheel, the checkout
FOLDERS = (Path(__file__).parent / "results", Path(__file__).parents[2] / "docs" / "results" / "claims")


def committed_folder(id: str) -> Path | None:
    """Where the results of a claim lie that ship; None where it has not been run."""
    return next((folder / id for folder in FOLDERS if (folder / id).is_dir()), None)


def committed(id: str) -> dict[str, Any] | None:
    """The results of a claim that ship, as `read` gives them; None where it has not been run."""
    folder = committed_folder(id)
    return read(folder) if folder else None


def committed_figure(id: str) -> str | None:
    """The figure of the results of a claim that ship, an SVG; None where it has not been run."""
    folder = committed_folder(id)
    path = folder / "figure.svg" if folder else None
    return path.read_text(encoding="utf-8") if path and path.is_file() else None


def state(id: str) -> str:
    """The verdict of the results of a claim that ship and the budget it was found at, or that there are none."""
    kept = committed(id)
    return ", ".join(filter(None, (verdict_of(kept).word, kept["budget"]))) if kept else NOT_RUN


def command(claim: Claim, kept: dict[str, Any] | None = None) -> str:
    """What runs a claim, or ran it."""
    budget = (kept or {}).get("budget") or "standard"
    told = f"lit-cnns claim {claim.id}" + (f" --data DATA --budget {budget}" if claim.needs_data else "")
    results = (kept or {}).get("results", {})
    more = claim.kind == "training" and results and _seeds(results) != results["scale"]["seeds"]
    return f"{told} --seeds {_seeds(results)}" if more else told


def _seeds(results: dict[str, Any]) -> int:
    """How many runs each arm of a claim by training had."""
    return len({run["seed"] for run in results["runs"]})


def ran_with(kept: dict[str, Any]) -> str:
    """What results depend on, in a line."""
    found, results = kept["conditions"], kept["results"]
    parts = [f"budget {kept['budget']}"] if kept["budget"] else []
    parts += [f"data: {results['data']}"] if results.get("data") else []
    parts += _training(results) if isinstance(results.get("runs"), list) else []
    return "; ".join([*parts, f"{found['device']}, torch {found['torch']}"])


def _training(results: dict[str, Any]) -> list[str]:
    """The scale of training, its time, and the rates, with a word on those that lie at the edge of what was tried."""
    scale, runs, tuning = results["scale"], results["runs"], results["tuning"]
    minutes = sum(run["seconds"] for run in (*runs, *tuning)) / 60
    time = f"{minutes / 60:.1f} hours" if minutes >= 60 else f"{minutes:.0f} minutes"
    pictures = f"{scale['pictures']:,}" if scale["pictures"] else "all"
    chosen = {run["arm"]: run["rate"] for run in runs}
    took = ", ".join(f"{arm} took {rate:g}{_edge(rate, arm, tuning)}" for arm, rate in chosen.items())
    grid = ", ".join(f"{rate:g}" for rate in sorted(scale["rates"]))
    further = " and further where the best lay at their edge" if len(tuning) > len(chosen) * len(scale["rates"]) else ""
    return [
        f"{pictures} pictures, {scale['epochs']} passes, batches of {scale['batch']}, {_seeds(results)} seeds",
        f"{len(runs)} runs and {len(tuning)} for the rates, {time}",
        f"rates of {grid}{further}: {took}",
    ]


def _edge(rate: float, arm: str, tuning: list[dict[str, Any]]) -> str:
    """A word on a rate that no lower one, or no higher one, was tried beside."""
    rates = {run["rate"] for run in tuning if run["arm"] == arm}
    edges = {min(rates): " (the lowest tried)", max(rates): " (the highest tried)"} if len(rates) > 1 else {}
    return edges.get(rate, "")
