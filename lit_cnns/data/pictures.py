"""A picture from anywhere as a uint8 tensor, and as a network wants it."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

MAX_PIXELS = 80_000_000  # a larger picture is more likely an attack on the memory than a photograph
_MAX_RATIO = 16  # beyond this, the long side is cut before resizing: the central crop would drop the rest anyway
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error, zlib.error, OverflowError)


class ImageError(ValueError):
    """A file that is not a picture, is broken, or has channels no network here can take."""


def read_image(
    source: str | Path | bytes | Image.Image | np.ndarray, name: str = "The picture", at_least: int | None = None
) -> Tensor:
    """Read a picture.

    Turned as its EXIF tag says; transparency is laid over white; palettes, 16 bits and CMYK become 8-bit RGB or grey.

    Args:
        source: a file, a file's bytes, a PIL image, or an array (H, W) or (H, W, C) with C of 1, 3 or 4.
        name: what an error calls a picture that is not a file.
        at_least: pixels of the shorter side that are enough: a JPEG file that has twice as many or more is decoded at
            1/2, 1/4 or 1/8, which takes a fraction of the time and changes pixels; None decodes it whole.

    Returns:
        uint8 (C, H, W), C = 1 for grey pictures, else 3.

    Raises:
        ImageError: one sentence that names the file.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    try:
        if isinstance(source, Image.Image):
            return _from_pil(source, name)
        if isinstance(source, (str, Path)):
            name = str(source)
            source = bytes_of(Path(source))
        with Image.open(io.BytesIO(source)) as picture:
            _check_size(picture, name)
            if at_least:
                picture.draft(None, (at_least, at_least))
            return _from_pil(picture, name)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name} has far more than {MAX_PIXELS:,} pixels.") from error
    except Image.UnidentifiedImageError as error:
        raise ImageError(f"{name} is not a picture in a format that can be read.") from error
    except _BROKEN as error:
        reason = str(error).strip().splitlines()
        raise ImageError(f"{name} is broken: {reason[0] if reason else type(error).__name__}.") from error


def bytes_of(path: Path) -> bytes:
    """What is in a picture's file; ImageError where it is not there or empty."""
    if path.is_dir():
        raise ImageError(f"{path} is a folder, not a picture.")
    if not path.exists():
        raise ImageError(f"There is no file {path}.")
    data = path.read_bytes()
    if not data:
        raise ImageError(f"{path} is empty.")
    return data


def _check_size(picture: Image.Image, name: str) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise ImageError(f"{name} has {picture.width} x {picture.height} pixels; at most {MAX_PIXELS:,} are read.")
    if min(picture.size) == 0:
        raise ImageError(f"{name} has no pixels.")


def _from_pil(picture: Image.Image, name: str) -> Tensor:
    _check_size(picture, name)
    if picture.format == "TIFF":
        samples = picture.tag_v2.get(277, 1)  # type: ignore[attr-defined]
        if samples not in (1, 3, 4):
            raise ImageError(f"{name} has {samples} channels; pictures have 1 (grey), 3 (colour) or 4.")
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith(("I", "F")):
        return _from_array(np.asarray(picture))
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    return _as_tensor(np.array(picture))


def _from_array(pixels: np.ndarray) -> Tensor:
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or 0 in pixels.shape:
        raise ImageError(f"A picture is an array (H, W) or (H, W, 1, 3 or 4), not {pixels.shape}.")
    if pixels.dtype != np.uint8:
        pixels = _to_bytes(pixels)
    if pixels.shape[2] == 4:
        return _from_pil(Image.fromarray(pixels, "RGBA"), "The picture")
    return _as_tensor(pixels.copy())


def _as_tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(pixels if pixels.ndim == 3 else pixels[:, :, None]).permute(2, 0, 1)


def _to_bytes(pixels: np.ndarray) -> np.ndarray:
    # whole numbers above 255 are 16 bits, fractions up to 1 are shares of white
    values = np.nan_to_num(pixels.astype(np.float64))
    if pixels.dtype == np.bool_ or (np.issubdtype(pixels.dtype, np.floating) and values.max() <= 1):
        values = values * 255
    elif values.max() > 255:
        values = values / 257
    return values.round().clip(0, 255).astype(np.uint8)


def fit_image(image: Tensor, preprocessing: dict[str, Any]) -> Tensor:
    """Bring a picture to a network's channels and size.

    In this order: grey or colour; light ink on a dark ground where the network was trained on that; shorter side to
    `resize`; central `crop`; `pad` zero pixels on each side.

    Args:
        image: uint8 (C, H, W), C 1 or 3.
        preprocessing: a DataModule's or a checkpoint's `preprocessing`.

    Returns:
        uint8 (channels, S, S) with S = crop + 2 pad.
    """
    image = recolour(image, preprocessing)
    resize = preprocessing["resize"]
    if resize:
        image = resize_shorter(image, resize, preprocessing.get("interpolation", "bilinear"))
    side = preprocessing["crop"] or resize
    if side:
        image = central_crop(image, side)
    pad = preprocessing.get("pad", 0)
    return F.pad(image, [pad] * 4) if pad else image


def central_window(height: int, width: int, preprocessing: dict[str, Any]) -> tuple[float, float, float, float]:
    """(top, left, height, width) of what `fit_image` shows of a picture, in its pixels; beyond its edge are zeros."""
    short = min(height, width)
    resize = preprocessing["resize"] or short
    tall, wide = resize * height // short, resize * width // short
    crop, pad = preprocessing["crop"] or preprocessing["resize"], preprocessing.get("pad", 0)
    h, w = (crop, crop) if crop else (tall, wide)
    top, left = (tall - h) // 2 - pad, (wide - w) // 2 - pad
    down, across = height / tall, width / wide
    return top * down, left * across, (h + 2 * pad) * down, (w + 2 * pad) * across


def recolour(image: Tensor, preprocessing: dict[str, Any]) -> Tensor:
    """Grey or colour, and light ink on a dark ground, where the network was trained on that."""
    image = to_channels(image, preprocessing["channels"])
    return light_ink(image) if preprocessing.get("ink") == "light" else image


def to_channels(image: Tensor, channels: int) -> Tensor:
    """Grey from colour by the weights of ITU-R 601 (as Pillow has them), colour from grey by repeating it."""
    if channels == image.shape[0]:
        return image
    if channels == 1:
        grey = image.new_full(image.shape[1:], 32768, dtype=torch.int32)
        for colour, weight in zip(image, (19595, 38470, 7471), strict=True):
            grey.add_(colour, alpha=weight)  # in place: a photograph of 80 million pixels comes here, too
        return (grey >> 16).to(torch.uint8)[None]
    return image.expand(channels, -1, -1)


def light_ink(image: Tensor) -> Tensor:
    """Invert a grey picture whose ground is bright: the median of its border is above 127."""
    border = torch.cat(
        [image[:, 0].flatten(), image[:, -1].flatten(), image[:, :, 0].flatten(), image[:, :, -1].flatten()]
    )
    return 255 - image if border.median() > 127 else image


def resize_shorter(image: Tensor, side: int, interpolation: str = "bilinear") -> Tensor:
    """Scale a picture so that its shorter side is `side`."""
    height, width = image.shape[-2:]
    short = min(height, width)
    if max(height, width) > _MAX_RATIO * short:
        image = image[:, *(_middle(length, min(length, _MAX_RATIO * short)) for length in (height, width))]
        height, width = image.shape[-2:]
    if short == side:
        return image
    return resize_to(image, (side * height // short, side * width // short), interpolation)


def resize_to(images: Tensor, size: tuple[int, int], interpolation: str = "bilinear") -> Tensor:
    """Scale a uint8 picture or batch to (height, width), with antialiasing."""
    batch = images if images.ndim == 4 else images[None]
    smooth = interpolation != "nearest"
    corners = False if smooth else None
    batch = F.interpolate(batch, size, mode=interpolation, antialias=smooth, align_corners=corners)
    return batch if images.ndim == 4 else batch[0]


def central_crop(image: Tensor, side: int) -> Tensor:
    """The central square of a picture or a batch; a picture smaller than that gets zero pixels around it."""
    height, width = image.shape[-2:]
    down, right = max(0, side - height), max(0, side - width)
    if down or right:
        image = F.pad(image, [right // 2, right - right // 2, down // 2, down - down // 2])
    return image[..., _middle(image.shape[-2], side), _middle(image.shape[-1], side)]


def _middle(length: int, side: int) -> slice:
    start = (length - side) // 2
    return slice(start, start + side)
