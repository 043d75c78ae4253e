"""A sentence as it is told, cut into its parts, and how the parts make its verdict."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from torch import nn

from lit_cnns import lineage, papers

from ..claim import verdict_of
from ..committed import committed, committed_folder
from ..counting import without_weights
from ..judging import Interval

Standing = Literal["right", "right in part", "differs", "not at this scale", "not yet run", "no measurement"]
Word = Literal["right", "right in part", "differs", "not at this scale", "not measurable", "runnable, not yet run"]
Kept = dict[str, Any]

TIMES = "times.json"
OF_CLAIM: dict[str, Standing] = {"holds": "right", "holds in direction": "right in part", "does not hold": "differs"}


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Args:
        parts: the statements of which a sentence consists, and how each stands; True is right, False differs.
        figures: what was counted, measured or read, by the names that the texts beside the check have for it.
    """

    parts: Mapping[str, Standing | bool]
    figures: Mapping[str, Any]

    def standings(self) -> dict[str, Standing]:
        """How each part stands, in words."""
        words: dict[bool, Standing] = {True: "right", False: "differs"}
        return {part: words[found] if isinstance(found, bool) else found for part, found in self.parts.items()}

    def word(self) -> Word:
        """The verdict of the sentence, by the rule for all of them.

        While a part waits for a claim that has not been run, there is none. Parts that are no measurement are left out;
        where nothing else is, the sentence is not measurable. It is right if all its parts are, and it differs if all
        that are measured do; where one is undecided, so is the sentence; else it is right in part.
        """
        found = [*self.standings().values()]
        measured = {standing for standing in found if standing != "no measurement"}
        if "not yet run" in measured:
            return "runnable, not yet run"
        if not measured:
            return "not measurable"
        if "not at this scale" in measured:
            return "not at this scale"
        if measured == {"differs"}:
            return "differs"
        return "right" if {*found} == {"right"} else "right in part"


def _times() -> Kept | None:
    folder = committed_folder("told")
    path = folder / TIMES if folder else None
    return json.loads(path.read_text()) if path and path.is_file() else None


@dataclass(frozen=True)
class Sources:
    """What sentences are checked on; tests put other networks and data in its place.

    Args:
        network: a network of the lineage by its name, laid out without weights and auxiliary heads.
        built: the same with random weights.
        row: what the papers say of one.
        table: its layers in order.
        rows: what the papers say of all of them.
        ilsvrc: the challenge.
        claim: what a claim's run left, or None.
        times: what `lit_cnns.claims.told.times` measured, or None.
    """

    network: Callable[[str], nn.Module] = field(default_factory=lambda: cache(without_weights))
    built: Callable[[str], nn.Module] = lambda name: lineage.build(name).net
    row: Callable[[str], dict[str, Any]] = papers.row
    table: Callable[[str], list[dict[str, Any]]] = papers.layer_table
    rows: Callable[[], dict[str, dict[str, Any]]] = papers.rows
    ilsvrc: Callable[[], dict[str, Any]] = papers.ilsvrc
    claim: Callable[[str], Kept | None] = committed
    times: Callable[[], Kept | None] = _times

    def standing(self, claim: str) -> Standing:
        """How a part stands that is a claim."""
        kept = self.claim(claim)
        return OF_CLAIM.get(verdict_of(kept).word, "not at this scale") if kept else "not yet run"

    def measured(self, claim: str) -> Interval | None:
        """The figure by which a claim was judged, where it has been run."""
        kept = self.claim(claim)
        return verdict_of(kept).value if kept else None

    def trained_on(self, claim: str) -> dict[str, Any]:
        """The `pictures` and the `data` of a claim's runs; empty where it has not been run by training."""
        results = (self.claim(claim) or {}).get("results", {})
        if "scale" not in results:
            return {}
        count = results["scale"]["pictures"]
        data = results["data"].removeprefix("a folder of pictures, ")
        return {"pictures": f"{count:,}" if count else "all", "data": data}


Check = Callable[[Sources], Checked]


def above(found: Interval, level: float = 0.0, nothing: float | None = None) -> Standing:
    """How a part stands that says that something is above a level: by its whole interval.

    Args:
        found: what was measured.
        level: it is right if the interval lies above this.
        nothing: else it differs if the interval lies below this, which may be a little above the level.
    """
    if found.low > level:
        return "right"
    return "differs" if found.high < (level if nothing is None else nothing) else "not at this scale"


def kernels(net: nn.Module) -> dict[str, nn.Conv2d]:
    """The convolutions of a network by their names."""
    return {name: layer for name, layer in net.named_modules() if isinstance(layer, nn.Conv2d)}


def parameters(net: nn.Module) -> int:
    """Trainable parameters."""
    return sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)
