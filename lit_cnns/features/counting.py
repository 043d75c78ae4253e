"""What a network costs: parameters, multiply-accumulates, weight layers."""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase


class Counts(NamedTuple):
    """Trainable parameters, and multiply-accumulates of weights for one picture."""

    params: int
    macs: int


def count(net: nn.Module, input_size: Sequence[int]) -> Counts:
    """Count a network on one picture of `input_size` = (C, H, W), without computing anything.

    Convolutions and fully connected layers count; other modules with weights say theirs by a method
    `macs(output) -> int`. What `forward` does not run (auxiliary heads) is no part of the MACs.
    """
    macs = 0

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal macs
        if callable(own := getattr(module, "macs", None)):
            macs += own(output)
        elif isinstance(module, nn.Conv2d):
            macs += module.weight[0].numel() * output[0].numel()
        elif isinstance(module, nn.Linear):
            macs += module.weight.numel()

    bare = bare_copy(net)
    hooks = [module.register_forward_hook(add) for module in bare.modules() if not list(module.children())]
    dtype = next((p.dtype for p in bare.parameters()), None)
    with torch.no_grad():
        bare(torch.empty(1, *input_size, device="meta", dtype=dtype))
    for hook in hooks:
        hook.remove()
    return Counts(sum(p.numel() for p in net.parameters() if p.requires_grad), macs)


def bare_copy(net: nn.Module) -> nn.Module:
    """The same network without weights, in evaluation mode."""
    memo = {id(t): t.to("meta") for t in (*net.parameters(), *net.buffers()) if t.device.type != "meta"}
    for old in net.parameters():
        if id(old) in memo:
            memo[id(old)] = nn.Parameter(memo[id(old)], requires_grad=old.requires_grad)
    return copy.deepcopy(net, memo).eval()


def weight_layers(net: nn.Module) -> int:
    """Layers with weights on the longest way from picture to logits, as the papers count them.

    Normalisation is left out, and so are projections and auxiliary heads: a module that knows better says so by an
    attribute `weight_layers`.
    """
    stated = getattr(net, "weight_layers", None)
    if isinstance(stated, int):
        return stated
    children = list(net.children())
    if not children:
        return int(any(True for _ in net.parameters()) and not isinstance(net, _NormBase))
    return sum(weight_layers(child) for child in children)
