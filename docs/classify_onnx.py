"""Name what is in pictures by an exported ONNX file, with onnxruntime, numpy and Pillow alone.

python classify_onnx.py net.onnx PICTURE...
"""

import json
import sys
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

SMOOTH = {name: Image.Resampling[name.upper()] for name in ("bilinear", "bicubic", "nearest")}


def prepared(picture: Image.Image, told: dict[str, Any]) -> np.ndarray:
    """A picture as the network takes it, (C, S, S): what the file's `preprocessing` says, in its order."""
    picture = picture.convert("L" if told["channels"] == 1 else "RGB")
    if told["resize"]:
        size = [told["resize"] * length // min(picture.size) for length in picture.size]
        picture = picture.resize(size, SMOOTH[told.get("interpolation", "bilinear")])
    side = told["crop"] or told["resize"]
    left, top = ((length - side) // 2 for length in picture.size)
    picture = picture.crop((left, top, left + side, top + side))
    pixels = np.asarray(picture).reshape(side, side, told["channels"]).transpose(2, 0, 1)
    if told.get("ink") == "light":  # trained on light strokes: a picture on a bright ground is turned into its negative
        border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=None)
        pixels = 255 - pixels if np.median(border) > 127 else pixels
    pixels = np.pad(pixels, [(0, 0), *2 * [2 * (told.get("pad", 0),)]]).astype(np.float32) / 255
    mean, std = (np.array(told[key], dtype=np.float32) for key in ("mean", "std"))
    return (pixels - (mean[:, None, None] if mean.ndim == 1 else mean)) / std[:, None, None]


def logits(file: str, pictures: list[str]) -> tuple[list[str], np.ndarray]:
    """The names of the classes, and a row of logits for each picture."""
    session = onnxruntime.InferenceSession(file)
    told = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    images = np.stack([prepared(Image.open(path), told["preprocessing"]) for path in pictures])
    return told["class_names"], session.run(["logits"], {"image": images})[0]


if __name__ == "__main__":
    names, rows = logits(sys.argv[1], sys.argv[2:])
    for path, row in zip(sys.argv[2:], rows, strict=True):
        shares = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        print(f"{path}: " + ", ".join(f"{names[i]} {shares[i]:.1%}" for i in np.argsort(-shares)[:5]))
