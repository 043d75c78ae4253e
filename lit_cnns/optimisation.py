"""Optimisers and learning-rate schedules by name and numbers, so that a checkpoint holds nothing but plain values."""

import inspect
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

# each by name, with the arguments it takes besides lr, momentum and weight_decay
OPTIMIZERS = {
    "sgd": ["nesterov", "dampening"],
    "adam": ["betas", "eps"],
    "adamw": ["betas", "eps"],
    "rmsprop": ["alpha", "eps", "centered"],
    "rmsprop_tf": ["alpha", "eps", "centered"],
}

# A plateau schedule's `frequency`: Lightning never steps it. It would do so after the epoch's checkpoint is written,
# and not at all in the first epoch of a resumed run, so `LitClassifier` does it at the end of a validation.
BY_VALIDATION = sys.maxsize


def rate_sentence(optimizer: Optimizer) -> str:
    """What a run's learning rate is, and what it belongs to."""
    group = optimizer.param_groups[0]
    return (
        f"Learning rate {group.get('initial_lr', group['lr']):g} for the whole batch of an optimiser step: it is not "
        "scaled by the number of processes or accumulated steps."
    )


def check_optimizer(name: str, arguments: dict[str, Any]) -> None:
    """Raise ValueError with a sentence when the optimiser or one of its arguments does not exist."""
    if name not in OPTIMIZERS:
        raise ValueError(f"optimizer is one of {[*OPTIMIZERS]}, not {name!r}; any other by --optimizer CLASS.")
    if unknown := sorted(set(arguments) - set(OPTIMIZERS[name])):
        raise ValueError(f"optimizer_args of {name!r} are {OPTIMIZERS[name]}, not {unknown}.")


def make_optimizer(
    name: str, groups: Iterable[dict[str, Any]], lr: float, momentum: float, **arguments: Any
) -> Optimizer:
    """An optimiser over parameter groups that carry their own `weight_decay` (and `lr` where it differs).

    SGD is the fused one, equal to the papers' momentum up to rounding and several times faster on a processor.
    `rmsprop_tf` has epsilon under the root and starts its mean square at one, as TensorFlow, where Inception v3 and v4
    were trained; with their epsilon of 1 that is another step than PyTorch's.

    Raises:
        ValueError: an unknown name or argument.
    """
    check_optimizer(name, arguments)
    groups = list(groups)
    if name == "sgd":
        sgd = torch.optim.SGD(groups, lr=lr, momentum=momentum, fused=_can_fuse(groups), **arguments)
        sgd._step_supports_amp_scaling = False  # else Lightning refuses to clip gradients in half precision
        return sgd
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, lr=lr, momentum=momentum, **arguments)
    if name == "rmsprop_tf":
        from timm.optim import RMSpropTF

        return RMSpropTF(groups, lr=lr, momentum=momentum, **arguments)
    kind = torch.optim.Adam if name == "adam" else torch.optim.AdamW
    return kind(groups, lr=lr, **arguments)


def contiguous(values: dict[Any, Any]) -> dict[Any, Any]:
    """A state dict with its tensors in the layout that every reader takes, also one that passes on bare memory."""
    return {key: value.contiguous() if type(value) is Tensor else value for key, value in values.items()}


def lay_out_like_weights(optimizer: Optimizer) -> None:
    """Give what an optimiser keeps the layout of its weights: the fused ones go through both as they lie in memory."""
    for weight, kept in optimizer.state.items():
        for name, value in kept.items():
            if type(value) is Tensor and value.shape == weight.shape and value.stride() != weight.stride():
                kept[name] = torch.empty_like(weight, dtype=value.dtype, requires_grad=False).copy_(value)


def _can_fuse(groups: list[dict[str, Any]]) -> bool:
    return all(
        p.device.type in ("cpu", "cuda") and not isinstance(p, DTensor) for group in groups for p in group["params"]
    )


# A schedule is a factor on the learning rate, as a function of the time t in its unit (epochs or optimiser steps).


def constant(t: float, total: float) -> float:
    return 1.0


def step(t: float, total: float, milestones: list[float], factor: float = 0.1) -> float:
    """Times `factor` at each milestone (ResNet on CIFAR: a tenth at 32,000 and 48,000 iterations)."""
    return factor ** sum(t >= milestone for milestone in milestones)


def piecewise(t: float, total: float, milestones: list[float], factors: list[float]) -> float:
    """`factors[i]` after the i-th milestone (LeNet-5: 2, 5, 8 and 12 passes)."""
    return ([1.0, *factors])[sum(t >= milestone for milestone in milestones)]


def decay(t: float, total: float, factor: float = 0.96, every: float = 8) -> float:
    """Times `factor` after every `every` units (GoogLeNet: 4% less every 8 epochs)."""
    return factor ** (t // every)


def poly(t: float, total: float, power: float = 0.5) -> float:
    """(1 - t/T)^power (BVLC's quick GoogLeNet)."""
    return max(0.0, 1 - t / total) ** power


def cosine(t: float, total: float, final: float = 0.0) -> float:
    """Half a cosine from 1 down to `final` (Loshchilov & Hutter 2017)."""
    return final + (1 - final) * (1 + math.cos(math.pi * min(1.0, t / total))) / 2


def plateau(
    factor: float = 0.1, patience: int = 5, cuts: int = 3, monitor: str = "val/top1"
) -> tuple[float, int, int, str]:
    """Times `factor` when `monitor` has not improved for `patience` validations, `cuts` times in all (AlexNet, VGG).

    The papers did this by hand; `ReduceLROnPlateau` does it here, with these settings.
    """
    return factor, patience, cuts, monitor


SCHEDULES: dict[str, Callable[..., float]] = {f.__name__: f for f in (constant, step, piecewise, decay, poly, cosine)}
NEEDS_TOTAL = ("poly", "cosine")
COMMON = {"unit": "epoch", "warmup": 0.0, "warmup_from": 0.0, "warmup_shape": "linear"}


def check_schedule(name: str, arguments: dict[str, Any]) -> None:
    """Raise ValueError with a sentence when the schedule or one of its arguments does not exist."""
    if name not in SCHEDULES and name != "plateau":
        raise ValueError(f"schedule is one of {[*SCHEDULES, 'plateau']}, not {name!r}.")
    rule = plateau if name == "plateau" else SCHEDULES[name]
    parameters = {k: p for k, p in inspect.signature(rule).parameters.items() if k not in ("t", "total")}
    allowed = [*parameters] if name == "plateau" else [*parameters, *COMMON]
    if unknown := sorted(set(arguments) - set(allowed)):
        raise ValueError(f"schedule_args of {name!r} are {allowed}, not {unknown}.")
    required = [k for k, p in parameters.items() if p.default is inspect.Parameter.empty]
    if missing := sorted(set(required) - set(arguments)):
        raise ValueError(f"schedule {name!r} also needs schedule_args {missing}.")
    if arguments.get("unit", "epoch") not in ("epoch", "step"):
        raise ValueError(f"schedule_args.unit is 'epoch' or 'step', not {arguments['unit']!r}.")
    if arguments.get("warmup_shape", "linear") not in ("linear", "constant"):
        raise ValueError(f"schedule_args.warmup_shape is 'linear' or 'constant', not {arguments['warmup_shape']!r}.")
    if name == "piecewise" and len(arguments["milestones"]) != len(arguments["factors"]):
        raise ValueError("schedule 'piecewise' needs as many factors as milestones.")


def make_scheduler(
    optimizer: Optimizer, name: str, arguments: dict[str, Any], steps: float, steps_per_epoch: float
) -> dict[str, Any]:
    """The schedule in the form that `configure_optimizers` returns.

    Args:
        optimizer: whose learning rate it drives.
        name: a schedule of this module.
        arguments: its arguments, plus `unit` ("epoch" or "step"), `warmup` (in it), `warmup_from`, `warmup_shape`.
        steps: optimiser steps of the whole run; infinite where the run has no end.
        steps_per_epoch: optimiser steps of one epoch.

    Raises:
        ValueError: a schedule that needs the length of the run in a run without end.
    """
    if name == "plateau":
        factor, patience, cuts, monitor = plateau(**arguments)
        floor = [group["lr"] * factor**cuts for group in optimizer.param_groups]
        smaller = monitor.endswith("loss")
        scheduler = ReduceLROnPlateau(
            optimizer, mode="min" if smaller else "max", factor=factor, patience=patience, min_lr=floor
        )
        return {"scheduler": scheduler, "monitor": monitor, "interval": "epoch", "frequency": BY_VALIDATION}
    return {"scheduler": LambdaLR(optimizer, rate_rule(name, arguments, steps, steps_per_epoch)), "interval": "step"}


def rate_rule(name: str, arguments: dict[str, Any], steps: float, steps_per_epoch: float) -> Callable[[int], float]:
    """From the number of optimiser steps that are done to the factor on the learning rate, for all but plateau.

    Args:
        name: a schedule of this module.
        arguments: see `make_scheduler`.
        steps: optimiser steps of the whole run; infinite where the run has no end.
        steps_per_epoch: optimiser steps of one epoch.

    Raises:
        ValueError: a schedule that needs the length of the run in a run without end.
    """
    if name in NEEDS_TOTAL and not math.isfinite(steps):
        raise ValueError(f"schedule {name!r} needs the length of the run: set trainer.max_epochs or trainer.max_steps.")
    own = {k: v for k, v in arguments.items() if k not in COMMON}
    common = {**COMMON, **{k: v for k, v in arguments.items() if k in COMMON}}
    unit = steps_per_epoch if common["unit"] == "epoch" else 1
    warmup, start, rule = common["warmup"], common["warmup_from"], SCHEDULES[name]
    slope = (1 - start) if common["warmup_shape"] == "linear" else 0.0

    def rate(count: int) -> float:
        t = count / unit
        if t < warmup:
            # counted from the first step, so that a warm-up from 0 does not waste it
            return start + slope * (count + 1) / (warmup * unit + 1)
        # the epoch of a whole number of steps must not fall short of it by rounding
        return rule(t + 1e-9, steps / unit, **own)

    return rate
