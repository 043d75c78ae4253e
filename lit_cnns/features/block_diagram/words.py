"""What the boxes of a diagram say of a module."""

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.pooling import _AdaptiveAvgPoolNd, _AdaptiveMaxPoolNd, _AvgPoolNd, _MaxPoolNd

EXTRAS: list[tuple[Any, str]] = [(_NormBase, "BN"), (nn.ReLU, "ReLU"), (nn.Tanh, "tanh"), (nn.Flatten, "")]
POOLS = {(_MaxPoolNd, _AdaptiveMaxPoolNd): "max", (_AvgPoolNd, _AdaptiveAvgPoolNd): "mean"}


def kind_of(module: nn.Module) -> str:
    """conv, dense, pool or norm; extra for what changes no shape; for any other module its class."""
    if isinstance(module, nn.Conv2d):
        return "conv"
    if isinstance(module, nn.Linear):
        return "dense"
    if any(isinstance(module, kinds) for kinds in POOLS):
        return "pool"
    if type(module).__name__ == "LocalResponseNorm":  # torch's, and any faster one
        return "norm"
    no_weights = not any(True for _ in module.parameters())
    known = isinstance(module, (*(kind for kind, _ in EXTRAS), nn.Dropout))
    return (
        "extra"
        if known or (no_weights and not hasattr(module, "stride") and not list(module.buffers()))
        else _own(module)
    )


def said_with(module: nn.Module) -> tuple[str, ...]:
    """A word for what changes no shape: BN, ReLU, dropout 0.5."""
    if kind_of(module) != "extra":
        return ()
    if isinstance(module, nn.Dropout):
        return (f"dropout {module.p:g}",)
    word = next((word for kind, word in EXTRAS if isinstance(module, kind)), _own(module))
    return (word,) if word else ()


def settings_of(module: nn.Module) -> str:
    """Kernel, stride and groups in words: `11×11 /4`, `max 3×3 /2`."""
    if isinstance(module, (_AdaptiveAvgPoolNd, _AdaptiveMaxPoolNd)):
        return f"{'mean' if isinstance(module, _AdaptiveAvgPoolNd) else 'max'} of each map"
    if kind_of(module) == "norm":
        return f"LRN over {module.size} maps"
    words = [next((word for kinds, word in POOLS.items() if isinstance(module, kinds)), "")]
    for name, form in (("kernel_size", "{}×{}"), ("stride", "/{}")):
        value = getattr(module, name, None)
        pair = (value, value) if isinstance(value, int) else value
        if isinstance(pair, tuple) and not (name == "stride" and pair == (1, 1)):
            words.append(form.format(*pair))
    groups = maps_apart(module) if isinstance(module, nn.Conv2d) else 1
    words += ["each map by itself"] if groups == 0 else [f"{groups} groups"] if groups > 1 else []
    return " ".join(filter(None, words))


def maps_apart(module: nn.Module) -> int:
    """How many groups of maps a module keeps apart; 1 where all meet, 0 where each stays by itself."""
    if isinstance(module, nn.Conv2d):
        return 0 if module.groups == module.in_channels > 1 else module.groups
    if kind_of(module) == "norm":
        return int(getattr(module, "towers", 1))
    return 1 if any(True for _ in module.parameters()) and not isinstance(module, _NormBase) else 0


def _own(module: nn.Module) -> str:
    """A class of a network's own by its name, in words: `TableConv2d` is a table conv."""
    name = type(module).__name__.removesuffix("2d")
    return "".join(f" {c.lower()}" if c.isupper() and i and not name.isupper() else c for i, c in enumerate(name))
