"""Sentences on VGG, and on stacks of small filters."""

from collections import Counter

import torch
from torch import nn

from lit_cnns.features import weight_layers

from ..judging import Interval
from ..stacks import compare
from .finding import Checked, Sources, Standing, above, kernels

STACKS = {"five": (2, 5), "seven": (3, 7)}  # how many 3 x 3, and the kernel that sees as much


def _models(of: Sources) -> list[str]:
    """The configurations of the paper."""
    return [name for name, row in of.rows().items() if row["family"] == "vgg" and not row.get("adaptation")]


def all_3x3(of: Sources) -> Checked:
    """The kernels of every configuration."""
    sizes = {name: Counter(layer.kernel_size for layer in kernels(of.network(name)).values()) for name in _models(of)}
    other = {name: sum(found.values()) - found[3, 3] for name, found in sizes.items()}
    figures = {
        "all": sum(sum(found.values()) for found in sizes.values()),
        "small": sum(found[3, 3] for found in sizes.values()),
        "models": len(sizes),
        "others": [f"{name}: {count}" for name, count in other.items() if count],
    }
    return Checked({"all": not any(other.values())}, figures)


def conv_shrinks(of: Sources) -> Checked:
    """The side of the maps before and after each convolution and each pool of VGG-19."""
    net, shrinking = of.network("vgg_e"), Counter[str]()

    def look(layer: nn.Module, given: tuple[torch.Tensor, ...], out: torch.Tensor) -> None:
        shrinking[type(layer).__name__] += out.shape[-1] < given[0].shape[-1]

    handles = [m.register_forward_hook(look) for m in net.modules() if isinstance(m, nn.Conv2d | nn.MaxPool2d)]
    names = [name for name, _ in net.named_children()]
    convolutional = nn.Sequential(*[*net.children()][: names.index("flatten")])
    convolutional(torch.empty(1, *of.row("vgg_e")["input_size"], device="meta"))
    for handle in handles:
        handle.remove()
    stack, single = (compare(3, 7)[key]["per_c2"] for key in ("stack", "single"))
    figures = {"convs": len(kernels(net)), "shrinking": shrinking["Conv2d"], "pools": shrinking["MaxPool2d"]}
    return Checked({"shrinks": shrinking["Conv2d"] > 0}, {**figures, "layers": 3 * single / stack})


def six_models(of: Sources) -> Checked:
    """The configurations, and the weight layers of each."""
    depths = {name: weight_layers(of.network(name)) for name in _models(of)}
    parts = {
        "six": len(depths) == 6,
        "d": depths.get(of.row("vgg16")["name"]) == 16 and of.row("vgg16")["name"] == "vgg_d",
        "e": depths.get(of.row("vgg19")["name"]) == 19 and of.row("vgg19")["name"] == "vgg_e",
    }
    figures = {"models": [f"{name} {depth}" for name, depth in depths.items()], "count": len(depths)}
    return Checked(parts, {**figures, "sixteen": [name for name, depth in depths.items() if depth == 16]})


def stack_equals_large(of: Sources) -> Checked:
    """What a unit sees, by counting, and which pixels change it, by the gradient."""
    counted = {name: compare(*stack)["stack"]["field"] for name, stack in STACKS.items()}
    moved = {name: _moved_by(count) for name, (count, _) in STACKS.items()}
    parts = {name: counted[name] == moved[name] == kernel for name, (_, kernel) in STACKS.items()}
    return Checked(parts, {"counted": [*counted.values()], "moved": [*moved.values()]})


def _moved_by(count: int) -> int:
    """The side of the square of pixels that have a gradient, of the middle unit of so many 3 x 3 convolutions."""
    layers = [nn.Conv2d(1, 1, 3, padding=1, bias=False) for _ in range(count)]
    for layer in layers:
        nn.init.constant_(layer.weight, 1.0)  # so that nothing cancels out
    pixels = torch.ones(1, 1, 31, 31, requires_grad=True)
    nn.Sequential(*layers)(pixels)[0, 0, 15, 15].backward()
    assert pixels.grad is not None
    return int(pixels.grad[0, 0].any(0).sum())


def stack_fewer(of: Sources) -> Checked:
    """Weights of stacks and of the large kernels, in C^2."""
    found = {name: compare(*stack) for name, stack in STACKS.items()}
    weights = {f"{name}_{kind}": two[kind]["per_c2"] for name, two in found.items() for kind in ("stack", "single")}
    saved = {f"{name}_saved": 100 * (1 - weights[f"{name}_stack"] / weights[f"{name}_single"]) for name in STACKS}
    return Checked({name: saved[f"{name}_saved"] > 0 for name in STACKS}, {**weights, **saved})


def stack_faster(of: Sources) -> Checked:
    """How many times less a stack takes than the large kernel, forward and backward, as measured."""
    found = (of.times() or {}).get("stacks")
    macs = {f"{name}_macs": _macs_ratio(*stack) for name, stack in STACKS.items()}
    if found is None:
        return Checked(dict.fromkeys(STACKS, "not yet run"), macs)
    ratios = {name: Interval(*found[name]["ratio"]) for name in STACKS}
    parts: dict[str, Standing | bool] = {name: above(ratio, 1.0) for name, ratio in ratios.items()}
    more = {key: found["conditions"][key] for key in ("width", "side", "batch", "rounds")}
    return Checked(parts, {**macs, **more, **{f"{name}_time": ratio for name, ratio in ratios.items()}})


def _macs_ratio(count: int, kernel: int) -> float:
    found = compare(count, kernel)
    return found["single"]["macs"] / found["stack"]["macs"]


def stack_nonlinear(of: Sources) -> Checked:
    """Rectifiers for the same receptive field, and the claim that the deeper network errs less."""
    found = {name: compare(*stack) for name, stack in STACKS.items()}
    more = all(two["stack"]["rectifiers"] > two["single"]["rectifiers"] for two in found.values())
    rectifiers = [two["stack"]["rectifiers"] for two in found.values()]
    figures = {"rectifiers": rectifiers, "gain": of.measured("small_filters"), **of.trained_on("small_filters")}
    return Checked({"more": more, "useful": of.standing("small_filters")}, figures)


def vgg_beyond_19(of: Sources) -> Checked:
    """The deepest configuration of the paper, and its errors beside the one before it."""
    depths = {name: of.row(name)["weight_layers"]["paper"] for name in _models(of)}
    errors = {name: [r["top1_error"] for r in of.row(name)["results"] if r.get("views") == "dense"] for name in depths}
    figures: dict[str, object] = {"deepest": max(depths.values()), "before": errors["vgg_d"], "last": errors["vgg_e"]}
    return Checked({"more": max(depths.values()) > 19}, {**figures, "lengthened": of.measured("degradation")})
