"""Saliency: which pixels move a class's score."""

import torch
from torch import Tensor, nn

from .capture import exclusive
from .heat import HeatMap, chosen, heat_map, one_picture


def saliency(net: nn.Module, batch: Tensor, target: int | None = None) -> HeatMap:
    """Take the gradient of a class's logit by the pixels; of the channels of a pixel the largest magnitude.

    Simonyan et al., Deep Inside Convolutional Networks: Visualising Image Classification Models and Saliency Maps, ICLR
    2014 workshop, Section 3.1.

    Args:
        net: Any network that gives logits `[1, classes]`.
        batch: One picture `[1, C, H, W]`, normalised.
        target: The class; by default the likeliest.

    Returns:
        A map `[H, W]` of the picture's size: logits per unit of normalised brightness, not below 0.

    Raises:
        ValueError: there is no such class.
    """
    picture = one_picture(net, batch).requires_grad_()
    with exclusive(net), torch.enable_grad():
        logits = net(picture.clone())[0]  # a network may begin in place
        target = chosen(logits, target)
        (gradient,) = torch.autograd.grad(logits[target], picture)
    return heat_map(gradient[0].abs().amax(0), logits, target)
