"""AlexNet on two processes, a half of the batch or a tower on each: what they exchange, and how long it takes."""

import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as processes
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.distributed.device_mesh import init_device_mesh
from torch.nn.parallel import DistributedDataParallel
from torch.utils._python_dispatch import TorchDispatchMode

from lit_cnns.models import AlexNet
from lit_cnns.models.alexnet_towers import divide_towers

BATCH = 32
WORLD = 2


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Run both ways on two processes, which meet in a folder.

    Returns:
        For `data` and `towers`: the median `seconds` of a step, the `megabytes` that each process received, and how far
        its gradients are `off` those of one process, relative to their norm; and `conditions`.
    """
    processes.spawn(_process, (str(folder), rounds), nprocs=WORLD)
    found = json.loads((folder / "found.json").read_text())
    return {**found, "conditions": {"batch": BATCH, "rounds": rounds, "backend": "gloo, two processes of one machine"}}


def _process(rank: int, folder: str, rounds: int) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=WORLD)
    torch.manual_seed(0)
    images, labels = torch.randn(BATCH, 3, 224, 224), torch.randint(0, 1000, (BATCH,))
    whole = _network()
    F.cross_entropy(whole(images), labels).backward()
    expected = {name: parameter.grad for name, parameter in whole.named_parameters()}
    found = {
        "data": _data_parallel(images.chunk(WORLD)[rank], labels.chunk(WORLD)[rank], expected, rounds),
        "towers": _towers(images, labels, expected, rounds),
    }
    if rank == 0:
        (Path(folder) / "found.json").write_text(json.dumps(found))
    dist.barrier()
    dist.destroy_process_group()


def _network() -> AlexNet:
    """With the same weights everywhere, and without dropout, which would draw masks."""
    torch.manual_seed(1)
    return AlexNet(dropout=0.0)


def _data_parallel(images: Tensor, labels: Tensor, expected: dict[str, Any], rounds: int) -> dict[str, float]:
    net, received, everybody = DistributedDataParallel(_network()), [0], dist.group.WORLD
    assert everybody is not None

    def exchange(_: None, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
        received[0] += _bytes(bucket.buffer())  # of a ring of two, each sends the whole once and receives it once
        return allreduce_hook(everybody, bucket)

    net.register_comm_hook(None, exchange)
    seconds = _steps(net, images, labels, rounds)
    found = {name.removeprefix("module."): parameter.grad for name, parameter in net.named_parameters()}
    return {"seconds": seconds, "megabytes": received[0] / (rounds + 1) / 1e6, "off": _off(found, expected)}


def _towers(images: Tensor, labels: Tensor, expected: dict[str, Any], rounds: int) -> dict[str, float]:
    net = _network()
    divide_towers(net, init_device_mesh("cpu", (WORLD,)))
    counter = Received()
    with counter:
        _steps(net, images, labels, 0)
    seconds = _steps(net, images, labels, rounds)
    found = {name: parameter.grad.full_tensor() for name, parameter in net.named_parameters()}  # type: ignore[union-attr]
    return {"seconds": seconds, "megabytes": counter.bytes / 1e6, "off": _off(found, expected)}


def _steps(net: nn.Module, images: Tensor, labels: Tensor, rounds: int) -> float:
    """The median time of forward and backward; the first step warms up."""
    taken = []
    for _ in range(rounds + 1):
        net.zero_grad(set_to_none=True)
        dist.barrier()
        start = time.perf_counter()
        F.cross_entropy(net(images), labels).backward()
        dist.barrier()
        taken.append(time.perf_counter() - start)
    return median(taken[1:] or taken)


class Received(TorchDispatchMode):
    """Counts the bytes that each of two processes receives by what is gathered, scattered and summed between them."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = function(*args, **(kwargs or {}))
        name = str(function)
        if "all_gather" in name or "all_to_all" in name:
            self.bytes += _bytes(output) // WORLD
        elif "reduce_scatter" in name:
            self.bytes += _bytes(args[0]) // WORLD
        elif "all_reduce" in name:
            self.bytes += _bytes(args[0])
        return output


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _off(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """The distance of all gradients together from those that are expected, relative to these."""
    apart = sum(float((found[name] - expected[name]).norm() ** 2) for name in expected)
    return float((apart / sum(float(gradient.norm() ** 2) for gradient in expected.values())) ** 0.5)
