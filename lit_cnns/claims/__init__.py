"""The papers' claims: what each says, how it is checked here, and what was found.

Each lies in a file that bears its name in `papers/claims.yaml` and holds one `CLAIM`.
"""

import difflib
from importlib import import_module

from .claim import Budget, Claim, Settings, draw, headline, paragraph, read, renew, run, statement, verdict_of
from .committed import NOT_RUN, command, committed, committed_figure, ran_with, state
from .judging import Interval, Verdict

__all__ = [
    "CLAIMS",
    "NOT_RUN",
    "Budget",
    "Claim",
    "Interval",
    "Settings",
    "Verdict",
    "claim",
    "command",
    "committed",
    "committed_figure",
    "draw",
    "headline",
    "paragraph",
    "ran_with",
    "read",
    "renew",
    "run",
    "state",
    "statement",
    "told",
    "verdict_of",
]

CLAIMS: dict[str, str] = {
    "depth_and_error": "counting",
    "parameter_counts": "counting",
    "where_parameters_sit": "counting",
    "three_3x3": "counting",
    "two_3x3": "counting",
    "one_by_one": "counting",
    "googlenet_12x": "counting",
    "resnet152_cheaper_than_vgg": "counting",
    "gradient_norms": "looking",
    "activation_statistics": "looking",
    "effective_receptive_field": "looking",
    "small_responses": "looking",
    "towers_specialise": "looking",
    "relu_6x": "training",
    "lrn_cifar": "training",
    "dropout_iterations": "training",
    "bn_speed": "training",
    "degradation": "training",
    "shortcut_options": "training",
    "augmentation": "training",
    "overlap_pool": "training",
    "small_filters": "training",
    "vgg_depth": "training",
    "auxiliary_heads": "training",
    "googlenet_gap": "training",
    "identity_shortcuts": "training",
}


def claim(id: str) -> Claim:
    """A claim by its name.

    Raises:
        ValueError: no such claim; the nearest names are given.
    """
    if id not in CLAIMS:
        near = difflib.get_close_matches(id, CLAIMS, n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "`lit-cnns claim` lists all."
        raise ValueError(f"There is no claim {id!r}; {hint}")
    found: Claim = import_module(f"lit_cnns.claims.{id}").CLAIM
    return found
