"""The wire form of protocol buffers, read without their compiler: tags, lengths, numbers."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

Fields = dict[int, list[int | memoryview]]


class Damaged(ValueError):
    """Bytes that are no protocol buffer, or are cut short."""


def _number(data: memoryview, place: int) -> tuple[int, int]:
    """A varint at `place`, and the place after it: seven bits a byte, lowest first."""
    value = 0
    for step in range(10):
        if place + step >= len(data):
            raise Damaged("it ends in the middle of a number")
        byte = data[place + step]
        value |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            return value, place + step + 1
    raise Damaged("a number has more than ten bytes")


def _entries(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    place = 0
    while place < len(data):
        tag, place = _number(data, place)
        field, kind = tag >> 3, tag & 7
        if kind == 0:
            value, place = _number(data, place)
            yield field, value
            continue
        if kind == 2:
            length, place = _number(data, place)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise Damaged(f"a field has kind {kind}, which no message of Caffe's uses")
        if field == 0 or place + length > len(data):
            raise Damaged("a field reaches beyond its end")
        yield field, data[place : place + length]
        place += length


def fields(data: bytes | memoryview) -> Fields:
    """The fields of a message by their number: whole numbers, or the bytes of everything else.

    Raises:
        Damaged: these bytes are no message.
    """
    found: Fields = defaultdict(list)
    for field, value in _entries(memoryview(data)):
        found[field].append(value)
    return found


def message(value: int | memoryview) -> Fields:
    """The message inside a field."""
    if isinstance(value, int):
        raise Damaged("a number stands where a message should")
    return fields(value)


def text(values: list[int | memoryview]) -> str:
    """The last of some strings, or an empty one."""
    return bytes(values[-1]).decode("utf-8", "replace") if values and not isinstance(values[-1], int) else ""


def whole_numbers(values: list[int | memoryview]) -> list[int]:
    """Whole numbers, packed together or a field each."""
    found: list[int] = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        place = 0
        while place < len(value):
            number, place = _number(value, place)
            found.append(number)
    return found


def floats(values: list[int | memoryview], double: bool = False) -> np.ndarray:
    """Floating-point numbers, packed together or a field each, as float32."""
    kind = "<f8" if double else "<f4"
    parts = [value for value in values if not isinstance(value, int)]
    if any(len(part) % np.dtype(kind).itemsize for part in parts):
        raise Damaged("its numbers are cut short")
    whole = parts[0] if len(parts) == 1 else b"".join(parts)
    return np.frombuffer(whole, dtype=kind).astype(np.float32)
