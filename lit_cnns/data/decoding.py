"""JPEG files straight to tensors, by a decoder that gives Pillow's pixels in less time."""

import functools
import io
from collections.abc import Callable

import torch
from PIL import Image
from torch import Tensor

from lit_cnns.data.pictures import MAX_PIXELS, read_image

Shrink = Callable[[int, int], float]  # (height, width) of a picture to the factor by which it may be decoded smaller
Decode = Callable[[bytes, str, Shrink | None], Tensor]  # a file's bytes and name to uint8 (C, H, W)
_COLOURS = {"Gray": "GRAY", "YCbCr": "RGB", "RGB": "RGB"}  # others (CMYK, YCCK) are left to Pillow
_TURNED = (b"Exif\0\0", b"tiff:Orientation")  # what may say that a picture is to be turned
_HEAD = 1 << 16  # bytes in which it says so: one segment of a JPEG file
_ORIENTATION, _UPRIGHT = 0x0112, (None, 1)


def decode_by(name: str, scaled: bool = False) -> Decode:
    """How files become pictures.

    Args:
        name: "pil", or "fast": JPEG by simplejpeg (libjpeg-turbo without Pillow around it), all else by Pillow.
        scaled: let "fast" decode at 1/2, 1/4 or 1/8 where what is made of the picture is that much smaller.

    Raises:
        ValueError: an unknown decoder, one that is not installed, or one that cannot decode at a smaller scale.
    """
    if name not in ("pil", "fast"):
        raise ValueError(f"decoder is one of pil, fast, not {name}.")
    if name == "pil" and scaled:
        raise ValueError("scaled_decode needs decoder: fast; Pillow decodes every picture whole here.")
    if name == "pil":
        return _by_pillow
    try:
        import simplejpeg  # noqa: F401
    except ImportError as error:
        raise ValueError("decoder: fast needs the package simplejpeg: pip install 'lit-cnns[fast]'.") from error
    return functools.partial(_by_simplejpeg, scaled)


def _by_pillow(data: bytes, name: str, shrink: Shrink | None = None) -> Tensor:
    return read_image(data, name)


def _by_simplejpeg(scaled: bool, data: bytes, name: str, shrink: Shrink | None = None) -> Tensor:
    import simplejpeg

    if data[:2] != b"\xff\xd8" or is_turned(data):
        return read_image(data, name)
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        if colours not in _COLOURS or height * width > MAX_PIXELS:
            return read_image(data, name)
        factor = _power_of_two(shrink(height, width)) if scaled and shrink else 1
        smaller = {"min_height": -(-height // factor), "min_width": -(-width // factor)} if factor > 1 else {}
        pixels = simplejpeg.decode_jpeg(data, _COLOURS[colours], **smaller)
    except ValueError:  # what it cannot read, Pillow reads or refuses, with its own sentence
        return read_image(data, name)
    return torch.from_numpy(pixels).permute(2, 0, 1)


def is_turned(data: bytes) -> bool:
    """Whether a JPEG file says that its picture is to be turned or mirrored."""
    head = data[:_HEAD]
    if not any(mark in head for mark in _TURNED):
        return False
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.getexif().get(_ORIENTATION) not in _UPRIGHT
    except (OSError, SyntaxError, ValueError):  # Pillow says what is wrong with it
        return True


def _power_of_two(factor: float) -> int:
    return next((power for power in (8, 4, 2) if factor >= power), 1)
