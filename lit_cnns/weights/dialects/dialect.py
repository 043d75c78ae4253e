"""How others call the layers of a network: a table of rules for each project and family."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

Found = re.Match[str]
Rule = tuple[str, str | Callable[[Found, Sequence[str]], str]]  # a pattern, and what stands in its place
Network = tuple[str, dict[str, Any]]  # a name of the lineage, and arguments besides its row's

IMAGENET = {"resize": 256, "crop": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


@dataclass(frozen=True)
class Dialect:
    """One project's names for one family.

    Args:
        title: whose names.
        mark: a pattern that its list of names has, a line a name.
        rules: from its names to ours, applied in turn; a function also gets the layers of our network, in order.
        networks: which of ours it can be.
        reorder: puts the maps of a tensor, by our name, into our order.
        preprocessing: what its pictures go through, where the source does not say.
        bgr: its pictures are blue, green, red from 0 to 255.
    """

    title: str
    mark: str
    rules: tuple[Rule, ...]
    networks: tuple[Network, ...]
    reorder: Callable[[str, Tensor], Tensor] | None = None
    preprocessing: dict[str, Any] = field(default_factory=lambda: IMAGENET)
    bgr: bool = False

    def speaks(self, names: Sequence[str]) -> bool:
        """Whether a list of names is in this dialect."""
        return re.search(self.mark, "\n".join(names), re.MULTILINE | re.DOTALL) is not None

    def in_our_names(self, name: str, layers: Sequence[str]) -> str:
        """The name of a tensor in a network of ours with these layers."""
        for pattern, ours in self.rules:
            name = re.sub(pattern, ours if isinstance(ours, str) else lambda found, to=ours: to(found, layers), name)
        return name

    def translate(self, weights: dict[str, Tensor], layers: Sequence[str]) -> dict[str, Tensor]:
        """The tensors under our names, in our order of maps."""
        named = {self.in_our_names(name, layers): value for name, value in weights.items()}
        return {name: self.reorder(name, value) for name, value in named.items()} if self.reorder else named
