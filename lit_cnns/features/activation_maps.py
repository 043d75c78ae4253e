"""Class activation maps: which places of a layer's maps speak for a class."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules import dropout, pooling

from .capture import LayerInfo, _find, exclusive
from .heat import HeatMap, chosen, heat_map, one_picture


def grad_cam(net: nn.Module, batch: Tensor, layer: str, target: int | None = None) -> HeatMap:
    """Weigh the maps of a layer by the mean gradient of a class's logit, and keep what speaks for it.

    Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017,
    Section 3, equations 1 and 2. The gradient is taken of one logit, from the layer on, and of no parameter.

    Args:
        net: Any network that gives logits `[1, classes]`.
        batch: One picture `[1, C, H, W]`, normalised.
        layer: A layer with maps; the paper takes the last convolution.
        target: The class; by default the likeliest.

    Returns:
        A map `[h, w]` of the layer's size, in logits, not below 0.

    Raises:
        ValueError: there is no such layer or class, or the layer has no maps.
    """
    maps, gradient, logits, target = _differentiated(net, batch, layer, target)
    weights = gradient.mean((1, 2), keepdim=True)
    return heat_map((weights * maps).sum(0).relu(), logits, target)


def hires_cam(net: nn.Module, batch: Tensor, layer: str, target: int | None = None) -> HeatMap:
    """Multiply maps and gradients place by place, so that only places the network used are lit.

    Draelos and Carin, Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks,
    2020 (arXiv 2011.08891); what speaks against the class is left out, as in Grad-CAM. Where fully
    connected layers follow, as in AlexNet and VGG, places have weights of their own, which Grad-CAM averages away.

    Args, returns and errors are those of `grad_cam`.
    """
    maps, gradient, logits, target = _differentiated(net, batch, layer, target)
    return heat_map((gradient * maps).sum(0).relu(), logits, target)


def cam(net: nn.Module, batch: Tensor, layer: str, target: int | None = None) -> HeatMap:
    """Weigh the maps of a layer by the weights that their means have in the last layer: without a gradient.

    Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016, Section 2, equations 1 and 2. Only
    of networks whose logits are the layer's means, weighed once (GoogLeNet, ResNet) or as they are (NiN): there the
    mean of the map and the bias are the logit. Args are those of `grad_cam`.

    Returns:
        A map `[h, w]` of the layer's size, in logits, of both signs.

    Raises:
        ValueError: there is no such layer or class, or the network's logits are not made from the layer's means.
    """
    picture = one_picture(net, batch)
    with exclusive(net), torch.no_grad(), _from(net, layer, gradient=False) as kept:
        logits = net(picture)[0]
    maps = _of_one(kept, layer).float()
    rounded = max(1e-3, 8 * torch.finfo(logits.dtype).eps) * logits.abs().max()
    for weight, bias in _readings(net, maps):
        said = weight @ maps.mean((1, 2)) + bias
        if said.shape == logits.shape and (said - logits).abs().max() <= rounded:
            target = chosen(logits, target)
            return heat_map(torch.einsum("c,chw->hw", weight[target], maps), logits, target)
    raise ValueError(
        f"CAM is told of networks whose logits are the means of their last maps, weighed once; the logits of "
        f"{type(net).__name__} are not made so from '{layer}'. Choose the last layer with maps, or Grad-CAM."
    )


def last_maps(layers: Sequence[LayerInfo]) -> str | None:
    """Choose the layer that class activation maps are best taken of: the last with maps of more than one place.

    Of a block the whole is taken, not a part; pooling and dropout are passed over for what they are given. None if
    there is no such layer.
    """
    kinds = {kind for module in (pooling, dropout) for kind in module.__all__}
    maps = [one for one in layers if len(one.shape) == 3 and max(one.shape[1:]) > 1 and one.kind not in kinds]
    names = {one.name for one in maps}
    whole = [one.name for one in maps if not any(one.name.startswith(f"{name}.") for name in names)]
    return whole[-1] if whole else None


def _differentiated(
    net: nn.Module, batch: Tensor, layer: str, target: int | None
) -> tuple[Tensor, Tensor, Tensor, int]:
    """Maps `[C, h, w]` of a layer, the gradient of a class's logit by them, all logits, and the class."""
    picture = one_picture(net, batch)
    with exclusive(net), torch.no_grad(), _from(net, layer, gradient=True) as kept:
        logits = net(picture)[0]
        _of_one(kept, layer)
        target = chosen(logits, target)
        (gradient,) = torch.autograd.grad(logits[target], kept)
    return kept[0].detach()[0], gradient[0], logits.detach(), target


@contextmanager
def _from(net: nn.Module, layer: str, gradient: bool) -> Iterator[list[Tensor]]:
    """Keep a layer's output; with `gradient`, the graph begins there, and what ran before is no part of it."""
    kept: list[Tensor] = []

    def begin(_module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        kept[:] = [output.detach().requires_grad_(gradient)]
        torch.set_grad_enabled(gradient)
        return kept[0].clone()  # what follows may work in place

    handle = _find(net, layer).register_forward_hook(begin)
    try:
        yield kept
    finally:
        handle.remove()


def _of_one(kept: list[Tensor], layer: str) -> Tensor:
    if not kept or kept[0].ndim != 4:
        what = "is not reached" if not kept else f"gives {list(kept[0].shape[1:])}, not maps"
        raise ValueError(f"Layer '{layer}' {what}; choose one that gives maps, a convolution for instance.")
    return kept[0][0]


def _readings(net: nn.Module, maps: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Weight and bias of what may read the means of `maps`: each of them as a class, or a fully connected layer."""
    count = len(maps)
    yield torch.eye(count).to(maps), maps.new_zeros(count)
    for module in net.modules():
        if isinstance(module, nn.Linear) and module.in_features == count:
            weight = module.weight.detach().to(maps)
            yield weight, maps.new_zeros(len(weight)) if module.bias is None else module.bias.detach().to(maps)
