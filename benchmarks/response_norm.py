"""AlexNet's norm1 forward and backward against torch's: `python benchmarks/response_norm.py`.

96 maps of 55 x 55, batch 32 (the gradient of a sum of random weights), one thread, CPU time, interleaved.
"""

import argparse
import os
import time
from statistics import median

import torch
from torch import nn
from training import machine  # first: it sets the threads

from lit_cnns.fast import keep_memory
from lit_cnns.models import LocalResponseNorm

SHAPE = (32, 96, 55, 55)
FORMATS = {"": torch.contiguous_format, ", channels_last": torch.channels_last}


class InSingle(nn.LocalResponseNorm):
    """torch's has no bfloat16 on a processor; autocast gives it float32."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input.float()).to(input.dtype)


def step(norm: nn.Module, maps: torch.Tensor, gradient: torch.Tensor) -> float:
    """Milliseconds of CPU a picture."""
    start = time.process_time()
    norm(maps).backward(gradient)
    seconds = time.process_time() - start
    maps.grad = None
    return 1000 * seconds / len(maps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    keep_memory()
    print(f"{machine()}; {repeats} repetitions.\n")
    print(
        "| maps | nn.LocalResponseNorm, ms a picture | ours | ratio | slowest to fastest ratio |\n|---|--:|--:|--:|--:|"
    )
    norms = {"torch": InSingle(5, 1e-4, 0.75, 2.0), "ours": LocalResponseNorm(5)}
    for dtype in (torch.float32, torch.bfloat16):
        for name, layout in FORMATS.items():
            maps = torch.randn(SHAPE).to(dtype=dtype, memory_format=layout).requires_grad_()
            gradient = torch.randn(SHAPE).to(dtype=dtype, memory_format=layout)
            times: dict[str, list[float]] = {key: [] for key in norms}
            for number in range(repeats + 2):  # the first two warm up
                for key, norm in norms.items():
                    taken = step(norm, maps, gradient)
                    if number > 1:
                        times[key].append(taken)
            ratios = [a / b for a, b in zip(*times.values(), strict=True)]
            torchs, ours = (median(own) for own in times.values())
            print(
                f"| {str(dtype).removeprefix('torch.')}{name} | {torchs:.2f} | {ours:.2f} | {torchs / ours:.1f} x | "
                f"{min(ratios):.1f} to {max(ratios):.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
