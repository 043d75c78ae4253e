"""Weights in: from torchvision, timm, Caffe and files into the networks of the lineage, and guests with theirs.

Weights out stand in files of their own, which take more packages: `exporting`, `hub` and `timm_models`.
"""

from lit_cnns.weights.caffe import read_mean
from lit_cnns.weights.converting import convert, guest, guest_names, guest_size, origin, start_from, untrained
from lit_cnns.weights.fitting import Fit, adapt_channels
from lit_cnns.weights.identifying import read
from lit_cnns.weights.source import Source

__all__ = [
    "Fit",
    "Source",
    "adapt_channels",
    "convert",
    "guest",
    "guest_names",
    "guest_size",
    "origin",
    "read",
    "read_mean",
    "start_from",
    "untrained",
]
