"""How the papers set the weights before the first step."""

import math
from collections.abc import Mapping

import torch
from torch import nn


def layers_with_weights(net: nn.Module) -> dict[str, nn.Module]:
    """The layers whose weight is a matrix or more (normalisation layers are not), by name."""
    return {
        name: layer
        for name, layer in net.named_modules()
        if isinstance(getattr(layer, "weight", None), torch.Tensor) and layer.weight.ndim > 1
    }


def _fan_in(weight: torch.Tensor) -> int:
    # (out, in), (out, in, k, k), and (places, out, in) of locally connected layers
    return weight.shape[-1] if weight.ndim == 3 else weight[0].numel()


def gaussian_(weight: torch.Tensor, std: float = 0.01) -> None:
    """N(0, std^2) (Krizhevsky et al. 2012, Section 5; VGG, Section 3.1)."""
    nn.init.normal_(weight, std=std)


def glorot_(weight: torch.Tensor) -> None:
    """Glorot & Bengio 2010, normal form: what VGG's authors found to make pre-training unnecessary."""
    nn.init.xavier_normal_(weight)


def xavier_(weight: torch.Tensor) -> None:
    """Caffe's filler of that name, uniform in +-sqrt(3 / fan-in), which BVLC's GoogLeNet starts from."""
    bound = math.sqrt(3 / _fan_in(weight))
    nn.init.uniform_(weight, -bound, bound)


def he_(weight: torch.Tensor) -> None:
    """He et al. 2015: normal, std sqrt(2 / fan-out) for convolutions; std 0.01 for the classifier."""
    if weight.ndim == 4:
        nn.init.kaiming_normal_(weight, mode="fan_out", nonlinearity="relu")
    else:
        nn.init.normal_(weight, std=0.01)


def he_fan_in_(weight: torch.Tensor) -> None:
    """He et al. 2015 with fan-in, for networks without batch norm: each layer keeps the variance of its input."""
    nn.init.normal_(weight, std=math.sqrt(2 / _fan_in(weight)))


def lecun_(weight: torch.Tensor) -> None:
    """Uniform in +-2.4 / fan-in (LeCun et al. 1998, Appendix A)."""
    bound = 2.4 / _fan_in(weight)
    nn.init.uniform_(weight, -bound, bound)


INITIALISATIONS = {"gaussian": gaussian_, "glorot": glorot_, "xavier": xavier_, "he": he_, "he_fan_in": he_fan_in_, "lecun": lecun_}


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
        INITIALISATIONS[name](layer.weight)  # type: ignore[arg-type]
        if isinstance(layer.bias, torch.Tensor):
            nn.init.constant_(layer.bias, bias)


def set_biases(net: nn.Module, biases: Mapping[str, float]) -> None:
    """Set the biases of the named layers."""
    for name, value in biases.items():
        nn.init.constant_(net.get_submodule(name).bias, value)  # type: ignore[arg-type]
