import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data sets beside the project; a user's machine does not have it."""
    folder = Path(os.environ.get("LIT_CNNS_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data folder at {folder} (set LIT_CNNS_SHARED)")
    return folder
