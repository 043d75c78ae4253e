"""What is kept when a run is cut by a signal, an error, a lost process or a kill, and that it goes on as if it had not.

Everything happens between two optimiser steps, where a checkpoint holds all there is: the order of the pictures and
their augmentation are functions of seed, epoch and number (`lit_cnns.data`), and so, here, is what dropout draws.
"""

import fcntl
import hashlib
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.fabric.strategies.launchers.subprocess_script import _ChildProcessObserver
from lightning.pytorch.callbacks import Callback, ModelCheckpoint, WeightAveraging
from lightning.pytorch.loops.loop import _Loop
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy, ModelParallelStrategy, SingleDeviceStrategy
from lightning.pytorch.trainer.connectors.signal_connector import _HandlersCompose
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor

from lit_cnns.checkpoint_io import WholeCheckpoints, write_together

__all__ = ["BestCheckpoint", "SaveWhenCut", "UserSignal", "whole"]

CUT, LAST = "cut.ckpt", "last.ckpt"
SAVE = -1  # in place of a signal's number: time for a checkpoint
ASK = 0.2  # seconds, about, after which several processes ask each other about signals again
MANY = 1000  # steps between two such questions, at most
SHARE = 0.02  # of the time, at most, goes into checkpoints between epochs
OF_GLOO = ("gloo", "pair closure")  # in what it says, with and without the place in its source
GRACE = 60  # seconds that this process has to save and end by itself when one that it started has died
WAIT = 2.0  # seconds that process 0 has to save after another is lost, before one of the rest does


class UserSignal(SystemExit):
    """SIGUSR1, by which a scheduler says that time is nearly up."""


STATUS = {KeyboardInterrupt: 130, SIGTERMException: 143, UserSignal: 138}  # as a shell has them: 128 + the signal
STOPS: dict[int, type[BaseException]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: SIGTERMException,
    signal.SIGUSR1: UserSignal,
}


class BestCheckpoint(ModelCheckpoint):
    """Lightning's ModelCheckpoint, which a resumed run in a new folder takes up where the old one was.

    The best so far stays in the folder of the run that wrote it, and only a better one is written into the new.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({**state_dict, "dirpath": self.dirpath})


class SaveWhenCut(Callback):
    """Keeps what a run has learnt, whatever ends it, and says how to go on.

    A signal (Ctrl-C, SIGTERM, SIGUSR1) is answered between two steps, by all processes together, with `cut.ckpt`;
    an error or a lost process with it as far as the last step. Between epochs' ends `last.ckpt` is renewed every
    few minutes, so that a SIGKILL loses no more. Checkpoints are written whole or not at all.

    Before each step the random numbers of PyTorch start anew from (seed, epoch, batch, share of the pictures), so that
    a resumed run drops out what it would have dropped out, and two towers that see the same pictures drop out together.

    Args:
        minutes: between two renewals of `last.ckpt`; more where writing would take over 2 % of the time.
    """

    def __init__(self, minutes: float = 5.0) -> None:
        self.minutes = minutes
        self.saved: Path | None = None
        self.status = 0  # the exit status that a shell expects: 130 after Ctrl-C, 138 after SIGUSR1, 143 after SIGTERM
        self.first_step: int | None = None  # of this run, which may go on with an older one
        self.seed = 0
        self.share = 0  # the number of the pictures' share that this process sees; towers of one network see the same
        self.due = 0.0
        self.told = 0  # the number of the signal that has come
        self.asked = 0.0, 0  # when, and at which step, the processes asked each other
        self.steps_to_ask = 0  # until they do so again
        self.lost = False  # whether the other processes are out of reach
        self.averaged = False  # whether the network has averaged weights for a validation
        self.before: dict[int, Any] = {}
        self.queue: Any = None  # what answered SIGUSR1 before

    def state_dict(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seed = state_dict["seed"]

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        self.seed = torch.initial_seed()
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = WholeCheckpoints()
        if isinstance(trainer.strategy, (FSDPStrategy, ModelParallelStrategy)):
            write_together(trainer.strategy)
        for thread in threading.enumerate():
            if isinstance(thread, _ChildProcessObserver):  # it would kill this process while it saves
                _later(thread)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        _end_finished_epoch(trainer)
        self.first_step = trainer.global_step
        self.asked, self.steps_to_ask = (time.monotonic(), trainer.global_step), 0
        self.share = (trainer.distributed_sampler_kwargs or {"rank": 0})["rank"]
        self._wait(0.0)
        self.queue = signal.getsignal(signal.SIGUSR1)
        kinds = [kind for kind in STOPS if kind != signal.SIGTERM or not self._requeues]
        if threading.current_thread() is threading.main_thread():
            self.before = {kind: signal.signal(kind, self._note) for kind in kinds}
        if signal.SIGTERM in self.before:  # Lightning would have all GPUs ask for it at every step
            trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = lambda: None  # type: ignore[method-assign]
            self.told = self.told or (signal.SIGTERM if trainer.received_sigterm else 0)

    def _note(self, kind: int, frame: Any) -> None:
        if self.told == kind == signal.SIGINT:  # a second Ctrl-C does not wait
            signal.signal(kind, signal.SIG_DFL)
            signal.raise_signal(kind)
        self.told = kind

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        epoch = trainer.fit_loop.epoch_progress.current.processed  # type: ignore[attr-defined]
        _start_random_numbers(_mixed(self.seed, epoch, batch_idx, self.share), pl_module.device)
        if batch_idx % trainer.accumulate_grad_batches:  # gathered gradients are in no checkpoint
            return
        word = self._agreed(trainer, pl_module.device)
        if word == SAVE:
            self._renew(trainer)
        elif word == signal.SIGUSR1 and self._requeues:
            self.told = 0
            self.queue(word, None)
        elif word:
            self._keep(trainer)
            raise STOPS[word]

    @property
    def _requeues(self) -> bool:
        """Whether Lightning answers SIGUSR1, by a checkpoint and a new place in SLURM's queue; SIGTERM then waits."""
        return isinstance(self.queue, _HandlersCompose)

    def _agreed(self, trainer: L.Trainer, device: torch.device) -> int:
        """What all processes do now: stop by a signal that one of them got, save, or 0 for go on.

        They ask each other a few times a second, at the same steps.
        """
        word = self.told or (SAVE if trainer.is_global_zero and time.monotonic() > self.due else 0)
        if trainer.world_size == 1:
            return word
        if self.steps_to_ask:  # the answer waits for all that the GPUs still compute
            self.steps_to_ask -= 1
            return 0
        now, steps = time.monotonic(), trainer.global_step - self.asked[1]
        pace = int(ASK * steps / (now - self.asked[0])) if steps else 0
        self.asked = now, trainer.global_step
        flags: Any = torch.tensor(
            [min(pace, MANY), word == SAVE, *(word == kind for kind in STOPS)], dtype=torch.int32, device=device
        )
        met: Tensor = trainer.strategy.reduce(flags, reduce_op="max")
        self.steps_to_ask, save, *told = met.tolist()
        return next((kind for kind, flag in zip(STOPS, told, strict=True) if flag), SAVE if save else 0)

    def _renew(self, trainer: L.Trainer) -> None:
        began = time.monotonic()
        if (folder := _folder(trainer)) and trainer.global_step != self.first_step:
            trainer.save_checkpoint(folder / LAST)
        self._wait(time.monotonic() - began)

    def _wait(self, cost: float) -> None:
        self.due = time.monotonic() + max(60 * self.minutes, cost / SHARE)

    def _keep(self, trainer: L.Trainer) -> None:
        """Write `cut.ckpt`, all processes together."""
        if (folder := _folder(trainer)) and trainer.global_step != self.first_step:
            trainer.save_checkpoint(folder / CUT)
            self.saved = folder / CUT

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.averaged = True

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.averaged = False

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        self.status = next((status for kind, status in STATUS.items() if isinstance(exception, kind)), 0)
        self.lost = trainer.world_size > 1 and _is_of_the_network(exception)
        if self.lost:
            _say(f"Process {trainer.global_rank} lost the others: {str(exception).strip().splitlines()[-1]}")
        if self.lost and pl_module.device.type == "cuda":
            # by now the GPU may have taken a step by gradients that never came whole
            _say("What the GPUs hold is not kept. --resume auto goes on from the last.ckpt of this run.")
        elif self.saved is None and self.first_step not in (None, trainer.global_step):
            self._keep_alone(trainer)
        elif self.saved is not None and trainer.is_global_zero:
            self._say_how(trainer)

    def _say_how(self, trainer: L.Trainer) -> None:
        _say(
            f"Stopped in epoch {trainer.current_epoch} after {trainer.global_step} steps. "
            f"Go on with the same command and --resume {self.saved}"
        )

    def _keep_alone(self, trainer: L.Trainer) -> None:
        """Write `cut.ckpt` without asking the other processes, which may be gone; one of those that are left does."""
        folder = _folder(trainer)
        if folder is None or not whole(trainer):
            return
        began = time.time()
        if not trainer.is_global_zero:
            time.sleep(WAIT)
        folder.mkdir(parents=True, exist_ok=True)
        lock, path = os.open(folder, os.O_RDONLY), folder / CUT
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if trainer.is_global_zero else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.is_file() and path.stat().st_mtime >= began:
                return
            for callback in trainer.callbacks if self.averaged else []:  # type: ignore[attr-defined]
                if isinstance(callback, WeightAveraging):  # it puts back what is trained
                    callback.on_validation_epoch_end(trainer, trainer.lightning_module)
            _step_back(trainer)
            checkpoint = trainer._checkpoint_connector.dump_checkpoint(False)
            trainer.strategy.checkpoint_io.save_checkpoint(checkpoint, path)
            self.saved = path
            self._say_how(trainer)
        except BlockingIOError:  # another is at it
            return
        except OSError as error:
            _say(f"{path} could not be written ({error.strerror}); what its folder held before is whole.")
        finally:
            os.close(lock)

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        for kind, handler in self.before.items():
            if signal.getsignal(kind) == self._note:  # Lightning may have put back what was there before it
                signal.signal(kind, handler)
        self.before = {}

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        folder = _folder(trainer)
        if trainer.is_global_zero and folder is not None and not trainer.interrupted:
            (folder / CUT).unlink(missing_ok=True)


def whole(trainer: L.Trainer) -> bool:
    """Whether each process has all of the network, so that one alone can write a checkpoint."""
    return isinstance(trainer.strategy, (SingleDeviceStrategy, DDPStrategy))


def _folder(trainer: L.Trainer) -> Path | None:
    """Where this run's checkpoints go; None where it keeps none."""
    if trainer.checkpoint_callback is None or trainer.fast_dev_run:  # type: ignore[attr-defined]
        return None
    return Path(getattr(trainer.checkpoint_callback, "dirpath", None) or trainer.default_root_dir)


def _step_back(trainer: L.Trainer) -> None:
    """Count what comes after the last optimiser step as not done: parts of a step, or a validation."""
    loop = trainer.fit_loop.epoch_loop
    batches: Any = loop.val_loop.batch_progress if trainer.validating else loop.batch_progress
    if trainer.validating:
        undone, begun = batches.current.processed, 1
    else:
        undone, begun = batches.current.processed % trainer.accumulate_grad_batches, 0
    for progress in (batches.current, batches.total):
        progress.processed -= undone
        progress.completed, progress.started = progress.processed, progress.processed + begun
        progress.ready = progress.processed + 1


def _end_finished_epoch(trainer: L.Trainer) -> None:
    """Have a run that goes on from an epoch's end begin the next.

    Lightning does so by itself where it counts epochs; where it counts steps (`max_steps`), it would go through the
    finished one again, without a batch but counted.
    """
    loop = trainer.fit_loop
    if loop.restarted_on_epoch_end:
        _Loop.restarting.fset(loop, False)  # type: ignore[attr-defined]  # the loop's own way does nothing here
        loop.reset()


def _is_of_the_network(exception: BaseException) -> bool:
    if not isinstance(exception, RuntimeError):
        return False
    # gloo's errors have no class of their own; they come out of torch.distributed, or of a backward pass
    files = [frame.filename for frame in traceback.extract_tb(exception.__traceback__)]
    return (
        isinstance(exception, torch.distributed.DistError)
        or files[-1].endswith("torch/distributed/distributed_c10d.py")
        or any(words in str(exception) for words in OF_GLOO)
    )


def _later(observer: Any) -> None:
    """Let a process save and end by itself before Lightning's observer of its children kills it."""
    end = observer._terminate_all

    def wait() -> None:
        time.sleep(GRACE)
        _say(f"A process of this run ended, and the others did not within {GRACE} seconds; they are killed.")
        end()

    observer._terminate_all = wait


def _start_random_numbers(seed: int, device: torch.device) -> None:
    # `torch.manual_seed` asks every kind of device: 0.15 ms a step
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def _mixed(*numbers: int) -> int:
    return int.from_bytes(hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest(), "little")


def _say(sentence: str) -> None:
    print(f"\n{sentence}", file=sys.stderr, flush=True)
