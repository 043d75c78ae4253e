"""`lit-cnns doctor [--config ... and what else fit takes]`: what would go wrong, before hours are spent."""

import argparse
import math
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from lit_cnns.fast import bf16_instructions

PACKAGES = ("torch", "torchvision", "lightning", "torchmetrics", "timm", "jsonargparse")
BAD = {("lightning", "2.6.2"), ("lightning", "2.6.3")}  # pyproject.toml excludes them
GIB = 1 << 30
SAMPLE = 32  # pictures that are read to see that they can be, and how fast


class Finding(NamedTuple):
    """One line of the report: `ok`, `note` (runs, but not as well as it could) or `bad` (would fail)."""

    level: str
    what: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Without more it looks at the machine; with the options of `fit`, --config first of all, at that run as well. "
        "Exit status 1 where something would fail."
    )
    parser.set_defaults(fit_options=[])


def run(arguments: argparse.Namespace) -> int:
    findings = []
    checks: list[Callable[[], Iterator[Finding]]] = [versions, devices, network, room]
    if arguments.fit_options:
        checks.append(lambda: planned(arguments.fit_options))
    for check in checks:
        for finding in check():
            findings.append(finding)
            print(f"{finding.level:<5} {finding.what}", flush=True)
    bad, notes = (sum(finding.level == level for finding in findings) for level in ("bad", "note"))
    print(f"{len(findings)} findings, {bad} bad, {notes} to note.")
    return 1 if bad else 0


def versions() -> Iterator[Finding]:
    """The packages, and whether one is known to be bad."""
    found = {name: version(name) for name in PACKAGES}
    yield Finding("ok", f"Python {platform.python_version()}, " + ", ".join(f"{n} {v}" for n, v in found.items()))
    for name in sorted(name for name, number in found.items() if (name, number) in BAD):
        yield Finding("bad", f"{name} {found[name]} is a release that must not be used: pip install --upgrade {name}")


def devices() -> Iterator[Finding]:
    """What computes, and what it computes fast."""
    import torch

    for index in range(torch.cuda.device_count()):
        card = torch.cuda.get_device_properties(index)
        half = "bf16" if torch.cuda.is_bf16_supported() else "no bf16: take --trainer.precision 16-mixed"
        yield Finding("ok", f"GPU {index}: {card.name}, {card.total_memory / GIB:.0f} GiB, {half}")
    if not torch.cuda.device_count():
        yield Finding("note", "No GPU that torch can use; everything runs on the processor.")
    yield Finding(
        "ok",
        f"{os.cpu_count()} cores, torch uses {torch.get_num_threads()}; bf16 is {bf16_instructions() or 'slow'} here",
    )


def network() -> Iterator[Finding]:
    """How processes would talk to each other."""
    import socket

    import torch.distributed as dist

    backends = [name for name in ("nccl", "gloo", "mpi") if dist.is_backend_available(name)]
    yield Finding("ok" if "gloo" in backends else "bad", f"Processes talk by {', '.join(backends) or 'nothing'}.")
    present = [name for _, name in socket.if_nameindex()]
    for variable in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
        wanted = os.environ.get(variable, "").lstrip("=")
        parts = wanted.split(",") if wanted and wanted[0] != "^" else []  # ^: all but these
        if parts and not any(name.startswith(part) for part in parts for name in present):
            yield Finding("bad", f"{variable}={wanted}, and the interfaces here are {', '.join(present)}.")
    if host := os.environ.get("MASTER_ADDR"):
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            yield Finding("bad", f"MASTER_ADDR={host} cannot be resolved ({error.strerror}).")


def room() -> Iterator[Finding]:
    """Memory and disk."""
    shared = Path("/dev/shm")
    if shared.is_dir() and (size := shutil.disk_usage(shared)).free < GIB:
        yield Finding(
            "note",
            f"/dev/shm has {size.free / GIB:.1f} GiB free: loader workers may die; give the container --shm-size 8g.",
        )
    yield Finding(
        "ok", f"{shutil.disk_usage('.').free / GIB:.0f} GiB free where runs/ goes, {_ram() / GIB:.0f} GiB RAM"
    )


def _ram() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def planned(options: list[str]) -> Iterator[Finding]:
    """The run that `fit` would make of these options, without making it."""
    from lit_cnns.commands.training import plan

    try:
        cli = plan(options)
    except ValueError as error:
        yield Finding("bad", str(error))
        return
    for check in (_data, _batch, _size):
        findings = list(check(cli))
        yield from findings
        if any(finding.level == "bad" for finding in findings):
            return


def _data(cli: Any) -> Iterator[Finding]:
    from lit_cnns.data import ImageData, ImageFolder

    data = cli.datamodule
    if not isinstance(data, ImageData):
        yield Finding("note", f"{type(data).__name__} is not of this package: its data is not looked at.")
        return
    try:
        data.prepare_data()
        data.setup("fit")
    except (ValueError, OSError) as error:
        yield Finding("bad", str(error))
        return
    sizes = ", ".join(f"{len(pictures):,} {split}" for split, pictures in data.sets.items())
    yield Finding("ok", f"{type(data).__name__}: {sizes} pictures of {data.num_classes} classes")
    if isinstance(data, ImageFolder) and data.hparams.get("decoder") == "fast":
        yield Finding("ok", "JPEG by decoder fast")
    elif isinstance(data, ImageFolder):
        yield Finding("ok", "JPEG by Pillow; --data.decoder fast takes less than half of the time (docs/data.md)")
    for split, pictures in data.sets.items():
        yield from _readable(split, pictures)


def _readable(split: str, pictures: Any) -> Iterator[Finding]:
    import torch

    chosen = torch.linspace(0, len(pictures) - 1, min(SAMPLE, len(pictures))).long()
    pictures.__getitems__((0, chosen))  # what is read for the first time costs more
    start = time.perf_counter()
    read = pictures.__getitems__((1, chosen))
    seconds = time.perf_counter() - start
    if isinstance(read, ValueError):
        yield Finding("bad", str(read))
        return
    yield Finding("ok", f"{split}: {len(chosen)} pictures read, {len(chosen) / seconds:,.0f} a second in one process")


def _batch(cli: Any) -> Iterator[Finding]:
    data, model, trainer = cli.datamodule, cli.model, cli.trainer
    if hasattr(data, "divide"):
        # what ModelParallelStrategy divides a network among sees the same pictures
        shared = getattr(trainer.strategy, "_tensor_parallel_size", 1)
        processes = trainer.num_devices * trainer.num_nodes
        data.divide(
            max(1, processes // (processes if shared == "auto" else shared)), 0, trainer.accumulate_grad_batches
        )
        try:
            batch, division = data.global_batch_size, data.division
            each = division.per_device(batch)
        except ValueError as error:
            yield Finding("bad", str(error))
            return
        rate = f", learning rate {model.lr:g} for that batch" if hasattr(model, "lr") else ""
        parts = f"{division.processes} process(es) x {division.accumulate} accumulated x {each}"
        yield Finding("ok", f"global batch {batch} = {parts} pictures{rate}")
    precision = str(trainer.precision)
    if "bf16" in precision and trainer.strategy.root_device.type == "cpu" and not bf16_instructions():
        yield Finding("note", "bf16 is slower than float32 on this processor: --trainer.precision 32-true")


def _size(cli: Any) -> Iterator[Finding]:
    import torch
    from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy

    weights = sum(p.numel() * p.element_size() for p in cli.model.parameters())
    width = 2 if "16" in str(cli.trainer.precision) else 4  # bytes of a number
    maps = width * _maps(cli.model.net, cli.datamodule) if hasattr(cli.model, "net") else 0
    strategy, processes = cli.trainer.strategy, cli.trainer.num_devices  # on this machine
    shares = processes * cli.trainer.num_nodes if isinstance(strategy, (FSDPStrategy, ModelParallelStrategy)) else 1
    needed = 4 * weights / shares + maps  # weights, gradients, and what the optimiser keeps (Adam: two)
    device, those = strategy.root_device, ""
    if device.type == "cuda":
        there, hint = torch.cuda.get_device_properties(device).total_memory, "more processes, accumulation"
    else:
        there, needed, hint = _ram(), needed * processes, "accumulation"
        those = f" for {processes} processes" if processes > 1 else ""
    level, remedy = ("ok", "") if needed < there else ("bad", f": {hint} or a smaller batch")
    what = f"about {needed / GIB:.1f} GiB of {there / GIB:.0f} GiB on {device}{those} while it trains"
    yield Finding(level, what + remedy)
    files = 3 * 3 * weights  # best, last and the one being written: weights and two states of the optimiser
    free = shutil.disk_usage(".").free
    level = "ok" if files < free else "bad"
    yield Finding(level, f"about {files / GIB:.2f} GiB of checkpoints, {free / GIB:.0f} GiB free")


def _maps(net: Any, data: Any) -> int:
    """The numbers of all layers' outputs for one process's batch, which the backward pass wants."""
    from lit_cnns.features import layers

    size = (data.in_channels, data.image_size, data.image_size)
    values = sum(math.prod(layer.shape) for layer in layers(net, size))
    return values * data.division.per_device(data.global_batch_size)


if __name__ == "__main__":
    sys.exit(run(argparse.Namespace(fit_options=sys.argv[1:])))
