"""From a source to a network of ours with its weights, and what became of each tensor."""

import inspect
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lit_cnns.classifier import LitClassifier
from lit_cnns.guests import GUESTS, check_name
from lit_cnns.weights.fitting import Fit, Unfit, fit, fit_layers, is_side, put
from lit_cnns.weights.identifying import FREE, LIBRARIES, PLAIN, Identified, identify, read
from lit_cnns.weights.library import timm_class_names, timm_preprocessing, torchvision_form

IMAGENET_CLASSES = 1000


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
    library, _ = _guest_name(name)
    source = read(name)
    _, _, full = source.name.partition("/")
    module = GUESTS[library](full.partition(".")[0] if library == "torchvision" else full)
    fitted = fit(module.net, source.weights, module.num_classes)
    put(module.net, fitted)
    _describe(module, source.class_names, {**PLAIN, **source.preprocessing})
    return module.eval(), fitted


def untrained(name: str, seed: int = 0) -> LitClassifier:
    """A network of torchvision or timm with random weights, and the preprocessing and classes that trained ones have.

    Args:
        name: `torchvision/<network>` or `timm/<network>`.
        seed: of the weights.

    Raises:
        ValueError: no such network.
    """
    import torch
    from torchvision import models

    library, rest = _guest_name(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = GUESTS[library](rest)
    if library == "torchvision":
        preprocessing, class_names = torchvision_form(models.get_model_weights(rest).DEFAULT)
    else:
        preprocessing, class_names = timm_preprocessing(module.net), timm_class_names(module.net)
    module.class_names, module.preprocessing = class_names, {**PLAIN, **preprocessing}
    module.data_description = {"note": "no data: its weights are random", "untrained": True}
    return module.eval()


def guest_names() -> list[str]:
    """Every network of torchvision and timm that tells classes apart."""
    import timm
    from torchvision import models

    listed = {"torchvision": models.list_models(module=models), "timm": timm.list_models()}
    return [f"{library}/{name}" for library, names in listed.items() for name in names]


def guest_size(name: str) -> int:
    """How many parameters a guest has, without memory for them.

    Raises:
        ValueError: no such network.
    """
    import torch
    from torchvision import models

    library, rest = _guest_name(name)
    if library == "torchvision":
        network = rest.partition(".")[0]
        check_name("torchvision", network, models.list_models(module=models))
        return int(models.get_model_weights(network).DEFAULT.meta["num_params"])
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in GUESTS[library](rest).parameters())


def _guest_name(name: str) -> tuple[str, str]:
    library, _, rest = name.partition("/")
    if library not in GUESTS or not rest:
        raise ValueError(f"A guest is torchvision/<network> or timm/<network>, not {name}.")
    return library, rest


def _describe(module: LitClassifier, class_names: list[str], preprocessing: dict[str, Any]) -> None:
    if class_names and len(class_names) != module.num_classes:
        raise ValueError(f"There are {len(class_names)} class names and the network tells {module.num_classes} apart.")
    if isinstance(preprocessing.get("mean"), Tensor):
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


def start_from(module: LitClassifier, name: str, layers: Sequence[str] = ()) -> Fit:
    """Put the weights of a source into a built network, to fine-tune it; nothing of the source stays in its arguments.

    A head for another number of classes keeps its initialisation, a first convolution for another number of channels
    is adapted (see `adapt_channels`).

    Args:
        module: of the lineage, or a guest.
        name: see `read`.
        layers: take these alone, from a network that may be another (VGG, Section 3.1: the deeper from A).

    Raises:
        ValueError: the source cannot be read, or is another network than this; which, and how to get it.
    """
    if isinstance(module, tuple(GUESTS.values())):
        weights = read(name).weights
    else:
        _, found = identify(name)
        if not layers:
            _same_network(module, found, name)
        weights = found.weights
    try:
        fitted = fit_layers(module.net, weights, layers) if layers else fit(module.net, weights, module.num_classes)
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
