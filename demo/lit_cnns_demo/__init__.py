"""The lab: a browser app that puts any number of checkpoints side by side."""

from .lab import build, launch, serve

__all__ = ["build", "launch", "serve"]
