"""Sharded checkpoints: the folders that processes write a share each of.

Lightning's ModelParallelStrategy writes them (`save_distributed_checkpoint: true`), and its FSDPStrategy
(`state_dict_type: sharded`).
Their table of contents is a pickle. It is read by names alone that such a table needs, so that nothing of a file is
executed; the weights are put together on one processor.
"""

import pickle
import warnings
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import torch
from torch.distributed.checkpoint import FileSystemReader, load
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.metadata import Metadata, TensorStorageMetadata

__all__ = ["ShardingError", "is_sharded", "read_sharded"]

CONTENTS, PLAIN = ".metadata", "meta.pt"  # what is where, and the plain values, as Lightning writes them
WEIGHTS = ("state_dict", "model")  # what ModelParallelStrategy and FSDPStrategy call the weights
PARTS = "torch.distributed.checkpoint.metadata"
NAMES = {
    *(
        (PARTS, name)
        for name in ("Metadata", "MetadataIndex", "StorageMeta", "TensorProperties", "_MEM_FORMAT_ENCODING")
    ),
    *((PARTS, f"{name}StorageMetadata") for name in ("Tensor", "Bytes", "Chunk")),
    ("torch.distributed.checkpoint.filesystem", "_StorageInfo"),
    ("torch.serialization", "_get_layout"),
    ("torch", "Size"),
    ("pathlib", "PosixPath"),
    *(("torch", f"{kind}{bits}") for kind in ("int", "float") for bits in (8, 16, 32, 64)),
    *(("torch", name) for name in ("bfloat16", "bool", "uint8")),
}


class ShardingError(ValueError):
    """A folder that is no sound sharded checkpoint, in one sentence."""


class _Contents(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in NAMES:
            raise ShardingError(f"its {CONTENTS} names {module}.{name}, which no table of contents needs")
        return super().find_class(module, name)


class _Reader(FileSystemReader):
    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        with self.fs.create_stream(self.fs.concat_path(self.path, CONTENTS), "rb") as stream:
            return _Contents(cast(BufferedReader, stream)).load()


def is_sharded(path: Path) -> bool:
    """Whether a path is a folder of this kind."""
    return (path / CONTENTS).is_file()


def read_sharded(path: Path) -> dict[str, Any]:
    """The plain values of a sharded checkpoint and, put together under `state_dict`, its weights.

    Raises:
        ShardingError: the folder is damaged, incomplete, asks for more than it holds, or carries code.
    """
    try:
        reader = _Reader(path)
        contents = reader.read_metadata()
        parts = contents.state_dict_metadata
        key = next((key for key in WEIGHTS if any(name.startswith(f"{key}.") for name in parts)), WEIGHTS[0])
        weights = {
            name.removeprefix(f"{key}."): torch.empty(part.size, dtype=part.properties.dtype, device="meta")
            for name, part in parts.items()
            if name.startswith(f"{key}.") and isinstance(part, TensorStorageMetadata)
        }
        _bound(path, contents, weights)
        state = {key: {name: torch.empty_like(value, device="cpu") for name, value in weights.items()}}
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # that one process reads it all is meant
            load(state, storage_reader=reader, no_dist=True)
        plain = torch.load(path / PLAIN, map_location="cpu", weights_only=True)
    except ShardingError as error:
        raise ShardingError(f"{path} is no checkpoint: {error}; nothing of it was executed.") from None
    except (pickle.UnpicklingError, CheckpointException, EOFError, AttributeError, LookupError, TypeError) as error:
        raise ShardingError(f"{path} is damaged or incomplete ({type(error).__name__}).") from None
    except Exception as error:  # whatever damaged bytes lead the readers into
        what = next(iter(str(error).splitlines()), type(error).__name__)
        raise ShardingError(f"{path} is damaged or incomplete ({what[:160]}).") from None
    if not isinstance(plain, dict):
        raise ShardingError(f"{path} is damaged: its {PLAIN} holds a {type(plain).__name__}.")
    return {**plain, "state_dict": state[key]}


def _bound(path: Path, contents: Metadata, weights: dict[str, torch.Tensor]) -> None:
    files = {file.name: file.stat().st_size for file in path.glob("*.distcp")}
    if wrong := {info.relative_path for info in (contents.storage_data or {}).values()} - set(files):
        raise ShardingError(f"its part {min(wrong)} is missing")
    if sum(value.numel() * value.element_size() for value in weights.values()) > sum(files.values()):
        raise ShardingError("it describes more weights than its parts hold")
