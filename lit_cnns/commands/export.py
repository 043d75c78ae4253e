"""`lit-cnns export CKPT [OUT]`: a checkpoint as a file that runs without this project."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from lit_cnns.classifier import LitClassifier


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="a checkpoint of lit-cnns, or best or last for that of the newest run")
    parser.add_argument("output", nargs="?", metavar="OUT", help="the file to write (default: beside the checkpoint)")
    parser.add_argument(
        "--format",
        choices=("onnx", "torch", "safetensors"),
        help="onnx: for onnxruntime and others; torch: torch.export's .pt2; safetensors: weights and description, for "
        "lit_cnns.load (default: by the ending of OUT, else onnx)",
    )
    parser.add_argument(
        "--with_normalisation", action="store_true", help="the file takes pictures in [0, 1] and normalises them itself"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it is there")


def run(arguments: argparse.Namespace) -> int:
    from lit_cnns.checkpoints import load
    from lit_cnns.runs import resolve
    from lit_cnns.weights.exporting import TOLERANCE, NotTheSame, export

    checkpoint = resolve(arguments.checkpoint)
    if checkpoint is None:
        raise ValueError("There is no run yet; give the path of a checkpoint.")
    form, output = _target(arguments, checkpoint)
    if output.exists() and not arguments.overwrite:
        raise ValueError(f"{output} is there already: give another name, or --overwrite.")
    module = load(checkpoint)
    try:
        worst = export(module, output, form, examples(module), arguments.with_normalisation)
    except NotTheSame as error:
        print(f"lit-cnns: error: {output} was not kept. {error}", file=sys.stderr)
        return 1
    print(
        f"{output}: {output.stat().st_size / 1e6:.1f} MB; run on 1 and 3 pictures, its logits differ from the "
        f"checkpoint's by {worst:.1e} of the largest (allowed {TOLERANCE:.0e})"
    )
    return 0


def _target(arguments: argparse.Namespace, checkpoint: Path) -> tuple[str, Path]:
    from lit_cnns.weights.exporting import SUFFIXES

    by_suffix = {suffix: form for form, suffix in SUFFIXES.items()}
    if arguments.output is None:
        form = arguments.format or "onnx"
        return form, checkpoint.with_suffix(SUFFIXES[form])
    output = Path(arguments.output)
    form = arguments.format or by_suffix.get(output.suffix, "")
    if output.suffix != SUFFIXES.get(form):
        endings = ", ".join(f"{suffix} ({form})" for form, suffix in SUFFIXES.items())
        raise ValueError(f"The file to write ends in {endings}, not {output.suffix or output}.")
    return form, output


def examples(module: "LitClassifier") -> "Callable[[dict[str, Any]], torch.Tensor]":
    """Two photographs that scikit-learn carries and noise, as a preprocessing gives them to a network.

    Where the checkpoint does not say how its pictures were prepared, noise of the network's own size.
    """
    import torch
    from sklearn.datasets import load_sample_images

    from lit_cnns.data import read_image, to_batch

    toss = torch.Generator().manual_seed(0)
    net: Any = module.net
    side, channels = int(net.image_size), int(net.in_channels)
    noise = torch.randint(0, 256, (3, side, side), dtype=torch.uint8, generator=toss)
    pictures = [read_image(picture) for picture in load_sample_images().images]

    def prepared(preprocessing: dict[str, Any]) -> torch.Tensor:
        if not preprocessing:
            return torch.randn(3, channels, side, side, generator=torch.Generator().manual_seed(0))
        fixed = preprocessing["crop"] or preprocessing["resize"]
        return to_batch([*pictures, noise], preprocessing if fixed else {**preprocessing, "resize": side, "crop": side})

    return prepared
