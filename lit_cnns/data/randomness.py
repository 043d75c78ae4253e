"""Random numbers that are a function of (seed, epoch, picture): the same on any device, worker and process.

A counter goes in and a number comes out (the finaliser of splitmix64, Steele, Lea and Flood 2014), so there is no
state to save, and a run that was cut draws what it would have drawn.
"""

import math

import torch
from torch import Tensor

_GAMMA = 0x9E3779B97F4A7C15
_WORD = 1 << 64


def _signed(value: int) -> int:
    value %= _WORD
    return value - _WORD if value >= _WORD // 2 else value


def _shift(words: Tensor, by: int) -> Tensor:
    # int64 shifts keep the sign; splitmix64 wants zeros
    return (words >> by) & ((1 << (64 - by)) - 1)


def _mix(words: Tensor) -> Tensor:
    words = (words ^ _shift(words, 30)) * _signed(0xBF58476D1CE4E5B9)
    words = (words ^ _shift(words, 27)) * _signed(0x94D049BB133111EB)
    return words ^ _shift(words, 31)


def bits(seed: int, epoch: int, indices: Tensor) -> Tensor:
    """64 random bits for each index, (N,) int64."""
    start = _mix(torch.tensor([_signed(seed * _GAMMA + 1)]))
    start = _mix(start + _signed(epoch * _GAMMA + 2))
    return _mix(indices * _signed(_GAMMA) + int(start))


def uniform(seed: int, epoch: int, indices: Tensor, count: int, first: int = 0) -> Tensor:
    """Numbers in [0, 1), (N, count) float32: columns `first` to `first + count` of each index's own sequence."""
    columns = torch.arange(first + 1, first + count + 1, device=indices.device) * _signed(_GAMMA)
    words = _mix(bits(seed, epoch, indices)[:, None] + columns)
    return _shift(words, 40).float() * 2.0**-24


def normal(u: Tensor) -> Tensor:
    """Standard normal numbers from pairs of uniform ones, (N, 2k) -> (N, k) (Box and Muller 1958)."""
    radius = torch.sqrt(-2 * torch.log1p(-u[:, 0::2]))
    return radius * torch.cos(2 * math.pi * u[:, 1::2])


def order(seed: int, epoch: int, size: int) -> Tensor:
    """A permutation of `size` pictures for one epoch, (size,) int64."""
    return torch.argsort(bits(seed, epoch, torch.arange(size)), stable=True)
