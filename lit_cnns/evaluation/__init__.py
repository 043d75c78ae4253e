"""How a network is tested: what counts as correct, and on which views of a picture."""

from lit_cnns.evaluation.counts import correct_at, top_classes

__all__ = ["correct_at", "top_classes"]
