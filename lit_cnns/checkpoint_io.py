"""How a checkpoint reaches the disk: whole or not at all.

It is written under a temporary name in the same folder, forced to the disk and renamed, so that a kill or a full disk
leaves what stood there before. (Lightning writes to the system's temporary folder and copies from there.)
"""

import fcntl
import os
import secrets
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

__all__ = ["WholeCheckpoints", "sweep", "write_whole"]

PART = ".part"  # the ending of a file that is being written; nobody takes it for a checkpoint


def write_whole(contents: Any, path: str | Path) -> None:
    """Bytes as they are, anything else by `torch.save`; `path` then holds all of it, or what it held before.

    Raises:
        OSError: the disk is full, or the folder cannot be written to; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
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
        cause = error.__context__ if isinstance(error, RuntimeError) else error  # torch speaks over what the disk said
        if not isinstance(cause, OSError):
            raise
        raise OSError(cause.errno, cause.strerror, str(path)) from None
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def sweep(folder: Path) -> None:
    """Remove what killed writers left anywhere below a folder; what is being written stays."""
    for part in folder.rglob(f".*{PART}"):
        try:
            with part.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
        except OSError:  # its writer is alive, or another process has removed it
            continue


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's way of writing and reading checkpoints, with files of this machine written whole or not at all."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        if "://" in str(path) or storage_options is not None:
            super().save_checkpoint(checkpoint, path, storage_options)
        else:
            write_whole(checkpoint, path)
