"""The lab answers what is broken or hostile with a result or a sentence, executes nothing, and stays."""

import random
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from lit_cnns_demo import build, serve

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from hostile_inputs import LAB, hostile_files, special_pictures
from lab_hostile import Attack, attack, events, kinds

SOUND = (LAB / "examples" / "chelsea.jpg").read_bytes()
OF_EACH_KIND = {"wrong values, endpoints": 14, "wrong values, page events": 10, "presses nobody pressed": 8}
EACH = 6  # of the other kinds


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `hostile/`, and `executed` if anything of it was."""
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """The address of a lab over hostile files."""
    hostile_files(folder / "hostile", folder / "executed", random.Random(0), broken=4, bomb=10_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "gradio"))
        demo = build([folder / "hostile"])
        _, url, _ = serve(demo, prevent_thread_lock=True, quiet=True)
        yield url
        demo.close()


@pytest.fixture
def used(url: str) -> Attack:
    return Attack(url)


def test_a_sample_of_hostile_inputs_is_answered_and_nothing_executed(used: Attack, folder: Path) -> None:
    rng = random.Random(0)
    for kind, inputs in kinds(used, rng, len(special_pictures()) + 40).items():
        used.send(kind, rng.sample(inputs, min(OF_EACH_KIND.get(kind, EACH), len(inputs))))
    assert used.sent >= 50
    assert not used.unanswered
    assert used.counts["wrong values, endpoints"]["sentence"] > 5
    used.send("at the end", [partial(used.picture, SOUND, "a.jpg")])
    assert used.counts["at the end"]["result"] == 1
    assert not (folder / "executed").exists()


def test_no_event_of_the_page_trips_over_values_or_a_press_that_are_missing(used: Attack) -> None:
    wrong, pressed = events(used, random.Random(0))
    used.send("missing values", [one for one in wrong if all(value is None for value in one.args[1])])
    used.send("missing presses", [one for one in pressed if not one.args[3]])
    assert used.sent > 50
    assert not used.unanswered


@pytest.mark.slow
def test_a_thousand_hostile_inputs_are_answered_and_nothing_executed() -> None:
    used, files, stands, executed = attack(400, seed=1)
    assert files > 80
    assert used.sent > 1000
    assert not used.unanswered
    assert stands
    assert not executed
