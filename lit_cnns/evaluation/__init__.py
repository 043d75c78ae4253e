"""How a network is tested: what counts as correct, on which views of a picture, and beside which others."""

from lit_cnns.evaluation.comparison import Answers, Comparison, Contestant, comparing, interval
from lit_cnns.evaluation.counts import NO_FLOAT64, NOT_COUNTED, correct_at, in_float64, top_classes
from lit_cnns.evaluation.labels import canonical, groups, label_map, share_classes
from lit_cnns.evaluation.protocols import PROTOCOLS, Protocol, Window, protocol, windows
from lit_cnns.evaluation.sliding import fully_convolutional
from lit_cnns.evaluation.views import Views, mean_probabilities

__all__ = [
    "NOT_COUNTED",
    "NO_FLOAT64",
    "PROTOCOLS",
    "Answers",
    "Comparison",
    "Contestant",
    "Protocol",
    "Views",
    "Window",
    "canonical",
    "comparing",
    "correct_at",
    "fully_convolutional",
    "groups",
    "in_float64",
    "interval",
    "label_map",
    "mean_probabilities",
    "protocol",
    "share_classes",
    "top_classes",
    "windows",
]
