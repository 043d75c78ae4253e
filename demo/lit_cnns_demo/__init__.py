"""The lab: a browser app over checkpoints."""
