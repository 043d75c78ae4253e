"""How the papers set the weights before the first step."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def layers_with_weights(net: nn.Module) -> dict[str, nn.Module]:
    """The layers whose weight is a matrix or more (normalisation layers are not), by name."""
    return {
        name: layer
        for name, layer in net.named_modules()
        if isinstance(getattr(layer, "weight", None), torch.Tensor) and layer.weight.ndim > 1
    }


def fan_in(layer: nn.Module) -> Tensor:
    """The inputs that one of the layer's outputs sees; a layer with weights of another form says so itself."""
    if callable(own := getattr(layer, "fan_in", None)):
        return own()
    weight: Tensor = layer.weight  # type: ignore[assignment]
    return torch.tensor(weight[0].numel(), device=weight.device)


def fan_out(layer: nn.Module) -> Tensor:
    """The outputs that one of the layer's inputs reaches; a layer with weights of another form says so itself."""
    if callable(own := getattr(layer, "fan_out", None)):
        return own()
    weight: Tensor = layer.weight  # type: ignore[assignment]
    groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
    return torch.tensor(weight[:, 0].numel() // groups, device=weight.device)


def _uniform_(layer: nn.Module, bound: Tensor) -> None:
    with torch.no_grad():
        layer.weight.uniform_(-1, 1).mul_(bound)  # type: ignore[operator]


def _normal_(layer: nn.Module, std: Tensor | float) -> None:
    with torch.no_grad():
        layer.weight.normal_().mul_(std)  # type: ignore[operator]


def gaussian_(layer: nn.Module, std: float = 0.01) -> None:
    """N(0, std^2), of 0.01 in Krizhevsky et al. 2012, Section 5; VGG's Section 3.1 prints a variance of 10^-2."""
    _normal_(layer, std)


def glorot_(layer: nn.Module) -> None:
    """Std sqrt(2 / (fan-in + fan-out)), the normal form of Glorot & Bengio 2010, whose Eq. 16 is uniform."""
    _normal_(layer, (2 / (fan_in(layer) + fan_out(layer))).sqrt())


def xavier_(layer: nn.Module) -> None:
    """Caffe's filler of that name, uniform in +-sqrt(3 / fan-in), which BVLC's GoogLeNet starts from."""
    _uniform_(layer, (3 / fan_in(layer)).sqrt())


def he_(layer: nn.Module) -> None:
    """He et al. 2015: normal, std sqrt(2 / fan-out) for convolutions; std 0.01 for all other layers."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    else:
        _normal_(layer, 0.01)


def he_fan_in_(layer: nn.Module) -> None:
    """He et al. 2015 with fan-in, for networks without batch norm: each layer keeps the variance of its input."""
    _normal_(layer, (2 / fan_in(layer)).sqrt())


def lecun_(layer: nn.Module) -> None:
    """Uniform in +-2.4 / fan-in (LeCun et al. 1998, Appendix A)."""
    _uniform_(layer, 2.4 / fan_in(layer))


def truncated_(layer: nn.Module, std: float = 0.1) -> None:
    """Normal, drawn again beyond two of its std: what the convolutions of Google's Inception v3 start from."""
    nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)  # type: ignore[arg-type]


INITIALISATIONS = {
    "gaussian": gaussian_,
    "glorot": glorot_,
    "xavier": xavier_,
    "he": he_,
    "he_fan_in": he_fan_in_,
    "lecun": lecun_,
    "truncated": truncated_,
}


def initialise(net: nn.Module, name: str, bias: float = 0.0) -> None:
    """Set every weight matrix of `net` by the initialisation `name` and every bias of those layers to `bias`.

    Args:
        net: any network; layers with scale and shift only (batch norm) keep 1 and 0.
        name: one of `INITIALISATIONS`, or "torch" to leave PyTorch's own.
        bias: value of the biases.

    Raises:
        ValueError: the name is none of these.
    """
    if name == "torch":
        return
    if name not in INITIALISATIONS:
        raise ValueError(f"init is one of {['torch', *INITIALISATIONS]}, not {name!r}.")
    for layer in layers_with_weights(net).values():
        INITIALISATIONS[name](layer)
        if isinstance(layer.bias, torch.Tensor):
            nn.init.constant_(layer.bias, bias)


def set_biases(net: nn.Module, biases: Mapping[str, float]) -> None:
    """Set the biases of the named layers."""
    for name, value in biases.items():
        nn.init.constant_(net.get_submodule(name).bias, value)  # type: ignore[arg-type]
