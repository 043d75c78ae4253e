"""From a source to a network of ours: which it is, its tensors in our names, and what became of each."""

import inspect
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lit_cnns import papers
from lit_cnns.classifier import LitClassifier
from lit_cnns.guests import GUESTS
from lit_cnns.lineage import LINEAGE
from lit_cnns.weights.counterparts import UNDONE, counterpart
from lit_cnns.weights.dialects import DIALECTS, OTHERS, Dialect
from lit_cnns.weights.files import from_file
from lit_cnns.weights.fitting import Fit, Unfit, fit, is_side, put
from lit_cnns.weights.library import from_timm, from_torchvision
from lit_cnns.weights.source import Source

LIBRARIES = {"torchvision": from_torchvision, "timm": from_timm}
PLAIN = {"channels": 3, "interpolation": "bilinear", "pad": 0, "ink": None}
IMAGENET_CLASSES = 1000
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
    found = _recognise(source, network and papers.canonical(network))
    cls, arguments = LINEAGE[found.row]
    weights = _from_bgr(found.weights, found.first) if found.dialect.bgr else found.weights
    channels = weights[found.first].shape[1]
    preprocessing = {**PLAIN, **found.dialect.preprocessing, **source.preprocessing, **undone, "channels": channels}
    arguments, classes = {**arguments, **found.arguments}, len(weights[found.head])
    return source, Identified(cls, arguments, weights, preprocessing, classes, channels)


def _recognise(source: Source, network: str | None) -> "Recognised":
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


class Recognised(NamedTuple):
    """A dialect, a row of the lineage with arguments besides its own, and the tensors in our names."""

    dialect: Dialect
    row: str
    arguments: dict[str, Any]
    weights: dict[str, Tensor]
    first: str
    head: str


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


def convert(
    name: str, network: str | None = None, class_names: list[str] | None = None, **preprocessing: Any
) -> tuple[LitClassifier, Fit]:
    """A source as a network of the lineage with its weights.

    Args:
        name: see `read`.
        network: which it is, where its tensors fit several.
        class_names: what its classes are, where the source does not say.
        preprocessing: what differs from the source's own, or from what is usual in its dialect.

    Returns:
        the network, in evaluation mode, and what became of each tensor.

    Raises:
        ValueError: see `identify`; or another number of names than classes.
    """
    source, found = identify(name, network)
    arguments = {**found.arguments, "num_classes": found.num_classes, "in_channels": found.in_channels}
    known = inspect.signature(found.cls).parameters
    if "aux" in known and not any(is_side(key) for key in found.weights):
        arguments["aux"] = False
    module = found.cls(**{key: value for key, value in arguments.items() if key in known or source.built})
    fitted = fit(module.net, found.weights, module.num_classes)
    put(module.net, fitted)
    _describe(module, class_names or source.class_names, {**found.preprocessing, **preprocessing})
    if source.built is not None:
        module.data_description, module.metrics = source.built.data_description, source.built.metrics
    return module.eval(), fitted


def guest(name: str) -> tuple[LitClassifier, Fit]:
    """A network of torchvision or timm as it is, with its weights, preprocessing and class names.

    Args:
        name: `torchvision/<network>[.<weights>]` or `timm/<network>[.<weights>]`.

    Raises:
        ValueError: no such network or weights, or they are not here and their host cannot be reached.
    """
    library, _, rest = name.partition("/")
    if library not in GUESTS or not rest:
        raise ValueError(f"A guest is torchvision/<network> or timm/<network>, not {name}.")
    source = read(name)
    _, _, full = source.name.partition("/")
    module = GUESTS[library](full.partition(".")[0] if library == "torchvision" else full)
    fitted = fit(module.net, source.weights, module.num_classes)
    put(module.net, fitted)
    _describe(module, source.class_names, {**PLAIN, **source.preprocessing})
    return module.eval(), fitted


def _describe(module: LitClassifier, class_names: list[str], preprocessing: dict[str, Any]) -> None:
    if class_names and len(class_names) != module.num_classes:
        raise ValueError(f"There are {len(class_names)} class names and the network tells {module.num_classes} apart.")
    if isinstance(preprocessing["mean"], Tensor):
        preprocessing["mean"] = _centre(preprocessing["mean"], preprocessing["crop"])
    module.class_names, module.preprocessing = list(class_names), preprocessing
    if len(class_names) == IMAGENET_CLASSES and isinstance(preprocessing["mean"], list):
        told = {key: preprocessing[key] for key in ("resize", "interpolation", "channels", "mean", "std")}
        module.data_description = {"class": "ImageNet", "args": {"image_size": preprocessing["crop"], **told}}


def _centre(mean: Tensor, side: int) -> Tensor:
    """The part of a mean picture that the central crop sees."""
    top, left = ((length - side) // 2 for length in mean.shape[1:])
    if min(top, left) < 0:
        raise ValueError(f"The mean picture has {mean.shape[1]} x {mean.shape[2]} pixels, and crops {side}.")
    return mean[:, top : top + side, left : left + side].clone()


def start_from(module: LitClassifier, name: str) -> Fit:
    """Put the weights of a source into a built network, to fine-tune it; nothing of the source stays in its arguments.

    A head for another number of classes keeps its initialisation, a first convolution for another number of channels
    is adapted (see `adapt_channels`).

    Args:
        module: of the lineage, or a guest.
        name: see `read`.

    Raises:
        ValueError: the source cannot be read, or is another network than this; which, and how to get it.
    """
    if isinstance(module, tuple(GUESTS.values())):
        weights = read(name).weights
    else:
        _, found = identify(name)
        _same_network(module, found, name)
        weights = found.weights
    try:
        fitted = fit(module.net, weights, module.num_classes)
    except Unfit as error:
        raise ValueError(f"{name} is not for this network: {error}.") from None
    put(module.net, fitted)
    return fitted


def origin(name: str, guest: bool = False) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """What a source is: the path of its class, its arguments, and what its pictures go through.

    Args:
        name: see `read`.
        guest: a network of torchvision or timm may be none of the lineage.

    Raises:
        ValueError: see `identify`.
    """
    if guest and name.partition("/")[0] in LIBRARIES:
        return "", {}, read(name).preprocessing
    _, found = identify(name)
    sizes = ("num_classes", "in_channels", "image_size")  # those of the data it is to be trained on
    arguments = {key: value for key, value in found.arguments.items() if key not in sizes}
    return f"{found.cls.__module__}.{found.cls.__name__}", arguments, found.preprocessing


def _same_network(module: LitClassifier, found: Identified, name: str) -> None:
    """Equal shapes are not enough: a stride or an activation has none."""
    if type(module) is not found.cls:
        raise ValueError(
            f"{name} is {found.words} and this network is {type(module).__name__}: give --model "
            f"{found.cls.__name__}, or leave the model out."
        )
    for key, parameter in inspect.signature(found.cls).parameters.items():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and key not in FREE:
            here = module.arguments.get(key, parameter.default)
            there = found.arguments.get(key, parameter.default)
            if here != there:
                raise ValueError(
                    f"{name} is {found.words} and this network has {key}={here!r}: give --model.{key} {there}."
                )
