"""A network of the lineage as timm's programs expect one: features, a head that can be changed, and what they are."""

from collections.abc import Callable, Sequence
from functools import partial
from math import log2
from typing import Any

import torch
from timm.layers import SelectAdaptivePool2d
from timm.models import checkpoint, register_notrace_module
from torch import Tensor, nn
from torch.func import functional_call

from lit_cnns.models import LocalResponseNorm
from lit_cnns.models.lenet import RBF, TableConv2d
from lit_cnns.models.network import Network

POOLS = ("avg", "max", "avgmax")
for layer in (LocalResponseNorm, TableConv2d):
    register_notrace_module(layer)  # torch.fx takes them whole, as it cannot follow what happens inside


def _shapes(net: Network) -> dict[str, torch.Size]:
    """What each layer puts out for one picture of the network's size, computing nothing."""
    x = torch.empty(
        1, net.in_channels, net.image_size, net.image_size, device="meta", dtype=next(net.parameters()).dtype
    )
    shapes = {}
    for name, layer in net.named_children():
        x = functional_call(layer, {key: value.to("meta") for key, value in layer.state_dict().items()}, (x,))
        shapes[name] = x.shape[1:]
    return shapes


class TimmNetwork(Network):
    """A chain of named layers in two parts: features up to the last maps, and the head that turns them into logits.

    The head begins where maps become one point or a vector, or at the layer that has a map for each class. Features of
    several resolutions are what the last layer of each puts out.

    Shapes: (B, in_channels, H, W) -> (B, num_classes); without classes (B, head_hidden_size); without classes and
    with `global_pool=""` the maps (B, num_features, h, w).

    Args:
        net: the network, without side heads; its layers are shared.
        drop_rate: share that its dropout layers drop; None for the paper's.
    """

    def __init__(self, net: Network, drop_rate: float | None = None) -> None:
        super().__init__(
            net.named_children(),
            num_classes=net.num_classes,
            in_channels=net.in_channels,
            image_size=net.image_size,
            smallest=net.smallest,
            largest=net.largest,
        )
        shapes, names = _shapes(net), list(self._modules)
        self.in_chans, self.grad_checkpointing = net.in_channels, False
        self.first_conv = next(name for name, layer in self.named_modules() if isinstance(layer, nn.Conv2d))
        self.classifier = next(name for name in reversed(names) if self._modules[name].state_dict())
        head = next(i for i, name in enumerate(names) if name == self.classifier or shapes[name][1:] in ((1, 1), ()))
        while isinstance(self._modules[names[head - 1]], nn.Dropout):
            head -= 1
        self.head = names[head:]
        self.feature_info, self.stages = _stages(names[:head], shapes, net.image_size)
        self.num_features, *pool_size = shapes[names[head - 1]]
        self.pool_size = tuple(pool_size)
        self.head_hidden_size = shapes[names[names.index(self.classifier) - 1]][0]
        self.pool = next((n for n in self.head if isinstance(self._modules[n], nn.AdaptiveAvgPool2d)), None)
        self.global_pool = "avg" if self.pool else "flatten"
        self._new_classifier = _maker(self.get_classifier())
        for layer in self.modules():
            if isinstance(layer, nn.Dropout) and drop_rate is not None:
                layer.p = drop_rate

    def check(self, images: Tensor) -> None:
        if not isinstance(images, torch.fx.Proxy):  # a tracer's, which has no size
            super().check(images)

    def _run(self, names: list[str], x: Tensor) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
        return x

    def _stage(self, names: list[str], x: Tensor) -> Tensor:
        if self.grad_checkpointing and self.training:
            return checkpoint(partial(self._run, names), x)
        return self._run(names, x)

    def forward_features(self, images: Tensor) -> Tensor:
        """The last maps, (B, num_features, h, w)."""
        self.check(images)
        for names in self.stages:
            images = self._stage(names, images)
        return images

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits of the last maps, or what the classifier gets to see, (B, head_hidden_size)."""
        if self.global_pool == "":
            return maps
        return self._run([name for name in self.head if not (pre_logits and name == self.classifier)], maps)

    def forward(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images))

    def forward_intermediates(
        self,
        images: Tensor,
        indices: int | Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> Any:
        """The maps of several resolutions, as `feature_info` lists them.

        Args:
            images: the pictures.
            indices: which; a number for the last so many, None for all.
            norm: has no effect.
            stop_early: leave the layers after the last of them out.
            output_fmt: NCHW.
            intermediates_only: without the last maps in front.

        Raises:
            ValueError: another format.
        """
        if output_fmt != "NCHW":
            raise ValueError(f"Maps are (B, C, H, W), NCHW, not {output_fmt}.")
        self.check(images)
        taken, found = self._taken(indices), []
        for place, names in enumerate(self.stages[: max(taken) + 1] if stop_early else self.stages):
            images = self._stage(names, images)
            if place in taken:
                found.append(images)
        return found if intermediates_only else (images, found)

    def _taken(self, indices: int | Sequence[int] | None) -> list[int]:
        places = range(len(self.stages))
        if indices is None:
            return [*places]
        return [*places[-indices:]] if isinstance(indices, int) else [places[index] for index in indices]

    def prune_intermediate_layers(
        self, indices: int | Sequence[int] = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Leave out the layers after the last of some maps, and the head.

        Args:
            indices: as in `forward_intermediates`.
            prune_norm: has no effect.
            prune_head: the network then gives maps.

        Returns:
            their places, counted from the first.
        """
        taken = self._taken(indices)
        left_out = self.stages[max(taken) + 1 :]
        if prune_head:
            self.reset_classifier(0, "")
            left_out = [*left_out, self.head]
        for names in left_out:
            for name in names:
                setattr(self, name, nn.Identity())
        return taken

    def get_classifier(self) -> nn.Module:
        return self.get_submodule(self.classifier)

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """Put a new last layer in place of the old one.

        Args:
            num_classes: 0 for none: the network then gives what the classifier would see.
            global_pool: avg, max, avgmax; "" for the bare maps; None for what it is, or was before the bare maps.

        Raises:
            ValueError: a pool that the network has no place for, or classes without one.
        """
        if num_classes and global_pool == "":
            raise ValueError("Without its pool the network gives maps and no classes: num_classes=0, or a pool.")
        if num_classes and self.global_pool == "" and global_pool is None:
            global_pool = "avg" if self.pool else "flatten"
        if global_pool is not None and global_pool != self.global_pool:
            self._set_pool(global_pool)
        like = next(self.parameters())
        new = self._new_classifier(num_classes).to(like.device, like.dtype) if num_classes else nn.Identity()
        setattr(self, self.classifier, new.train(self.training))
        self.num_classes = num_classes

    def _set_pool(self, name: str) -> None:
        allowed = (*POOLS, "") if self.pool else ("flatten", "")
        if name not in allowed:
            raise ValueError(
                f"The head of this network goes with global_pool {', '.join(map(repr, allowed))}, not {name!r}."
            )
        if self.pool and name:
            pool = nn.AdaptiveAvgPool2d(1) if name == "avg" else SelectAdaptivePool2d(pool_type=name)
            setattr(self, self.pool, pool.train(self.training))
        self.global_pool = name

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Keep only the maps of each resolution in training and compute the others a second time."""
        self.grad_checkpointing = enable

    def group_matcher(self, coarse: bool = False) -> Callable[[str], int]:
        """The number of the group that a parameter is in: a layer with its norm, or all of one resolution."""
        groups, number = {}, -1
        for stage, names in enumerate([*self.stages, self.head]):
            for name in names:
                number = stage if coarse else number + (not isinstance(self._modules[name], nn.BatchNorm2d))
                groups[name] = number
        return lambda name: groups[name.partition(".")[0]]


def _stages(names: list[str], shapes: dict[str, torch.Size], side: int) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """The layers of each resolution, and for each its maps, how much smaller they are, and which layer gives them."""
    stages: list[list[str]] = []
    info: list[dict[str, Any]] = []
    reduction = 1
    for name in names:
        shrunk = 2 ** round(log2(side / shapes[name][1]))  # without padding, a stride of 4 makes 55 of 224 pixels
        if shrunk > 1 or not stages:
            reduction *= shrunk
            stages.append([])
            info.append({})
        stages[-1].append(name)
        info[-1] = {"num_chs": shapes[name][0], "reduction": reduction, "module": name}
        side = shapes[name][1]
    return info, stages


def _maker(layer: nn.Module) -> Callable[[int], nn.Module]:
    """From a number of classes to a last layer of the same kind."""
    if isinstance(layer, nn.Linear):
        return partial(nn.Linear, layer.in_features)
    if isinstance(layer, nn.Conv2d):
        return partial(nn.Conv2d, layer.in_channels, kernel_size=1)
    assert isinstance(layer, RBF)
    return RBF
