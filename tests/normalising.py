"""Response normalisation by the kernels for GPUs, in Triton's interpreter, against torch's functions in float64.

`TRITON_INTERPRET=1 normalising.py FILE` writes the differences of results and gradients to FILE, each as a share of
the largest number there.
"""

import itertools
import json
import sys
from pathlib import Path

import torch

from lit_cnns.models import LocalResponseNorm
from lit_cnns.models.response_norm_gpu import NormaliseOnGPU

#            size alpha  beta  k towers
CONSTANTS = [(5, 1e-4, 0.75, 2.0, 1), (9, 1e-3, 0.75, 1.0, 1), (3, 0.5, 0.6, 1.5, 2)]
SHAPES = [(2, 70, 5, 7), (1, 2, 3, 23), (3, 6, 1, 1), (1, 4, 67)]  # more maps and pixels than a program has; fewer


def difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    found, expected = found.detach(), expected.detach()
    return float((found.double() - expected).abs().max() / expected.abs().max())


def compare(constants: tuple, shape: tuple[int, ...], kind: torch.dtype, last: bool) -> dict:
    layout = torch.channels_last if last and len(shape) == 4 else torch.contiguous_format
    maps = torch.randn(shape).mul_(3).to(kind).contiguous(memory_format=layout).requires_grad_()
    weights = torch.randn(shape).to(kind)
    exact = maps.detach().double().requires_grad_()
    size, alpha, beta, k, towers = constants
    result = NormaliseOnGPU.apply(maps, *constants)
    expected = LocalResponseNorm(size, alpha, beta, k, towers)(exact)
    result.backward(weights)
    expected.backward(weights.double())
    return {
        "case": f"{constants} {shape} {kind} {layout}",
        "result": difference(result, expected),
        "gradient": difference(maps.grad, exact.grad),
        "kept": all(t.dtype is kind and t.is_contiguous(memory_format=layout) for t in (result, maps.grad)),
    }


def main(file: Path) -> None:
    torch.manual_seed(0)
    cases = [(c, s, torch.float32, last) for c, s, last in itertools.product(CONSTANTS, SHAPES, (False, True))]
    cases += [(CONSTANTS[0], SHAPES[0], kind, last) for kind in (torch.float16, torch.bfloat16) for last in (0, 1)]
    file.write_text(json.dumps([compare(*case) for case in cases]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
