"""Caffe's files, written by hand in the wire form of protocol buffers: layers as until 2014 (V1), and as since."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

V1_KINDS = {"Convolution": 4, "InnerProduct": 14, "LRN": 15, "Pooling": 17}


class Layer(NamedTuple):
    name: str
    kind: str
    blobs: tuple[np.ndarray, ...] = ()


def number(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
    return found + bytes([value])


def field(place: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return number(place << 3) + number(value)
    return number(place << 3 | 2) + number(len(value)) + value


def blob(values: np.ndarray, legacy: bool, packed: bool = True) -> bytes:
    flat = values.astype("<f4").tobytes()
    data = field(5, flat) if packed else b"".join(number(5 << 3 | 5) + flat[i : i + 4] for i in range(0, len(flat), 4))
    if not legacy:
        return field(7, field(1, b"".join(map(number, values.shape)))) + data
    shape = (1,) * (4 - values.ndim) + values.shape
    return b"".join(field(place, side) for place, side in enumerate(shape, 1)) + data


def write(path: Path, layers: Iterable[Layer], v1: bool = False) -> Path:
    net = field(1, b"a network")
    for layer in layers:
        name = field(4 if v1 else 1, layer.name.encode())
        kind = field(5, V1_KINDS.get(layer.kind, 18)) if v1 else field(2, layer.kind.encode())
        blobs = b"".join(field(6 if v1 else 7, blob(values, legacy=v1)) for values in layer.blobs)
        net += field(2 if v1 else 100, name + kind + blobs)
    path.write_bytes(net)
    return path


def write_mean(path: Path, mean: np.ndarray) -> Path:
    path.write_bytes(blob(mean, legacy=True))
    return path
