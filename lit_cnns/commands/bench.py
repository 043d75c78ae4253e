"""`lit-cnns bench [--config ... and what else fit takes]`: how fast a run is here, and where its time goes."""

import argparse
import itertools
import json
import resource
import tempfile
from pathlib import Path
from typing import Any

SYNTHETIC = 64  # files that the pictures of a synthetic data set are links to
GIGA = 1e9
LOOPS = (  # what it measures, how many times the multiplications of a forward pass, and which processes do it
    ("data", 0, "all"),
    ("training", 3, "all"),
    ("evaluation", 1, "all"),
    ("inference", 1, "one"),
    ("inference of one", 1, "one"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--steps", type=int, default=10, help="batches a lap; of training, optimiser steps")
    parser.add_argument("--warmup", type=int, default=3, help="batches or steps before the first lap")
    parser.add_argument("--repeats", type=int, default=5, help="laps; the median, the slowest and the fastest count")
    parser.add_argument(
        "--synthetic", action="store_true", help="photographs drawn at random as JPEG, where the data is not there"
    )
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.epilog = "Takes the options of `fit`, --config first of all. Nothing is kept: checkpoints and logs go."
    parser.set_defaults(fit_options=[])


def run(arguments: argparse.Namespace) -> int:
    if not arguments.fit_options:
        raise ValueError("bench measures a run: say which by the options of fit, --config NAME first of all.")
    if min(arguments.steps, arguments.warmup, arguments.repeats) < 1:
        raise ValueError("--steps, --warmup and --repeats are 1 or more.")
    with tempfile.TemporaryDirectory() as scratch:
        options = list(arguments.fit_options)
        if arguments.synthetic:
            options += synthetic(options, Path(scratch) / "pictures")
        found = measure(options, arguments.steps, arguments.warmup, arguments.repeats, scratch)
    if found["first"]:
        print(json.dumps(found["figures"], indent=1) if arguments.json else "\n".join(report(found["figures"])))
    return 0


def measure(options: list[str], steps: int, warmup: int, repeats: int, scratch: str) -> dict[str, Any]:
    """All figures of a run, in plain values."""
    import torch
    from lightning.pytorch.callbacks import Checkpoint

    from lit_cnns import features
    from lit_cnns.commands.timing import Laps, Parts, rate, roofline, time_calls
    from lit_cnns.commands.training import plan
    from lit_cnns.interruption import whole

    total = warmup + (repeats + 2) * steps
    limits = {"max_steps": total, "max_epochs": -1, "limit_val_batches": 0, "num_sanity_val_steps": 0}
    quiet = {"enable_progress_bar": "false", "enable_model_summary": "false"}
    cli = plan([*options, *(f"--trainer.{key}={value}" for key, value in {**limits, **quiet}.items())], runs=scratch)
    trainer: Any = cli.trainer
    model: Any = cli.model
    data: Any = cli.datamodule
    device, profiler, gathered = trainer.strategy.root_device, trainer.profiler, trainer.accumulate_grad_batches

    parts = Parts()
    laps, evaluation = Laps(gathered * steps, gathered * warmup, repeats, parts), Laps(steps, warmup, repeats)
    # a checkpoint's time belongs to no step
    usual = [callback for callback in trainer.callbacks if not isinstance(callback, Checkpoint)]
    trainer.callbacks = [*usual, laps]
    trainer.fit(model, data)
    shares = (trainer.distributed_sampler_kwargs or {"num_replicas": 1})["num_replicas"]  # of the pictures
    found: dict[str, Any] = {"device": str(device), "precision": str(trainer.precision)}
    found["processes"], found["training"], found["step"] = trainer.world_size, rate(laps.laps, shares), parts.shares()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    found["peak_memory"] = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else peak

    trainer.profiler = profiler
    trainer.callbacks, trainer.limit_val_batches = [*usual, evaluation], warmup + repeats * steps
    while not evaluation.over:
        trainer.validate(model, data, verbose=False)
    found["evaluation"] = rate(evaluation.laps, shares)

    loader = data.train_dataloader()
    loader.position = None  # ours would go on where training has ended
    batches = itertools.chain.from_iterable(itertools.repeat(loader))
    found["data"] = rate(time_calls(lambda: len(next(batches)[0]), repeats), shares)

    if whole(trainer):  # else its processes would have to take the same pictures at the same time
        model.to(device).eval()
        images = trainer.strategy.batch_to_device(next(iter(data.val_dataloader())))[0]
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            torch.set_autocast_cache_enabled(True)
            found["inference"] = rate(time_calls(lambda: len(model(images)), repeats))
            found["inference of one"] = rate(time_calls(lambda: len(model(images[:1])), repeats))
        if hasattr(model, "net"):
            found["macs"] = features.count(model.net, images.shape[1:]).macs
    found["roofline"] = roofline(device)  # last: its memory is not the run's
    return {"figures": found, "first": trainer.is_global_zero}


def synthetic(options: list[str], folder: Path) -> list[str]:
    """Options for a folder of JPEG that stands in for a run's own data: its size, channels and number of classes."""
    from lit_cnns.commands.training import stand_in

    side, channels, classes = stand_in(options)
    draw_pictures(folder, side, classes)
    return [
        "--data",
        "ImageFolder",
        f"--data.root={folder}",
        f"--data.image_size={side}",
        f"--data.channels={channels}",
    ]


def draw_pictures(folder: Path, side: int, classes: int) -> None:
    """A folder of class folders; smooth noise, which a JPEG decoder has about as much work with as with photographs."""
    import numpy as np
    from PIL import Image

    (folder / "files").mkdir(parents=True)
    size = (500, 375) if side > 64 else (side, side)
    random = np.random.default_rng(0)
    for number in range(SYNTHETIC):
        coarse = random.integers(0, 256, (size[1] // 4, size[0] // 4, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        picture.save(folder / "files" / f"{number}.jpg", quality=90)
    for split, count in (("train", max(2048, classes)), ("val", max(512, classes))):
        for number in range(count):
            place = folder / split / f"class{number % classes:04d}" / f"{number}.jpg"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(folder / "files" / f"{number % SYNTHETIC}.jpg")


def report(found: dict[str, Any]) -> list[str]:
    """The figures as lines for a reader."""
    machine, processes = found["roofline"], found["processes"]
    half = "bf16" if "16" in found["precision"] else "fp32"  # fp16 is as fast
    several = f"{processes} processes together, each on " if processes > 1 else ""
    lines = [
        f"{several}{found['device']}, {found['precision']}; at best, GFLOP/s in fp32 and bf16: matrices "
        f"{machine['matmul_fp32'] / GIGA:,.0f} and {machine['matmul_bf16'] / GIGA:,.0f}, convolution "
        f"{machine['conv_fp32'] / GIGA:,.0f} and {machine['conv_bf16'] / GIGA:,.0f}; "
        f"memory {machine['memory'] / GIGA:,.1f} GB/s"
    ]
    best = max(machine[f"matmul_{half}"], machine[f"conv_{half}"])
    for name, passes, at_work in LOOPS:
        if name not in found:
            continue
        r = found[name]
        line = (
            f"{name:<17} {r['images_per_second']:>10,.1f} images/s ({r['slowest']:,.1f} to {r['fastest']:,.1f}, "
            f"{r['laps']} laps), {r['cpu_ms_per_image']:.2f} ms of this process's CPU an image"
        )
        if passes and "macs" in found:
            limit = (processes if at_work == "all" else 1) * best / (2 * passes * found["macs"])
            line += f"; {r['images_per_second'] / limit:.0%} of the device's {limit:,.1f}"
        lines.append(line)
    shares = ", ".join(f"{part} {share:.1%}" for part, share in found["step"].items())
    memory = f"peak memory of this process: {found['peak_memory'] / (1 << 30):.2f} GiB"
    return [*lines, f"a training step: {shares}", memory]
