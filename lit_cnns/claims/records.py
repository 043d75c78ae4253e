"""What a run has measured, kept for a later start."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lit_cnns.checkpoint_io import write_whole


def kept(place: Path, made_with: Mapping[str, Any], make: Callable[[], Any]) -> Any:
    """Plain values that an earlier start left at a place, if they were made in the same way; else made and left now."""
    if place.is_file() and (found := json.loads(place.read_text()))["made_with"] == made_with:
        return found["made"]
    made = make()
    place.parent.mkdir(parents=True, exist_ok=True)
    write_whole(json.dumps({"made_with": made_with, "made": made}).encode(), place)
    return made
