"""Which network of the lineage a source is, and its tensors in our names."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lit_cnns import papers
from lit_cnns.classifier import LitClassifier
from lit_cnns.lineage import LINEAGE
from lit_cnns.weights.counterparts import UNDONE, counterpart
from lit_cnns.weights.dialects import DIALECTS, OTHERS, Dialect
from lit_cnns.weights.files import from_file
from lit_cnns.weights.fitting import Unfit, fit, is_side
from lit_cnns.weights.library import from_timm, from_torchvision
from lit_cnns.weights.source import Source

LIBRARIES = {"torchvision": from_torchvision, "timm": from_timm}
PLAIN = {"channels": 3, "interpolation": "bilinear", "pad": 0, "ink": None}
ANY_CLASSES = 10  # of a network that is laid out to be compared; its head may differ
FREE = {"self", "num_classes", "in_channels", "dropout", "aux", "image_size"}  # they do not change what a layer does


class Identified(NamedTuple):
    """A source of which it is known what it is."""

    cls: type[LitClassifier]
    arguments: dict[str, Any]
    weights: dict[str, Tensor]
    preprocessing: dict[str, Any]
    num_classes: int
    in_channels: int

    @property
    def words(self) -> str:
        shown = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items() if key not in FREE)
        return f"{self.cls.__name__}({shown})"


def read(name: str) -> Source:
    """The weights of a source, under the names of whoever trained them.

    Args:
        name: `torchvision/<network>[.<weights>]`, `timm/<network>[.<weights>]`, or a file.

    Raises:
        ValueError: no such source, out of reach, or damaged.
    """
    library, _, rest = name.partition("/")
    return LIBRARIES[library](rest) if library in LIBRARIES and rest else from_file(Path(name))


def identify(name: str, network: str | None = None) -> tuple[Source, Identified]:
    """Read a source and find which network of the lineage it is.

    Args:
        name: see `read`.
        network: which it is, where its tensors fit several.

    Raises:
        ValueError: it cannot be read, or is no network of the lineage; why, and the way that does.
    """
    library, _, rest = name.partition("/")
    if library in LIBRARIES and rest and network is None:
        network = counterpart(library, rest)  # refused before anything is downloaded
    source = read(name)
    if source.built is not None:
        module = source.built
        channels = int(getattr(module.net, "in_channels", 3))
        arguments, classes = dict(module.arguments), module.num_classes
        return source, Identified(
            type(module), arguments, source.weights, dict(source.preprocessing), classes, channels
        )
    undone = next((change for start, change in UNDONE.items() if source.name.startswith(start)), {})
    found = recognise(source, network and papers.canonical(network))
    cls, arguments = LINEAGE[found.row]
    weights = _from_bgr(found.weights, found.first) if found.dialect.bgr else found.weights
    channels = weights[found.first].shape[1]
    preprocessing = {**PLAIN, **found.dialect.preprocessing, **source.preprocessing, **undone, "channels": channels}
    arguments, classes = {**arguments, **found.arguments}, len(weights[found.head])
    return source, Identified(cls, arguments, weights, preprocessing, classes, channels)


class Recognised(NamedTuple):
    """A dialect, a row of the lineage with arguments besides its own, and the tensors in our names."""

    dialect: Dialect
    row: str
    arguments: dict[str, Any]
    weights: dict[str, Tensor]
    first: str
    head: str


def recognise(source: Source, network: str | None) -> Recognised:
    """The first network that the tensors fit, by the dialects their names are in."""
    speaking = [dialect for dialect in DIALECTS if dialect.speaks(source.names)]
    tried, reasons = [], []
    for dialect in speaking:
        for row, arguments in dialect.networks:
            tried.append(row)
            if network in (None, row):
                try:
                    return _recognised_as(dialect, row, arguments, source.weights)
                except Unfit as error:
                    reasons.append(f"{row}: {error}")
    if other := next((what for mark, what in OTHERS.items() if any(re.search(mark, n) for n in source.names)), None):
        raise ValueError(f"{source.name} is no network of the lineage: {other}.")
    if not speaking:
        shown, known = ", ".join(source.names[:3]), "; ".join(dialect.title for dialect in DIALECTS)
        raise ValueError(f"{source.name} has names that none here has ({shown} ...); known are those of {known}.")
    if not reasons:
        raise ValueError(f"{source.name} can be {', '.join(dict.fromkeys(tried))} by its names, not {network}.")
    raise ValueError(f"{source.name} has the names of {speaking[0].title} and fits none: {'; '.join(reasons[:3])}.")


def _recognised_as(dialect: Dialect, row: str, arguments: dict[str, Any], weights: dict[str, Tensor]) -> Recognised:
    net = _laid_out(row, arguments)
    named = dialect.translate(weights, [name for name, _ in net.named_children()])
    named = _without_folded_biases(named, net)
    first, *_, head = [name for name in net.state_dict() if name.endswith(".weight") and not is_side(name)]
    if missing := next((name for name in (first, head) if name not in named), None):
        raise Unfit(f"it has no {missing}")
    if (channels := named[first].shape[1]) != 3:
        net = _laid_out(row, {**arguments, "in_channels": channels})
    fit(net, named, ANY_CLASSES)
    return Recognised(dialect, row, arguments, named, first, head)


def _laid_out(row: str, arguments: dict[str, Any]) -> nn.Module:
    cls, own = LINEAGE[row]
    with torch.device("meta"):
        return cls(**{**own, **arguments, "num_classes": ANY_CLASSES}).net


def _without_folded_biases(weights: dict[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """A bias before a batch norm only shifts what that subtracts: Caffe's ResNet-50 has one, ours has none."""
    own, result = net.state_dict(), dict(weights)
    for name in weights:
        mean = name.replace("conv", "bn").removesuffix("bias") + "running_mean"
        if name.endswith(".bias") and name not in own and mean in weights:
            result[mean] = weights[mean] - result.pop(name)
    return result


def _from_bgr(weights: dict[str, Tensor], first: str) -> dict[str, Tensor]:
    """Kernels for red, green, blue in [0, 1], of those for blue, green, red from 0 to 255."""
    return {**weights, first: weights[first].flip(1) * 255}
