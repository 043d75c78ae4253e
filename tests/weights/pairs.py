"""The script that compares our networks with other libraries', for tests."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"

sys.path.insert(0, str(DOCS))
from logits_table import compare, offered, pairs  # noqa: E402

sys.path.pop(0)

__all__ = ["DOCS", "compare", "offered", "pairs"]
