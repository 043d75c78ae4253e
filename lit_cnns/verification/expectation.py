"""What a recipe promises."""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from lit_cnns.evaluation import PROTOCOLS

STANDARD_ERRORS = 2


@dataclass(frozen=True)
class Expectation:
    """A recipe's `expects`, in percent.

    Args:
        source: who has found the figures, or that nobody has.
        top1: share of pictures whose class comes first.
        top5: share of pictures whose class is among the first five.
        protocol: by which the figures were found, one of `lit_cnns.evaluation.PROTOCOLS` or another in words.
        scales: shorter sides, where they are not the protocol's own.
        split: val or test; a run itself measures val by the central crop.
        pictures: size of the set.
        tolerance: how far below a good run may end.
        by_epoch: validation top-1 after so many epochs.
    """

    source: str
    top1: float | None = None
    top5: float | None = None
    protocol: str = "center"
    scales: list[int] = field(default_factory=list)
    split: str = "val"
    pictures: int = 0
    tolerance: float = 1.0
    by_epoch: dict[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, said: dict[str, Any]) -> "Expectation":
        """From a YAML.

        Raises:
            ValueError: a key that means nothing here, no source, or a figure that is no share in percent.
        """
        allowed = [f.name for f in fields(cls)]
        if unknown := sorted(set(map(str, said)) - set(allowed)):
            raise ValueError(f"`expects` takes {', '.join(allowed)}, not {', '.join(unknown)}.")
        if "source" not in said:
            raise ValueError("`expects` needs a source: who has found its figures, or that nobody has.")
        shares = [said.get("top1"), said.get("top5"), said.get("tolerance"), *(said.get("by_epoch") or {}).values()]
        if wrong := [share for share in shares if share is not None and not _is_share(share)]:
            raise ValueError(f"The figures of `expects` are shares in percent, 0 to 100, not {wrong[0]!r}.")
        return cls(**said)

    @property
    def figures(self) -> dict[str, float]:
        """Those that there are."""
        found = {"top1": self.top1, "top5": self.top5}
        return {name: value for name, value in found.items() if value is not None}

    def least(self, figure: float, tolerances: int = 1) -> float:
        """The smallest share that does not count as below `figure`: tolerances and two standard errors less."""
        share = figure / 100
        error = 100 * math.sqrt(share * (1 - share) / self.pictures) if self.pictures else 0.0
        return figure - tolerances * self.tolerance - STANDARD_ERRORS * error

    def command(self, checkpoint: str) -> str | None:
        """The line that measures a checkpoint as the figures were; None where this package cannot."""
        if self.protocol not in PROTOCOLS:
            return None
        words = ["lit-cnns", "validate" if self.split == "val" else "test", "--ckpt_path", checkpoint]
        words += [] if self.protocol == "center" else ["--protocol", self.protocol]
        words += ["--scales", f"[{','.join(map(str, self.scales))}]"] if self.scales else []
        return " ".join(words)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 100
