"""The claims in the lab: verdicts that ship, and runs one at a time, which can be stopped, on no path of a client's."""

import re
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from lit_cnns_demo import reruns, verdicts
from lit_cnns_demo.languages import KOREAN, in_korean
from lit_cnns_demo.reruns import Rerun, Reruns

from lit_cnns import claims
from lit_cnns.claims import told


@pytest.fixture(scope="module")
def client(lab: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return Client(lab, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder that claims may be trained on, by its layout."""
    folder = tmp_path / "small pictures"
    (folder / "train").mkdir(parents=True)
    return folder


class Pretended:
    """The process of a run that says two lines and then waits, or ends."""

    def __init__(self, command: list[str], code: int | None, said: str = "", **_: Any) -> None:
        self.command, self.returncode, self.killed = command, code, False
        folder = Path(command[command.index("--folder") + 1])
        self.stdout = iter(["relu_6x, 1 of 8: ReLU, seed 0\n", "something else\n", "relu_6x, 2 of 9: tanh, seed 0\n"])
        if code:
            (folder / "errors").write_text(f"lit-cnns: error: {said}\n")

    def poll(self) -> int | None:
        return self.returncode

    def kill(self) -> None:
        self.killed = True

    def wait(self) -> None:
        assert self.killed


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Pretended]:
    """The processes of the runs that were started, none of which is one."""
    runs: list[Pretended] = []

    def start(command: list[str], **options: Any) -> Pretended:
        runs.append(Pretended(command, None))
        return runs[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return runs


def test_programs_get_every_claim_with_its_verdict(client: Client) -> None:
    listed = {row["id"]: row for row in client.predict(api_name="/claims")}
    assert list(listed) == list(claims.CLAIMS)
    assert listed["three_3x3"]["verdict"] == "holds"
    assert listed["googlenet_12x"]["verdict"] == "holds in direction"
    assert listed["relu_6x"]["needs_pictures"]
    one = client.predict("three_3x3", api_name="/claim")
    assert one["results"]["stack"]["per_c2"] == 27
    assert one["figure"].lstrip().startswith("<?xml")
    assert "27 C^2" in one["finding"]
    with pytest.raises(AppError, match="There is no claim 'three'"):
        client.predict("three", api_name="/claim")


def test_programs_get_the_sentences_as_told_in_both_languages(client: Client) -> None:
    found = client.predict(api_name="/told")
    assert [row["id"] for row in found] == list(told.CHECKS)
    towers = next(row for row in found if row["id"] == "towers")
    assert towers["word"] == "right in part"
    assert "fc6" in towers["found"]["en"]
    assert "fc6" in towers["found"]["ko"]


def test_a_count_is_run_again_at_once_and_leaves_nothing(client: Client) -> None:
    job = client.submit("two_3x3", "", api_name="/rerun_claim")
    end = job.result(timeout=120)
    assert (end["state"], end["verdict"]) == ("done", "holds")
    assert "<svg" in end["figure"]


def test_a_claim_on_pictures_takes_no_path_from_a_client(client: Client, pictures: Path) -> None:
    with pytest.raises(AppError, match="open the lab with --data FOLDER"):
        client.predict("relu_6x", str(pictures), api_name="/rerun_claim")
    given = Reruns([pictures, pictures.parent])
    assert given.folders == {"small pictures": pictures}
    with pytest.raises(ValueError, match="There are no pictures '/etc' to train on here, but small pictures"):
        next(given.run("relu_6x", "/etc", threading.Event()))


def test_two_folders_of_one_name_are_told_apart(tmp_path):
    folders = [tmp_path / place / "pictures" for place in ("first", "second")]
    for folder in folders:
        (folder / "train").mkdir(parents=True)
    assert Reruns(folders).folders == {"pictures": folders[0], "second/pictures": folders[1]}


def test_a_run_tells_how_far_it_has_come_and_ends_when_it_is_stopped(pictures: Path, started: list[Pretended]) -> None:
    stopped = threading.Event()
    run = Reruns([pictures]).run("relu_6x", None, stopped)
    for now in run:
        assert now.state == "running"
        if len(now.lines) == 2:
            break
    assert now.lines == ["ReLU, seed 0", "tanh, seed 0"]
    assert now.steps == 9
    assert f"2 of {now.steps} runs" in verdicts.rerun_html("relu_6x", now)
    command = started[0].command
    assert command[command.index("--data") + 1] == str(pictures)
    folder = Path(command[command.index("--folder") + 1])
    assert folder.is_dir()
    stopped.set()
    assert [now.state for now in run] == ["stopped"]
    assert started[0].killed
    assert not folder.exists()


def test_a_program_that_leaves_ends_its_run(client: Client, started: list[Pretended]) -> None:
    job = client.submit("gradient_norms", "", api_name="/rerun_claim")
    give_up = time.monotonic() + 60
    while not job.outputs() and time.monotonic() < give_up:
        time.sleep(0.1)
    assert job.outputs()[0]["state"] == "running"
    job.cancel()
    while not started[0].killed and time.monotonic() < give_up:
        time.sleep(0.1)
    assert started[0].killed


def test_a_run_that_fails_says_why_without_a_path(pictures: Path, monkeypatch: Any) -> None:
    said = f"No pictures in {pictures}."
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: Pretended(command, 2, said))
    with pytest.raises(ValueError, match=r"^No pictures in small pictures\.$"):
        list(Reruns([pictures]).run("relu_6x", None, threading.Event()))


def test_one_runs_a_few_wait_and_the_next_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr("lit_cnns_demo.waiting.BETWEEN", 0.01)
    line = Reruns()
    monkeypatch.setattr(reruns, "_counted", lambda claim: iter([Rerun("running"), Rerun("done")]))
    waiting = [line.run("three_3x3", None, threading.Event()) for _ in range(1 + reruns.MOST_WAITING)]
    states = [next(run) for run in waiting]
    assert [(now.state, now.ahead) for now in states] == [("running", 0), *(("waiting", n) for n in (1, 2, 3))]
    with pytest.raises(ValueError, match="Another run is under way"):
        next(line.run("three_3x3", None, threading.Event()))
    assert [now.state for now in waiting[0]] == ["done"]
    assert next(waiting[1]).state == "running"
    waiting[2].close()  # who leaves makes room
    next(waiting[1])
    with pytest.raises(StopIteration):
        next(waiting[1])
    assert next(waiting[3]).state == "running"


def test_every_statement_and_every_word_of_a_verdict_has_its_korean() -> None:
    for id in claims.CLAIMS:
        assert claims.headline(id) in KOREAN
    assert set(verdicts.SIGNS) | {"not at this scale", "not measurable", "no measurement"} <= set(KOREAN)
    assert {*verdicts.KINDS.values(), verdicts.ABOUT, reruns.NO_DATA, reruns.QUEUE_FULL} <= set(KOREAN)


def test_rules_and_findings_speak_korean_with_their_figures() -> None:
    hangul = re.compile("[가-힣]")
    for id in claims.CLAIMS:
        assert hangul.search(in_korean(claims.claim(id).rule)), id
        kept = claims.committed(id)
        if kept:
            sentence = claims.verdict_of(kept).sentence
            figures = re.compile(r"\d[\d,.]*\d")
            assert set(figures.findall(in_korean(sentence))) <= set(figures.findall(sentence)), id
    assert "27 C^2" in in_korean(claims.verdict_of(claims.committed("three_3x3")).sentence)
    assert in_korean("35.2 points (95 % interval 20.9 to 49.5)") == "35.2%포인트(95 % 구간 20.9 ~ 49.5)"


def test_an_unknown_claim_is_told_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean three_3x3"):
        verdicts.claim_html("three_3x")
