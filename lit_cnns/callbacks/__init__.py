"""What watches a run, and what a run writes beside its checkpoints."""

from lit_cnns.callbacks.casting import CastOnce
from lit_cnns.callbacks.predictions import PredictionTable, check_output, prediction, write_table
from lit_cnns.callbacks.sparing import NoProfiler, SparingProgressBar, spare
from lit_cnns.callbacks.watching import DeadStart, GradientNorm, ImagesPerSecond, ProbePictures

__all__ = [
    "CastOnce",
    "DeadStart",
    "GradientNorm",
    "ImagesPerSecond",
    "NoProfiler",
    "PredictionTable",
    "ProbePictures",
    "SparingProgressBar",
    "check_output",
    "prediction",
    "spare",
    "write_table",
]
