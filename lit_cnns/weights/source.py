"""Trained weights as they were found, before they are in our names."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lit_cnns.classifier import LitClassifier


@dataclass(frozen=True)
class Source:
    """Trained weights from elsewhere.

    Args:
        name: what to call it.
        weights: the tensors, under the names of whoever trained them.
        preprocessing: what pictures go through before them, as far as the source says.
        class_names: one for each logit, or none where the source does not say.
        network: the network of the lineage that it must be, where the source says.
        built: the network itself, where the source is a checkpoint of ours.
        layers: all layers in order, where the source also names those without weights.
    """

    name: str
    weights: dict[str, Tensor] = field(repr=False)
    preprocessing: dict[str, Any] = field(default_factory=dict)
    class_names: list[str] = field(default_factory=list)
    network: str | None = None
    built: LitClassifier | None = None
    layers: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What it is recognised by."""
        return self.layers or tuple(self.weights)
