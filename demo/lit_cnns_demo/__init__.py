"""The lab: a browser app that puts any number of checkpoints side by side."""

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read by gradio when it is imported

from .lab import build
from .serving import credentials, heed_sigterm, launch, mount, serve

__all__ = ["build", "credentials", "heed_sigterm", "launch", "mount", "serve"]
