"""Two hosts, here two network namespaces with a cable between them, train as one; one that is cut off is survived."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

HOSTS = ("10.77.0.1", "10.77.0.2")
TIMEOUT = 15  # seconds after which a host takes the other for lost
FIT = [
    *("-m", "lit_cnns", "fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs=12", "--resume=auto"),
    *("--trainer.accelerator=cpu", "--trainer.strategy=ddp", f"--peer_timeout={TIMEOUT}"),
    *("--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false"),
]
ONE_HOST = ["--nnodes=1", "--nproc_per_node=2", "--master_port=29531"]
pytestmark = [pytest.mark.slow, pytest.mark.ddp]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture
def hosts():
    """The names of two namespaces that reach each other."""
    names = [f"lit{os.getpid()}{side}" for side in "ab"]
    try:
        for name in names:
            ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"network namespaces cannot be made here ({error})")
    ip("link", "add", "cable", "netns", names[0], "type", "veth", "peer", "name", "cable", "netns", names[1])
    for name, address in zip(names, HOSTS, strict=True):
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "cable")
        ip("-n", name, "link", "set", "cable", "up")
        ip("-n", name, "link", "set", "lo", "up")
    yield names
    for name in names:
        ip("netns", "del", name)


def torchrun(folder: Path, *options: str, within: tuple[str, ...] = (), fit: tuple[str, ...] = ()) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "cable" if within else "lo"}
    command = [*within, sys.executable, "-m", "torch.distributed.run", *options, *FIT, *fit]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def on_two(folder: Path, names: list[str]) -> list[subprocess.Popen]:
    common = ["--nnodes=2", "--nproc_per_node=1", f"--master_addr={HOSTS[0]}", "--master_port=29532"]
    return [
        torchrun(
            folder,
            *common,
            f"--node_rank={rank}",
            within=("ip", "netns", "exec", name),
            fit=("--trainer.devices=1", "--trainer.num_nodes=2"),
        )
        for rank, name in enumerate(names)
    ]


def finish(processes: list[subprocess.Popen], seconds: float) -> list[tuple[int, str]]:
    """Exit status and messages of each; none may be left after so many seconds."""
    deadline = time.monotonic() + seconds
    try:
        errors = [process.communicate(timeout=max(1.0, deadline - time.monotonic()))[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, error) for process, error in zip(processes, errors, strict=True)]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    newest = max(folder.rglob("last.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    contents = torch.load(newest, weights_only=True)
    assert contents["epoch"] == 11
    return contents["state_dict"]


def test_a_host_that_is_cut_off_ends_the_run_in_time_and_it_goes_on_with_two_or_one(tmp_path, hosts):
    one = ("--trainer.devices=2",)
    ((status, error),) = finish([torchrun(tmp_path / "whole", *ONE_HOST, fit=one)], 240)
    assert status == 0, error[-2000:]
    cut = tmp_path / "cut"
    processes = on_two(cut, hosts)
    deadline = time.monotonic() + 120
    while not list(cut.rglob("last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    ip("-n", hosts[1], "link", "set", "cable", "down")
    for status, error in finish(processes, 2 * TIMEOUT + 30):
        assert status == 1
        assert "lost the others" in error, error[-3000:]
    (folder,) = cut.glob("runs/*/version_*")  # one for both hosts
    contents = torch.load(folder / "checkpoints" / "cut.ckpt", weights_only=True)
    assert contents["epoch"] < 11
    ip("-n", hosts[1], "link", "set", "cable", "up")
    shutil.copytree(cut, tmp_path / "copy")
    expected = weights(tmp_path / "whole")
    for folder, again in ((cut, on_two(cut, hosts)), (tmp_path / "copy", None)):
        ended = finish(again or [torchrun(folder, *ONE_HOST, fit=one)], 240)
        assert [status for status, _ in ended] == [0] * len(ended), ended[0][1][-2000:]
        assert "Going on with" in ended[0][1]
        for name, value in weights(folder).items():
            assert torch.equal(value, expected[name]), name
