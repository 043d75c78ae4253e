"""A folder of a sharded run is a checkpoint like any other, and executes nothing."""

import fcntl
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import lightning as L
import pytest
import torch
import torch.distributed as dist
from lightning.pytorch.strategies import SingleDeviceStrategy
from PIL import Image
from torch.distributed.checkpoint import FileSystemWriter, save

import lit_cnns
from lit_cnns import recipes, runs
from lit_cnns.checkpoint_io import sweep, write_together
from lit_cnns.checkpoints import CheckpointError, describe, load
from lit_cnns.cli import main
from lit_cnns.data import data_of
from lit_cnns.sharded import is_sharded


@pytest.fixture(params=["state_dict", "model"])  # as ModelParallelStrategy and FSDPStrategy call the weights
def sharded(tmp_path, request):
    module = lit_cnns.build("lenet5_modern")
    folder = tmp_path / "last.ckpt"
    state = {request.param: module.state_dict(), "optimizer_0": {"param_groups.0.lr": 0.1}}
    with pytest.warns(UserWarning, match="single process"):
        save(state, storage_writer=FileSystemWriter(folder), no_dist=True)
    torch.save({"lit_cnns": module.describe()}, folder / "meta.pt")
    return module, folder


def test_its_network_comes_back_whole(sharded):
    module, folder = sharded
    assert describe(folder)["class"] == "LitLeNet5"
    again = load(folder).state_dict()
    assert all(value.equal(again[name]) for name, value in module.state_dict().items())


def test_convert_makes_it_one_file(sharded, capsys):
    module, folder = sharded
    assert main(["convert", str(folder), str(folder.parent / "one.ckpt")]) == 0
    assert load(folder.parent / "one.ckpt").net.C1.weight.equal(module.net.C1.weight)


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_code_in_its_table_of_contents_is_not_executed(sharded, monkeypatch):
    _, folder = sharded
    monkeypatch.chdir(folder.parent)
    (folder / ".metadata").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(CheckpointError, match=r"names posix\.mkdir, which no table of contents needs; nothing of it"):
        load(folder)
    assert not (folder.parent / "executed").exists()


def test_a_lost_or_cut_part_is_named(sharded):
    _, folder = sharded
    part = next(folder.glob("*.distcp"))
    whole = part.read_bytes()
    part.write_bytes(whole[:100])
    with pytest.raises(CheckpointError, match="describes more weights than its parts hold"):
        load(folder)
    part.write_bytes(b"\0" * len(whole))
    with pytest.raises(CheckpointError, match="is damaged or incomplete"):
        load(folder)
    part.unlink()
    with pytest.raises(CheckpointError, match=f"its part {re.escape(part.name)} is missing"):
        load(folder)
    (folder / ".metadata").write_bytes(b"")
    with pytest.raises(CheckpointError, match="is damaged or incomplete"):
        load(folder)


class Folders(SingleDeviceStrategy):
    """Writes a folder of two files; with a hole in the checkpoint it gets no further than the first."""

    def save_checkpoint(self, checkpoint, filepath, storage_options=None):
        Path(filepath).mkdir(exist_ok=True)
        for name in ("one", "two"):
            (Path(filepath) / name).write_text(checkpoint[name])


def written(path: Path) -> dict[str, str]:
    return {str(file.relative_to(path)): file.read_text() for file in path.rglob("*") if file.is_file()}


def test_a_folder_is_written_whole_or_not_at_all(tmp_path):
    strategy = Folders("cpu")
    for _ in range(2):  # a Trainer sets up for each of its verbs
        write_together(strategy)
    path = tmp_path / "checkpoints" / "last.ckpt"
    for text in ("first", "second"):
        strategy.save_checkpoint({"one": text, "two": text}, path)
        assert written(tmp_path) == {f"checkpoints/last.ckpt/{name}": text for name in ("one", "two")}
    with pytest.raises(KeyError):
        strategy.save_checkpoint({"one": "third"}, path)
    assert written(path) == {"one": "second", "two": "second"}
    assert [*path.parent.iterdir()] == [path]


def test_a_folder_takes_the_place_of_a_file_and_a_file_that_of_a_folder(tmp_path):
    folders, files, path = Folders("cpu"), SingleDeviceStrategy("cpu"), tmp_path / "last.ckpt"
    for strategy in (files, folders):
        write_together(strategy)
    for strategy in (files, folders, files):
        strategy.save_checkpoint({"one": "1", "two": "2"}, path)
        assert path.is_dir() == (strategy is folders)
        assert [*tmp_path.iterdir()] == [path]
    assert torch.load(path) == {"one": "1", "two": "2"}


def test_what_killed_processes_left_is_swept_away_and_what_is_being_written_stays(tmp_path):
    left, held = tmp_path / "run" / ".last.ckpt.12ab.part", tmp_path / "run" / ".best.ckpt.34cd.part"
    for part in (left, held):
        (part / "whole").mkdir(parents=True)
    with_lock = os.open(held, os.O_RDONLY)
    fcntl.flock(with_lock, fcntl.LOCK_EX)
    sweep(tmp_path)
    assert [*(tmp_path / "run").iterdir()] == [held]
    os.close(with_lock)
    sweep(tmp_path)
    assert not [*(tmp_path / "run").iterdir()]


@pytest.mark.slow
def test_two_processes_leave_a_folder_that_is_loaded_and_gone_on_from(tmp_path):
    recipe = ["--config", "resnet20_cifar/digits", "--config", "trainer/sharded", "--trainer.precision=32-true"]
    two = ["--trainer.accelerator=cpu", "--trainer.devices=2", "--trainer.strategy.data_parallel_size=2"]
    kept = ["--trainer.strategy.save_distributed_checkpoint=true", "--trainer.enable_progress_bar=false"]

    def fit(*more: str) -> str:
        words = [sys.executable, "-m", "lit_cnns", "fit", *recipe, *two, *kept, *more]
        return subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=600).stdout

    assert "39 steps" in fit("--trainer.max_epochs=1")
    last = runs.resolve("last", tmp_path / "runs")
    assert last is not None
    assert is_sharded(last)
    assert not [*last.parent.glob(".*"), *last.parent.glob("*.before.ckpt")]
    logged = runs.curves(last.parent.parent)["val/loss"][-1][1]
    data = data_of(recipes.read_config(recipes.find_config("resnet20_cifar/digits")))
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    found = L.Trainer(accelerator="cpu", **quiet).validate(lit_cnns.load(last), data, verbose=False)
    assert found[0]["val/loss"] == pytest.approx(logged, abs=1e-5)
    assert "Done after 2 epochs, 78 steps" in fit("--trainer.max_epochs=2", "--resume=auto")


@pytest.mark.slow
@pytest.mark.ddp
def test_processes_that_share_weights_validate_shares_of_other_lengths_without_waiting_for_ever(tmp_path):
    for split, counts in (("train", (2, 2)), ("val", (3, 2))):  # a batch of 2: two for process 0 and one for process 1
        for name, count in zip(("cat", "dog"), counts, strict=True):
            (tmp_path / split / name).mkdir(parents=True)
            for place in range(count):
                Image.new("RGB", (32, 32), (90 * place, 40, 200)).save(tmp_path / split / name / f"{place}.png")
    words = ["fit", "--model=resnet20_cifar", "--config=trainer/sharded", "--trainer.precision=32-true"]
    pictures = ["--data=ImageFolder", f"--data.root={tmp_path}", "--data.image_size=32", "--data.resize=32"]
    two = ["--trainer.accelerator=cpu", "--trainer.devices=2", "--trainer.strategy.data_parallel_size=2"]
    few = ["--data.global_batch_size=4", "--data.train_crop=central_square", "--data.train_resize=32"]
    command = [sys.executable, "-m", "lit_cnns", *words, *pictures, *few, *two, "--trainer.max_epochs=1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done after 1 epochs, 1 steps" in done.stdout


def gathered(rank: int, meeting: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    strategy = Folders("cpu")
    strategy.connect(lit_cnns.build("resnet20_cifar"))
    for buffer in strategy.lightning_module.buffers():
        buffer.fill_(rank)
    write_together(strategy)
    state = strategy.lightning_module_state_dict()
    assert not any(state[name].any() for name, _ in strategy.lightning_module.named_buffers())
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.ddp
def test_whichever_process_writes_batch_norms_statistics_they_are_process_0s(tmp_path):
    torch.multiprocessing.spawn(gathered, (tmp_path / "meeting",), nprocs=2)
