"""Sentences on ResNet, depth and what it costs."""

import math
from collections.abc import Callable, Sequence
from statistics import linear_regression
from typing import Any

import torch
from torch import nn

from lit_cnns.features import weight_layers
from lit_cnns.models.resnet import BasicBlock

from ..judging import Interval, difference
from .finding import Checked, Sources, above, kernels, parameters

BASIC, BOTTLENECK = ("resnet18_b", "resnet34_b"), ("resnet50", "resnet101", "resnet152")
BY_DEPTH = ("resnet20_cifar", "resnet32_cifar", "resnet44_cifar", "resnet56_cifar", "resnet110_cifar")
SAVED = 1.05  # a backward pass that is cheaper by less than a twentieth is not called so
PAIRS = {"plain": ("plain18", "plain34"), "residual": ("resnet18_a", "resnet34_a")}


def params_exponential(of: Sources) -> Checked:
    """Parameters by depth set against a line and an exponential, and errors of networks that have more of them."""
    nets = {name: of.network(name) for name in BY_DEPTH}
    points = [(weight_layers(net), parameters(net)) for net in nets.values()]
    straight, exponential = _misfit(points, float, float), _misfit(points, math.log, math.exp)
    changes = {kind: _ten_crop(of, large) - _ten_crop(of, small) for kind, (small, large) in PAIRS.items()}
    plain, residual = (parameters(of.network(name)) for name in ("plain34", "resnet34_a"))
    figures: dict[str, Any] = {
        "depths": [depth for depth, _ in points],
        "counts": [f"{count:,}" for _, count in points],
        "straight": 100 * straight,
        "exponential": 100 * exponential,
        "same": plain == residual,
        "params": residual,
        **changes,
    }
    return Checked({"exponential": exponential < straight, "raise": min(changes.values()) > 0}, figures)


def _misfit(
    points: Sequence[tuple[int, int]], there: Callable[[float], float], back: Callable[[float], float]
) -> float:
    """The largest relative distance of the counts from their fit, a straight line over `there`."""
    depths, counts = zip(*points, strict=True)
    slope, start = linear_regression(depths, [there(count) for count in counts])
    return max(abs(back(start + slope * depth) / count - 1) for depth, count in points)


def _ten_crop(of: Sources, network: str) -> float:
    return next(r["top1_error"] for r in of.row(network)["results"] if r["protocol"] == "10-crop")


def residual_learns_difference(of: Sources) -> Checked:
    """What the blocks with an identity shortcut give, against input plus branch, and with a branch of zero."""
    torch.manual_seed(0)
    net = of.built("resnet20_cifar").eval()
    blocks = [block for block in net.children() if hasattr(block, "bn2") and block.conv1.stride == (1, 1)]
    off = [_off(block) for block in blocks]
    added, silent = max(one for one, _ in off), max(one for _, one in off)
    parts = {"difference": added < 1e-6, "identity": silent < 1e-6}
    return Checked(parts, {"blocks": len(off), "off": max(added, silent)})


def _off(block: Any) -> tuple[float, float]:
    """The largest distance of a block from relu(input + branch), and of one with a silent branch from its input."""
    branch: list[torch.Tensor] = []
    handle = block.bn2.register_forward_hook(lambda _, __, out: branch.append(out.clone()))
    images = torch.rand(2, block.conv1.in_channels, 8, 8)  # not negative, as what a rectifier gives
    with torch.no_grad():
        whole = block(images)
        added = float((whole - torch.relu(images + branch[0])).abs().max())
        block.bn2.weight.zero_(), block.bn2.bias.zero_()
        silent = float((block(images) - images).abs().max())
    handle.remove()
    return added, silent


def residual_backprop_cheaper(of: Sources) -> Checked:
    """Parameters of plain-34 and ResNet-34, and the time of their backward passes, as measured."""
    counts = {name: parameters(of.network(row)) for name, row in (("plain", "plain34"), ("residual", "resnet34_a"))}
    found = (of.times() or {}).get("residual")
    if found is None:
        return Checked({"cheaper": "not yet run"}, counts)
    ratio = Interval(*found["ratio"])
    more = {key: found["conditions"][key] for key in ("side", "batch", "rounds")}
    return Checked({"cheaper": above(ratio, 1.0, nothing=SAVED)}, {**counts, **more, "ratio": ratio})


def deeper_is_easier(of: Sources) -> Checked:
    """The claim on degradation: training error with and without shortcuts, and the test error by depth."""
    kept = of.claim("degradation")
    if kept is None:
        return Checked(dict.fromkeys(("easier", "rises"), "not yet run"), {})
    trained, tested = (_by_arm(kept, of_run) for of_run in (_training_error, lambda run: run["test_error"]))
    easier = difference(trained["plain-56"], trained["ResNet-56"])
    gain = difference(tested["ResNet-20"], tested["ResNet-56"])
    return Checked(
        {"easier": above(easier), "rises": above(gain)},
        {"easier": easier, "gain": gain, **of.trained_on("degradation")},
    )


def _training_error(run: dict[str, Any]) -> float:
    return run["curve"][-1]["train_error"]


def _by_arm(kept: dict[str, Any], figure: Callable[[dict[str, Any]], float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for run in kept["results"]["runs"]:
        found.setdefault(run["arm"], []).append(figure(run))
    return found


def bottleneck_saves(of: Sources) -> Checked:
    """Weights of ResNet-50's conv2_2, and of two 3 x 3 convolutions between as many maps."""
    block = of.network("resnet50").get_submodule("conv2_2")
    width = next(iter(kernels(block).values())).in_channels
    with torch.device("meta"):
        pair = BasicBlock(width, width, 1, "B")
    saved, whole = (sum(layer.weight.numel() for layer in kernels(net).values()) for net in (block, pair))
    figures = {"width": width, "bottleneck": saved, "pair": whole, "times": whole / saved}
    return Checked({"saves": saved < whole}, figures)


def mostly_3x3(of: Sources) -> Checked:
    """The share of 3 x 3 among the convolutions of each depth."""
    shares = {name: _share_3x3(of.network(name)) for name in (*BASIC, *BOTTLENECK)}
    parts = {"basic": min(shares[name] for name in BASIC) > 0.5, "bottleneck": min(shares[n] for n in BOTTLENECK) > 0.5}
    told = {name: [f"{shares[n]:.0%}" for n in names] for name, names in (("small", BASIC), ("large", BOTTLENECK))}
    return Checked(parts, told)


def _share_3x3(net: nn.Module) -> float:
    sizes = [layer.kernel_size for layer in kernels(net).values()]
    return sizes.count((3, 3)) / len(sizes)


def no_maxpool_fc_dropout(of: Sources) -> Checked:
    """Pools, fully connected layers and dropout of each depth."""
    nets = [of.network(name) for name in (*BASIC, *BOTTLENECK)]
    pools, full, drops = ([_count(net, kind) for net in nets] for kind in (nn.MaxPool2d, nn.Linear, nn.Dropout))
    pool = [name for name, layer in nets[0].named_modules() if isinstance(layer, nn.MaxPool2d)]
    parts = {"pool": not any(pools), "hidden": all(count == 1 for count in full), "dropout": not any(drops)}
    most = {"pools": max(pools), "full": max(full), "drops": max(drops)}
    return Checked(parts, {"pool": pool, "nets": len(nets), **most})


def _count(net: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(layer, kind) for layer in net.modules())
