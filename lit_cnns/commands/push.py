"""`lit-cnns push CKPT OWNER/NAME`: a checkpoint to the Hugging Face Hub, in timm's form."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", help="a checkpoint of lit-cnns, or best or last for that of the newest run")
    parser.add_argument("repository", nargs="?", metavar="OWNER/NAME", help="it is made where there is none")
    parser.add_argument("--to_folder", metavar="DIR", help="write the same files to a folder and upload nothing")
    parser.add_argument(
        "--license",
        default="unknown",
        help="of the weights, by the Hub's short name, e.g. apache-2.0 (default: unknown)",
    )
    parser.add_argument("--private", action="store_true", help="only you see the repository, where it is new")
    parser.add_argument("--overwrite", action="store_true", help="replace the files that are in DIR")


def run(arguments: argparse.Namespace) -> int:
    from lit_cnns.checkpoints import load
    from lit_cnns.runs import resolve
    from lit_cnns.weights.hub import push
    from lit_cnns.weights.repository import CONFIG, README, WEIGHTS, write

    if not arguments.repository and not arguments.to_folder:
        raise ValueError("Give OWNER/NAME of a repository, or --to_folder DIR.")
    checkpoint = resolve(arguments.checkpoint)
    if checkpoint is None:
        raise ValueError("There is no run yet; give the path of a checkpoint.")
    module = load(checkpoint)
    if not arguments.to_folder:
        print(push(module, arguments.repository, arguments.license, arguments.private))
        return 0
    folder = Path(arguments.to_folder)
    there = [name for name in (CONFIG, WEIGHTS, README) if (folder / name).exists()]
    if there and not arguments.overwrite:
        raise ValueError(f"{folder} has a {there[0]} already: give another folder, or --overwrite.")
    write(module, folder, arguments.repository or folder.absolute().name, arguments.license)
    print(f"{folder}: {', '.join(f'{path.name} {path.stat().st_size:,} bytes' for path in sorted(folder.iterdir()))}")
    return 0
