"""AlexNet's norm1 on a GPU: `python benchmarks/response_norm_gpu.py`.

96 maps of 55 x 55, batch 128. Each time is the median of repetitions by the GPU's own clock; the share of bandwidth is
what the maps, the result and the gradients take in memory (each read or written once) in that time, against what a
copy of the maps reaches on the same GPU.
"""

import argparse
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn

from lit_cnns.models import LocalResponseNorm

SHAPE = (128, 96, 55, 55)
FORMATS = {"": torch.contiguous_format, ", channels_last": torch.channels_last}


def seconds(work: Callable[[], object], repeats: int) -> float:
    """Median time of `work` on the GPU, after three turns that are not timed."""
    times = []
    for number in range(repeats + 3):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        if number >= 3:
            times.append(start.elapsed_time(end) / 1000)
    return median(times)


def row(kind: torch.dtype, name: str, layout: torch.memory_format, repeats: int) -> str:
    maps: Tensor = torch.randn(SHAPE, device="cuda").to(dtype=kind, memory_format=layout).requires_grad_()
    gradient = torch.randn_like(maps)
    copy = torch.empty_like(gradient)
    size = maps.numel() * maps.element_size()  # bytes
    reached = 2 * size / seconds(lambda: copy.copy_(gradient), repeats)
    cells = [f"{str(kind).removeprefix('torch.')}{name}", f"{reached / 1e12:.2f}"]
    for norm in (nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0), LocalResponseNorm(5)):
        result = norm(maps)
        passes = (
            (2, lambda norm=norm: norm(maps)),
            (3, lambda result=result: torch.autograd.grad(result, maps, gradient, retain_graph=True)),
        )
        for tensors, work in passes:
            taken = seconds(work, repeats)
            cells.append(f"{1000 * taken:.2f} ({100 * tensors * size / taken / reached:.0f} %)")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    if not torch.cuda.is_available():
        parser.error("There is no GPU that torch can use.")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}; {repeats} repetitions.\n")
    print("| maps | a copy, TB/s | torch's: forward, ms (share of bandwidth) | backward | ours: forward | backward |")
    print("|---|--:|--:|--:|--:|--:|")
    for kind in (torch.float32, torch.bfloat16, torch.float16):
        for name, layout in FORMATS.items():
            print(row(kind, name, layout, repeats), flush=True)


if __name__ == "__main__":
    main()
