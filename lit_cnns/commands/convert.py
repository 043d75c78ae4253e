"""`lit-cnns convert SOURCE OUT.ckpt`: trained weights from elsewhere as a checkpoint of ours."""

import argparse
import json
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        help="torchvision/NAME[.WEIGHTS], timm/NAME[.WEIGHTS], or a .pth, .th, .safetensors, .ckpt or .caffemodel",
    )
    parser.add_argument("output", metavar="OUT.ckpt", help="the checkpoint to write")
    parser.add_argument("--network", help="which network of the lineage it is, where a file fits several")
    parser.add_argument(
        "--guest", action="store_true", help="keep torchvision's or timm's own network, also one of no paper here"
    )
    parser.add_argument("--class_names", metavar="FILE", help="what the classes are, a line each, or the word imagenet")
    parser.add_argument("--mean", metavar="FILE", help="the mean picture of a Caffe model, a .binaryproto")
    parser.add_argument(
        "--preprocessing", type=json.loads, default={}, help="what is different in it, as JSON: '{\"resize\": 256}'"
    )


def run(arguments: argparse.Namespace) -> int:
    from lit_cnns.checkpoints import save_slim
    from lit_cnns.weights import convert, guest

    output = Path(arguments.output)
    if output.suffix != ".ckpt":
        raise ValueError(f"The checkpoint to write ends in .ckpt, not {output.suffix or output}.")
    if arguments.guest:
        if arguments.network or arguments.class_names or arguments.mean or arguments.preprocessing:
            raise ValueError("A guest comes with its own network, classes and preprocessing; leave the others out.")
        module, fitted = guest(arguments.source)
    else:
        names = _class_names(arguments.class_names) if arguments.class_names else None
        module, fitted = convert(arguments.source, arguments.network, names, **_preprocessing(arguments))
    save_slim(module, output, half=False)
    print(fitted.table())
    told = module.preprocessing
    shown = ", ".join(f"{key} {told[key]}" for key in ("resize", "crop", "interpolation", "mean", "std") if key in told)
    shown = shown or "the source does not say what they go through"
    print(f"pictures: {shown if not arguments.mean else shown.split(', mean')[0] + ', less a mean picture'}")
    network = ", ".join(f"{key}={value!r}" for key, value in module.arguments.items())
    print(f"{output}: {type(module).__name__}({network})")
    return 0


def _class_names(word: str) -> list[str]:
    if word == "imagenet":
        from timm.data import ImageNetInfo

        return [*ImageNetInfo().label_descriptions()]
    path = Path(word)
    if not path.is_file():
        raise ValueError(f"There is no file {path} of class names; give one with a name a line, or imagenet.")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _preprocessing(arguments: argparse.Namespace) -> dict[str, Any]:
    known = {"resize", "crop", "interpolation", "mean", "std", "pad"}
    told = arguments.preprocessing
    if not isinstance(told, dict) or not set(told) <= known:
        raise ValueError(f"--preprocessing is a JSON object with any of {', '.join(sorted(known))}, not {told}.")
    if not arguments.mean:
        return told
    from lit_cnns.weights import read_mean

    return {**told, "mean": read_mean(Path(arguments.mean))}
