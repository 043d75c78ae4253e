"""`lit-cnns pull OWNER/NAME OUT.ckpt`: a network of the Hugging Face Hub as a checkpoint of ours."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="OWNER/NAME", help="a repository of the Hub, or a folder with its files")
    parser.add_argument("output", metavar="OUT.ckpt", help="the checkpoint to write")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT.ckpt if it is there")


def run(arguments: argparse.Namespace) -> int:
    from lit_cnns.checkpoints import save_slim
    from lit_cnns.weights.exporting import written
    from lit_cnns.weights.hub import pull

    output = Path(arguments.output)
    if output.suffix != ".ckpt":
        raise ValueError(f"The checkpoint to write ends in .ckpt, not {output.suffix or output}.")
    if output.exists() and not arguments.overwrite:
        raise ValueError(f"{output} is there already: give another name, or --overwrite.")
    module = pull(arguments.source)
    with written(output) as part:
        save_slim(module, part, half=False)
    network = ", ".join(f"{key}={value!r}" for key, value in module.arguments.items())
    print(f"{output}: {type(module).__name__}({network})")
    return 0
