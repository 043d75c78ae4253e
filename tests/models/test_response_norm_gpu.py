"""The kernels for GPUs: right in Triton's interpreter, compiled for two generations of GPUs, and run where one is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lit_cnns.models import LocalResponseNorm

pytest.importorskip("triton", reason="Triton comes with torch's packages for GPUs alone")

SCRIPT = Path(__file__).parents[1] / "normalising.py"
LIMITS = {"float32": 1e-6, "float16": 1e-3, "bfloat16": 1e-2}  # the interpreter cuts bfloat16 instead of rounding it


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    file = tmp_path_factory.mktemp("normalised") / "found.json"
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": str(SCRIPT.parents[1])}
    done = subprocess.run([sys.executable, SCRIPT, file], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(file.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("what", ["result", "gradient"])
def test_in_the_interpreter_the_kernels_give_what_float64_gives(found, what):
    assert len(found) == 28
    for case in found:
        limit = next(value for name, value in LIMITS.items() if f"torch.{name} " in case["case"])
        assert case[what] < limit, case["case"]


@pytest.mark.slow
def test_in_the_interpreter_results_and_gradients_keep_type_and_layout(found):
    assert [case["case"] for case in found if not case["kept"]] == []


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "reads", "writes"), [("_forward", 5, 1), ("_backward", 14, 1)])
@pytest.mark.parametrize("generation", [80, 90])
def test_the_kernels_compile_for_gpus_and_read_each_neighbour_once(
    kernel, reads, writes, generation, tmp_path, monkeypatch
):
    from triton import compile
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from lit_cnns.models import response_norm_gpu as gpu

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    function = getattr(gpu, kernel)
    fixed = {"step": 1, "BETA": 0.75, "REACH": 2, "TILE_MAPS": gpu.TILE_MAPS, "TILE_PIXELS": gpu.TILE_PIXELS}
    kinds = {"x": "*bf16", "y": "*bf16", "gradient": "*bf16", "found": "*bf16", "rate": "fp32", "k": "fp32"}
    source = ASTSource(
        function,
        {name: "constexpr" if name in fixed else kinds.get(name, "i32") for name in function.arg_names},
        {(function.arg_names.index(name),): value for name, value in fixed.items()},
    )
    code = compile(source, target=GPUTarget("cuda", generation, 32), options={"num_warps": gpu.WARPS}).asm["ptx"]
    each = gpu.TILE_MAPS * gpu.TILE_PIXELS // (32 * gpu.WARPS)  # numbers that a thread computes
    assert len(re.findall(r"\bld\.global", code)) == reads * each
    assert len(re.findall(r"\bst\.global", code)) == writes * each


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_a_gpu_gives_what_a_processor_gives(kind, layout):
    maps = torch.randn(2, 96, 55, 55).mul_(30).to(kind).contiguous(memory_format=layout)
    weights, norm = torch.randn_like(maps), LocalResponseNorm(5, towers=2)
    here, there = maps.double().requires_grad_(), maps.cuda().requires_grad_()
    results = norm(here), norm(there)
    assert type(results[1].grad_fn).__name__ == "NormaliseOnGPUBackward"
    for result in results:
        result.backward(weights.to(result))
    limits = {"rtol": 2 * torch.finfo(kind).eps, "atol": 1e-5}
    torch.testing.assert_close(results[1].cpu(), results[0].detach().to(kind), **limits)
    torch.testing.assert_close(there.grad.cpu(), here.grad.to(kind), **limits)
