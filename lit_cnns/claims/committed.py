"""The results that ship: what was found, with its conditions, before this package was made."""

from pathlib import Path
from typing import Any

from .claim import Claim, read

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


def command(claim: Claim, kept: dict[str, Any] | None = None) -> str:
    """What runs a claim, or ran it."""
    budget = (kept or {}).get("budget") or "standard"
    return f"lit-cnns claim {claim.id}" + (f" --data DATA --budget {budget}" if claim.needs_data else "")


def ran_with(kept: dict[str, Any]) -> str:
    """What results depend on, in a line."""
    found, data = kept["conditions"], kept["results"].get("data")
    parts = [f"budget {kept['budget']}" if kept["budget"] else "", f"data: {data}" if data else ""]
    runs = kept["results"].get("runs")
    if isinstance(runs, list):
        seconds = sum(run["seconds"] for run in (*runs, *kept["results"]["tuning"]))
        parts.append(f"{len(runs)} runs and {len(kept['results']['tuning'])} for the rates, {seconds / 3600:.1f} hours")
    return "; ".join([*filter(None, parts), f"{found['device']}, torch {found['torch']}"])
