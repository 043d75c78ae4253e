"""AlexNet's response normalisation on a GPU: one kernel forward and one backward, written in Triton (Section 3.3).

A. Krizhevsky, I. Sutskever, G. E. Hinton,
ImageNet Classification with Deep Convolutional Neural Networks, NIPS 25, 2012.
"""
# mypy: disallow_untyped_defs=False

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["NormaliseOnGPU"]

TILE_MAPS, TILE_PIXELS = 32, 64  # what one program computes; maps that it shares with the next are read twice
WARPS = 8  # with fewer, the backward pass has more values under way than registers


@triton.jit
def _tile(maps, pixels, towers, step, stride, picture, TILE_MAPS: tl.constexpr, TILE_PIXELS: tl.constexpr):
    """This program's maps and pixels of one tower of one picture: where they lie, the maps, and which there are."""
    blocks = tl.cdiv(maps, TILE_MAPS)
    unit = tl.program_id(0) // blocks  # a tower of a picture
    channel = (tl.program_id(0) % blocks * TILE_MAPS + tl.arange(0, TILE_MAPS))[:, None]
    pixel = (tl.program_id(1) * TILE_PIXELS + tl.arange(0, TILE_PIXELS))[None, :]
    start = (unit // towers).to(tl.int64) * picture + (unit % towers) * maps * step
    return start + channel * step + pixel * stride, channel, (channel < maps) & (pixel < pixels)


@triton.jit
def _read(x, place, channel, inside, distance: tl.constexpr, maps, step):
    """The maps that are `distance` further in the tower; zeros beyond its ends."""
    there = inside & (channel + distance >= 0) & (channel + distance < maps)
    return tl.load(x + place + distance * step, mask=there, other=0.0).to(tl.float32)


@triton.jit
def _base(x, place, channel, inside, distance: tl.constexpr, maps, step, rate, k, REACH: tl.constexpr):
    """The sum of squares around the maps that are `distance` further, times rate, plus k."""
    total = tl.zeros(inside.shape, tl.float32)
    for near in tl.static_range(-REACH, REACH + 1):
        value = _read(x, place, channel, inside, distance + near, maps, step)
        total += value * value
    return k + rate * total


@triton.jit
def _power(base, BETA: tl.constexpr):
    """base^-BETA, with a shorter way where BETA is the paper's, and where its derivative has one more."""
    if BETA == 0.75:
        root = tl.rsqrt(base)
        power = root * tl.sqrt(root)
    elif BETA == 1.75:
        root = tl.rsqrt(base)
        power = root * tl.sqrt(root) * root * root
    else:
        power = tl.exp2(-BETA * tl.log2(base))
    return power


@triton.jit
def _forward(
    x, y, maps, pixels, towers, step, stride, picture, rate, k,
    BETA: tl.constexpr, REACH: tl.constexpr, TILE_MAPS: tl.constexpr, TILE_PIXELS: tl.constexpr,
):  # fmt: skip
    place, channel, inside = _tile(maps, pixels, towers, step, stride, picture, TILE_MAPS, TILE_PIXELS)
    base = _base(x, place, channel, inside, 0, maps, step, rate, k, REACH)
    value = _read(x, place, channel, inside, 0, maps, step)
    tl.store(y + place, (value * _power(base, BETA)).to(y.dtype.element_ty), mask=inside)


@triton.jit
def _backward(
    x, gradient, found, maps, pixels, towers, step, stride, picture, rate, k,
    BETA: tl.constexpr, REACH: tl.constexpr, TILE_MAPS: tl.constexpr, TILE_PIXELS: tl.constexpr,
):  # fmt: skip
    # what each window was is computed anew: reading maps again costs less than writing and reading sums
    place, channel, inside = _tile(maps, pixels, towers, step, stride, picture, TILE_MAPS, TILE_PIXELS)
    neighbours = tl.zeros(inside.shape, tl.float32)
    for near in tl.static_range(-REACH, REACH + 1):
        base = _base(x, place, channel, inside, near, maps, step, rate, k, REACH)
        product = _read(gradient, place, channel, inside, near, maps, step)
        product *= _read(x, place, channel, inside, near, maps, step)
        neighbours += product * _power(base, BETA + 1)
    base = _base(x, place, channel, inside, 0, maps, step, rate, k, REACH)
    direct = _read(gradient, place, channel, inside, 0, maps, step) * _power(base, BETA)
    value = _read(x, place, channel, inside, 0, maps, step)
    total = direct - 2 * rate * BETA * value * neighbours
    tl.store(found + place, total.to(found.dtype.element_ty), mask=inside)


class NormaliseOnGPU(torch.autograd.Function):
    """x / (k + alpha/size * sum of squares of `size` neighbouring maps)^beta of each tower, (B, C, ...).

    float32, or half precision computed in float32; contiguous or channels_last, as the result and its gradient are.
    Forward reads the maps and writes the result, backward reads maps and gradient and writes the maps' gradient.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, alpha: float, beta: float, k: float, towers: int) -> Tensor:
        x, ctx.layout = _dense(x)
        ctx.save_for_backward(x)
        ctx.constants = (size, alpha, beta, k, towers)
        y = torch.empty_like(x)
        _run(_forward, ctx.layout, *ctx.constants, x, y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        found = torch.empty_like(x)
        _run(_backward, ctx.layout, *ctx.constants, x, gradient.contiguous(memory_format=ctx.layout), found)
        return found, None, None, None, None, None


def _dense(x: Tensor) -> tuple[Tensor, torch.memory_format]:
    last = x.ndim == 4 and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    return x.contiguous(memory_format=layout), layout


def _run(
    kernel: Any,
    layout: torch.memory_format,
    size: int,
    alpha: float,
    beta: float,
    k: float,
    towers: int,
    *tensors: Tensor,
) -> None:
    """Start `kernel` on tensors of one shape and layout, the maps first and what it writes last."""
    pictures, _, maps = tensors[0].unflatten(1, (towers, -1)).shape[:3]
    channels, pixels = towers * maps, tensors[0][0, 0].numel()
    # how far it is in memory to the next map, to the next pixel and to the next picture
    steps = (1, channels) if layout is torch.channels_last else (pixels, 1)
    grid = (pictures * towers * triton.cdiv(maps, TILE_MAPS), triton.cdiv(pixels, TILE_PIXELS))
    with torch.cuda.device_of(tensors[0]):
        kernel[grid](
            *tensors, maps, pixels, towers, *steps, channels * pixels, alpha / size, k,
            BETA=beta, REACH=size // 2, TILE_MAPS=TILE_MAPS, TILE_PIXELS=TILE_PIXELS, num_warps=WARPS,
        )  # fmt: skip
