"""What is kept of a run that is cut."""

import io
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

import lit_cnns
from lit_cnns.checkpoint_io import sweep, write_whole
from lit_cnns.checkpoints import save_slim
from lit_cnns.interruption import SaveWhenCut
from lit_cnns.runs import claim, going_on


class FailsAtOnce(Callback):
    def on_train_start(self, trainer, pl_module):
        raise ValueError("no")


class FailsAfterAStep(Callback):
    def on_train_batch_end(self, trainer, pl_module, *_):
        raise ValueError("no")


@pytest.mark.parametrize(("failure", "kept"), [(FailsAtOnce, False), (FailsAfterAStep, True)])
def test_a_resumed_run_is_kept_when_it_has_made_a_step_of_its_own(tmp_path, capsys, failure, kept):
    def run(*callbacks, **options):
        trainer = L.Trainer(
            accelerator="cpu",
            max_epochs=2,
            limit_train_batches=1,
            limit_val_batches=1,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[*callbacks, ModelCheckpoint(tmp_path, "first"), SaveWhenCut()],
        )
        trainer.fit(lit_cnns.build("lenet5_modern"), lit_cnns.Digits(), **options)

    with pytest.raises(ValueError, match="no"):
        run(FailsAfterAStep())
    (tmp_path / "cut.ckpt").rename(tmp_path / "earlier.ckpt")
    with pytest.raises(ValueError, match="no"):
        run(failure(), ckpt_path=tmp_path / "earlier.ckpt")
    assert (tmp_path / "cut.ckpt").exists() == kept
    assert capsys.readouterr().err.count("Go on with the same command") == 1 + kept


def test_starts_at_the_same_moment_get_folders_of_their_own(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda _: claim(tmp_path / "a"), range(40)))
    assert sorted(versions) == list(range(40))


def test_the_other_processes_of_a_run_make_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    claim(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def saved(path, seconds):
    save_slim(lit_cnns.build("lenet5_modern", num_classes=3), path)
    os.utime(path, (seconds, seconds))
    return path


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before_it(tmp_path, capsys):
    older = saved(tmp_path / "version_0" / "last.ckpt", 1000)
    newer = saved(tmp_path / "version_1" / "cut.ckpt", 2000)
    saved(tmp_path / "version_2" / "best.ckpt", 3000)
    assert going_on("auto", tmp_path) == newer
    newer.write_bytes(newer.read_bytes()[:-100])
    assert going_on("auto", tmp_path) == older
    assert "cut.ckpt is cut short" in capsys.readouterr().err
    older.unlink()
    assert going_on("auto", tmp_path) is None


def test_what_a_killed_run_left_is_gone_when_a_run_goes_on(tmp_path):
    whole = saved(tmp_path / "version_0" / "last.ckpt", 1000)
    part = tmp_path / "version_1" / ".last.ckpt.12345678.part"
    part.parent.mkdir()
    part.write_bytes(b"half of it")
    assert going_on("auto", tmp_path) == whole
    assert not part.exists()


class Interrupted(io.FileIO):
    def write(self, part):
        if len(part) > 1000:
            raise KeyboardInterrupt
        return super().write(part)


def test_ctrl_c_in_the_middle_of_a_checkpoint_stays_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "open", lambda path, mode: Interrupted(path, mode))
    with pytest.raises(KeyboardInterrupt):
        write_whole({"weights": torch.zeros(1000)}, tmp_path / "last.ckpt")
    assert not list(tmp_path.iterdir())


def test_a_writer_that_is_killed_leaves_the_old_file_and_its_remains_are_swept(tmp_path):
    path = tmp_path / "last.ckpt"
    write_whole({"weights": torch.zeros(3)}, path)
    pid = os.fork()
    if pid == 0:
        os.fsync = lambda _: time.sleep(60)  # killed when everything is written but nothing is renamed
        write_whole({"weights": torch.ones(3)}, path)
        os._exit(0)
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob(".*.part")) and time.monotonic() < deadline:
        time.sleep(0.01)
    sweep(tmp_path)
    assert list(tmp_path.glob(".*.part"))  # its writer is alive
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert torch.equal(torch.load(path)["weights"], torch.zeros(3))
    sweep(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]
