"""The lab: a browser app that puts any number of checkpoints side by side."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported

from .lab import build
from .serving import credentials, launch, mount, serve

__all__ = ["build", "credentials", "launch", "mount", "serve"]
