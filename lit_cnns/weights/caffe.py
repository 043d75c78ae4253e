"""Weights and mean images in Caffe's files, read without Caffe.

The numbers of the fields are those of Caffe's `caffe.proto`, of layers as they were until 2014 (V1) and since.
"""

import math
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from lit_cnns.weights.protobuf import Damaged, Fields, fields, floats, message, text, whole_numbers
from lit_cnns.weights.source import Source

LAYERS, V1_LAYERS = 100, 2  # of NetParameter
V1_KINDS = {4: "Convolution", 14: "InnerProduct", 15: "LRN", 17: "Pooling"}


class Form(NamedTuple):
    """Where a layer message keeps its name, kind and blobs."""

    name: int
    kind: int
    blobs: int


FORMS = {LAYERS: Form(name=1, kind=2, blobs=7), V1_LAYERS: Form(name=4, kind=5, blobs=6)}
LEGACY_SHAPE, DATA, SHAPE, DOUBLE_DATA = (1, 2, 3, 4), 5, 7, 8  # of BlobProto


def from_caffe(path: Path) -> Source:
    """The layers of a `.caffemodel` with their weights.

    `layer.weight` and `layer.bias` are those of convolutions, full connections and scales, `layer.running_mean` and
    `layer.running_var` those of batch norms. The kernels of a grouped convolution are (out, in / groups, h, w), as
    PyTorch has them.

    Raises:
        ValueError: the file is damaged, or holds no layer with weights.
    """
    try:
        net = fields(path.read_bytes())
        which = LAYERS if net[LAYERS] else V1_LAYERS
        layers, weights = [], {}
        for value in net[which]:
            layer, form = message(value), FORMS[which]
            name, blobs = text(layer[form.name]), [_blob(message(blob)) for blob in layer[form.blobs]]
            layers.append(name)
            for kind, blob in _named(_kind(layer, form), blobs):
                weights[f"{name}.{kind}"] = blob
    except Damaged as error:
        raise ValueError(f"{path} is damaged or no .caffemodel: {error}.") from None
    if not weights:
        raise ValueError(
            f"{path} holds no layer with weights; a .caffemodel of before 2014 is brought up to date by Caffe's "
            "upgrade_net_proto_binary first."
        )
    return Source(str(path), weights, layers=tuple(layers))


def _kind(layer: Fields, form: Form) -> str:
    value = layer[form.kind][-1] if layer[form.kind] else 0
    return V1_KINDS.get(value, "") if isinstance(value, int) else text(layer[form.kind])


def _named(kind: str, blobs: list[Tensor]) -> list[tuple[str, Tensor]]:
    if kind == "BatchNorm" and len(blobs) == 3:
        mean, variance, scale = blobs  # running sums, and what they are to be divided by
        factor = 1 / scale.flatten()[0] if scale.flatten()[0] else torch.tensor(0.0)
        return [("running_mean", mean.flatten() * factor), ("running_var", variance.flatten() * factor)]
    names = ("weight", "bias")
    if len(blobs) > len(names):
        raise Damaged(f"a layer of kind {kind or 'unknown'} has {len(blobs)} blobs")
    return [(name, blob.flatten() if name == "bias" else blob) for name, blob in zip(names, blobs, strict=False)]


def _blob(blob: Fields) -> Tensor:
    values = floats(blob[DATA]) if blob[DATA] else floats(blob[DOUBLE_DATA], double=True)
    shape = whole_numbers(message(blob[SHAPE][-1])[1]) if blob[SHAPE] else []
    if not blob[SHAPE]:
        shape = [whole_numbers(blob[axis])[-1] for axis in LEGACY_SHAPE if blob[axis]]
        shape = shape[2:] if shape[:2] == [1, 1] else shape  # a full connection is 1 x 1 x out x in
    if math.prod(shape) != len(values):
        raise Damaged(f"a blob of {' x '.join(map(str, shape))} has {len(values)} numbers")
    return torch.from_numpy(values).reshape(shape)


def read_mean(path: Path) -> Tensor:
    """The mean picture of a `.binaryproto`, (3, H, W), red, green, blue in [0, 1].

    Raises:
        ValueError: the file is damaged, or no picture of three channels.
    """
    try:
        mean = _blob(fields(path.read_bytes())).squeeze(0)
    except Damaged as error:
        raise ValueError(f"{path} is damaged or no .binaryproto: {error}.") from None
    if mean.ndim != 3 or len(mean) != 3:
        raise ValueError(f"{path} is no picture of three channels: it has {' x '.join(map(str, mean.shape))}.")
    return mean.flip(0) / 255
