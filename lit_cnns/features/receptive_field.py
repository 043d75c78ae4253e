"""What a unit of a layer sees of the picture, by arithmetic over the operations that a network runs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from .counting import bare_copy

aten = torch.ops.aten


class ReceptiveField(NamedTuple):
    """What one unit of a layer sees of the picture, (height, width) each, in pixels.

    Args:
        size: side of the window that can change the unit.
        stride: from the window of one unit to that of its neighbour.
        offset: first pixel of the first unit's window; below 0 where it hangs over the edge, into padding.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    offset: tuple[int, int]


class _Axis(NamedTuple):
    """The window along one axis of the picture."""

    size: int = 1
    stride: int = 1
    offset: int = 0

    def through(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> "_Axis":
        """Of a unit that takes `kernel` units with this window, `stride` apart from its neighbour's."""
        size = self.size + dilation * (kernel - 1) * self.stride
        return _Axis(size, self.stride * stride, self.offset - padding * self.stride)


class _Seen(NamedTuple):
    """The windows of a tensor's units, and its dimensions that are height and width; None where they are gone."""

    windows: tuple[_Axis, _Axis]
    dims: tuple[int, int] | None = (-2, -1)

    def through(self, *settings: tuple[int, int]) -> "_Seen":
        """After a window slid over it: kernel, stride, padding and dilation, each (height, width)."""
        height, width = (axis.through(*of) for axis, of in zip(self.windows, zip(*settings, strict=True), strict=True))
        return _Seen((height, width))

    def whole(self, shape: torch.Size) -> "_Seen":
        """Of a unit that takes the whole map."""
        cells = [shape[dim] for dim in self.dims] if self.dims else [1, 1]
        height, width = (axis.through(count) for axis, count in zip(self.windows, cells, strict=True))
        return _Seen((height, width), None)


def receptive_fields(net: nn.Module, input_size: Sequence[int]) -> dict[str, ReceptiveField]:
    """What a unit of each layer sees of a picture of `input_size` = (C, H, W): layer name to field, in running order.

    Nothing is computed: kernels, strides, paddings and dilations are followed through whatever operations `forward`
    runs. Where ways join (Inception, residual blocks) the field holds those of all. A unit that takes a whole map, of a
    fully connected layer for instance, has the map's stride, as it would if it slid over a larger picture; so its
    field can be larger than the picture. The first and last rows of a map see less, by what hangs over the edge.
    A module with an operation of its own says its window by an attribute `window` = (kernel, stride, padding).

    Raises:
        ValueError: an operation enlarges maps, so that its units do not all see windows of one size.
    """
    bare = bare_copy(net)
    fields: dict[str, ReceptiveField] = {}
    dtype = next((p.dtype for p in bare.parameters()), None)
    picture = torch.empty(1, *input_size, device="meta", dtype=dtype)
    follower = _Follower(picture)

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            if not isinstance(output, Tensor):
                return
            if isinstance(module, nn.Linear):  # place by place, wherever the channels lie
                follower.note(output, follower.seen(inputs[0]))
            elif own := getattr(module, "window", None):
                follower.note(output, follower.seen(inputs[0]).through(*((value, value) for value in own)))
            if name:
                windows = follower.seen(output).windows
                fields[name] = ReceptiveField(*zip(*windows, strict=True))

        return hook

    hooks = [module.register_forward_hook(keep(name)) for name, module in bare.named_modules()]
    with torch.no_grad(), follower:
        bare(picture)
    for hook in hooks:
        hook.remove()
    return fields


class _Follower(TorchDispatchMode):
    """Knows the windows of every tensor that came from the picture, operation by operation."""

    def __init__(self, picture: Tensor) -> None:
        super().__init__()
        self._known: dict[int, tuple[Tensor, _Seen]] = {}  # the tensors too, so that no id is given twice
        self.note(picture, _Seen((_Axis(), _Axis())))

    def note(self, tensor: Tensor, seen: _Seen) -> None:
        self._known[id(tensor)] = (tensor, seen)

    def seen(self, tensor: Tensor) -> _Seen:
        return self._known[id(tensor)][1]

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = function(*args, **(kwargs or {}))
        inputs = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor) and id(x) in self._known]
        for made in tree_leaves(output) if inputs else ():
            if isinstance(made, Tensor):
                self.note(made, self._after(function.overloadpacket, inputs, args, made))
        return output

    def _after(self, operation: Any, inputs: list[Tensor], args: Any, made: Tensor) -> _Seen:
        first = self.seen(inputs[0])
        if operation in (aten.convolution, aten.max_pool2d_with_indices, aten.avg_pool2d):
            return first.through(*_settings(operation, args))
        if operation is aten._adaptive_avg_pool2d or operation is aten.adaptive_max_pool2d:
            return first.through(*_adaptive(inputs[0].shape[-2:], made.shape[-2:]))
        if "upsample" in str(operation) or ("pad" in str(operation) and operation is not aten.constant_pad_nd):
            raise ValueError(
                f"{operation} enlarges maps or repeats their edges; receptive fields are told of networks that keep or "
                "shrink their maps and pad with zeros. Take the part of the network before it: `net[:7]`, for instance."
            )
        if operation is aten.constant_pad_nd and first.dims == (-2, -1):
            before = [*args[1], 0, 0][2::-2]
            return first.through((1, 1), (1, 1), (before[0], before[1]))
        if operation is aten.slice and first.dims and args[1] - inputs[0].ndim in first.dims:
            return _sliced(first, first.dims.index(args[1] - inputs[0].ndim), *args[2:])
        if operation is aten.permute and first.dims:
            height, width = (args[1].index(dim + inputs[0].ndim) - inputs[0].ndim for dim in first.dims)
            return first._replace(dims=(height, width))
        return _joined([_kept(self.seen(x), x.shape, made.shape) for x in inputs])


def _pair(value: Any) -> tuple[int, int]:
    height, width = (
        list(value)[-2:] if isinstance(value, list | tuple | torch.Size) and len(value) > 1 else (value,) * 2
    )
    return (height[0], width[0]) if isinstance(height, list | tuple) else (height, width)


def _settings(operation: Any, args: Any) -> list[tuple[int, int]]:
    """Kernel, stride, padding and dilation of a convolution or pool."""
    if operation is aten.convolution:
        if args[6] or args[1].ndim != 4:
            kind = "A transposed convolution" if args[6] else f"A convolution in {args[1].ndim - 2} dimensions"
            raise ValueError(f"{kind} has no one window; receptive fields are told of two-dimensional convolutions.")
        return [_pair(args[1].shape), *map(_pair, args[3:6])]
    kernel, stride, padding, dilation = (*args[1:], *([], 0, 1)[len(args) - 2 :])[:4]
    if operation is aten.avg_pool2d:
        dilation = 1  # in its place stands ceil_mode
    return [_pair(kernel), _pair(stride or kernel), _pair(padding), _pair(dilation)]


def _adaptive(cells: Sequence[int], made: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Kernel and stride of a pool that makes so many cells of so many; the largest kernel, where they differ."""
    kernels = [max(-(-(i + 1) * n // m) - i * n // m for i in range(m)) for n, m in zip(cells, made, strict=True)]
    strides = [1 if m == 1 else max(1, n // m) for n, m in zip(cells, made, strict=True)]
    return (kernels[0], kernels[1]), (strides[0], strides[1])


def _sliced(seen: _Seen, at: int, start: int | None = None, end: Any = None, step: int = 1) -> _Seen:
    windows = list(seen.windows)
    windows[at] = windows[at].through(1, step, -(start or 0))
    return seen._replace(windows=(windows[0], windows[1]))


def _kept(seen: _Seen, shape: torch.Size, made: torch.Size) -> _Seen:
    """Through an operation that works place by place, or else takes the whole map."""
    there = seen.dims and all(dim >= -len(made) and shape[dim] == made[dim] for dim in seen.dims)
    single = seen.dims and all(shape[dim] == 1 for dim in seen.dims)
    return seen if there and not single else seen.whole(shape)


def _joined(ways: list[_Seen]) -> _Seen:
    """The window that holds those of all ways."""
    axes = []
    for windows in zip(*(way.windows for way in ways), strict=True):
        first, last = min(w.offset for w in windows), max(w.offset + w.size for w in windows)
        axes.append(_Axis(last - first, max(w.stride for w in windows), first))
    return _Seen((axes[0], axes[1]), next((way.dims for way in ways if way.dims), None))
