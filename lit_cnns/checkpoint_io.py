"""How a checkpoint reaches the disk: whole or not at all.

It is written under a temporary name in the same folder, forced to the disk and renamed, so that a kill or a full disk
leaves what stood there before. (Lightning writes to the system's temporary folder and copies from there.)
"""

import fcntl
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.strategies import Strategy

__all__ = ["WholeCheckpoints", "sweep", "write_together", "write_whole"]

PART = ".part"  # the ending of what is being written; nobody takes it for a checkpoint


def write_whole(contents: Any, path: str | Path) -> None:
    """Bytes as they are, anything else by `torch.save`; `path` then holds all of it, or what it held before.

    Raises:
        OSError: the disk is full, or the folder cannot be written to; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part_of(path)
    try:
        with part.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the writer ends, however it ends: see `sweep`
            if isinstance(contents, bytes):
                file.write(contents)
            else:
                torch.save(contents, file)
            file.flush()
            os.fsync(file.fileno())
            os.replace(part, path)
    except (OSError, RuntimeError) as error:
        cause = error.__context__ if isinstance(error, RuntimeError) else error  # torch speaks over what it met
        if isinstance(cause, KeyboardInterrupt):
            raise cause from None
        if not isinstance(cause, OSError):
            raise
        raise OSError(cause.errno, cause.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)
    _force(path.parent)


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")


def _force(path: Path) -> None:
    """Have the disk hold what a file or a folder holds."""
    opened = os.open(path, os.O_RDONLY)
    os.fsync(opened)
    os.close(opened)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_together(strategy: Strategy) -> None:
    """Have a strategy whose processes save together write checkpoints, files or folders, whole or not at all.

    Lightning writes below a hidden name; when all processes are through, process 0 puts the result in its place. A
    folder cannot take another's place in one go: the old one is then called `<name>.before.ckpt` for a moment.
    Buffers, such as batch norm's statistics, are process 0's: of a folder any process may write them.
    """
    if "save_checkpoint" in vars(strategy):
        return
    save, gather = strategy.save_checkpoint, strategy.lightning_module_state_dict

    def gather_alike() -> dict[str, Any]:
        assert strategy.lightning_module is not None
        for buffer in strategy.lightning_module.buffers() if torch.distributed.is_initialized() else ():
            torch.distributed.broadcast(buffer, src=0)
        return gather()

    def save_whole(checkpoint: dict[str, Any], filepath: Any, storage_options: Any = None) -> None:
        path = Path(filepath)
        part = _part_of(path)
        if not strategy.is_global_zero:  # Lightning takes process 0's path for all
            save(checkpoint, part, storage_options)
            return strategy.barrier()
        part.mkdir(parents=True)
        held = os.open(part, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)  # see `sweep`
            save(checkpoint, part / "whole", storage_options)
            strategy.barrier()
            _put_in_place(part / "whole", path)
        finally:
            _remove(part)
            os.close(held)

    settings: Any = strategy
    settings.save_checkpoint, settings.lightning_module_state_dict = save_whole, gather_alike


def _put_in_place(new: Path, path: Path) -> None:
    for written in (new, *new.rglob("*")):
        _force(written)
    before = path.with_name(f"{path.stem}.before{path.suffix}")
    if path.exists() and (path.is_dir() or new.is_dir()):
        _remove(before)
        path.rename(before)
    os.replace(new, path)
    _remove(before)
    _force(path.parent)


def sweep(folder: Path) -> None:
    """Remove what killed writers left anywhere below a folder; what is being written stays."""
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            if name.startswith(".") and name.endswith(PART):
                _remove_if_left(Path(place) / name)


def _remove_if_left(part: Path) -> None:
    try:
        held = os.open(part, os.O_RDONLY)
    except OSError:  # another process has removed it
        return
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(part)
    except OSError:  # its writer is alive
        return
    finally:
        os.close(held)


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's way of writing and reading checkpoints, with files of this machine written whole or not at all."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        if "://" in str(path) or storage_options is not None:
            super().save_checkpoint(checkpoint, path, storage_options)
        else:
            write_whole(checkpoint, path)
