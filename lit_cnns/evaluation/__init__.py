"""How a network is tested: what counts as correct, and on which views of a picture."""

from lit_cnns.evaluation.counts import correct_at, top_classes
from lit_cnns.evaluation.protocols import PROTOCOLS, Protocol, Window, protocol, windows
from lit_cnns.evaluation.sliding import fully_convolutional
from lit_cnns.evaluation.views import Views, mean_probabilities

__all__ = [
    "PROTOCOLS",
    "Protocol",
    "Views",
    "Window",
    "correct_at",
    "fully_convolutional",
    "mean_probabilities",
    "protocol",
    "top_classes",
    "windows",
]
