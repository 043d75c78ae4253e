import subprocess
import sys

import pytest

import lit_cnns

HEAVY = ("torch", "lightning", "torchvision", "torchmetrics", "timm", "gradio", "sklearn", "numpy", "matplotlib")


def imported_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter holds after the statement."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{statement}\nprint('\\n'.join(sys.modules), file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in done.stderr.split()}


def test_the_door_opens_without_torch():
    assert imported_by("import lit_cnns").isdisjoint(HEAVY)


QUICK = [["--help"], ["--version"], ["models", "--help"], ["demo", "--help"], ["claim", "--help"], ["claim"]]


@pytest.mark.parametrize("words", QUICK, ids=" ".join)
def test_help_version_and_the_list_of_claims_answer_without_torch(words):
    statement = f"""
from lit_cnns.cli import main
sys.argv = ["lit-cnns", *{words!r}]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    assert imported_by(statement).isdisjoint(HEAVY)


@pytest.mark.parametrize("name", lit_cnns.__all__)
def test_every_name_at_the_door_is_behind_it(name):
    assert getattr(lit_cnns, name) is not None


def test_the_door_lists_at_most_25_names():
    assert len(lit_cnns.__all__) <= 25
    assert set(lit_cnns.__all__) <= set(dir(lit_cnns))


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="LitLeNet6"):
        lit_cnns.LitLeNet6  # noqa: B018
