"""`lit-cnns data check ROOT` and `lit-cnns data prepare ROOT OUT`: a folder of pictures before it is trained on."""

import argparse
import os
import time
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="data_verb", metavar="check|prepare", required=True)
    line = "what is wrong or odd in a folder of pictures; exit status 1 where training would stop or count wrongly"
    check = verbs.add_parser("check", help=line, description=line)
    line = "a folder of pictures at the training size, in a few large files; one that was cut goes on"
    prepare = verbs.add_parser("prepare", help=line, description=line)
    for verb in (check, prepare):
        verb.add_argument("root", help="a folder as ImageFolder or ImageNet wants it: ROOT/train/CLASS/ ...")
        verb.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: one a core)")
    prepare.add_argument("out", help="the folder to write, or s3://BUCKET/FOLDER; then --data.root OUT")
    prepare.add_argument(
        "--form",
        choices=("jpeg", "memmap", "chunks"),
        default="jpeg",
        help="JPEG encoded anew (the smallest); memmap, bare pixels that are not decoded (the fastest); chunks, JPEG "
        "in litdata's chunks, to be streamed from s3:// (default: %(default)s)",
    )
    prepare.add_argument("--chunk", type=int, default=1024, help="pictures a chunk (default: %(default)s)")
    prepare.add_argument("--endpoint_url", help="of another object storage than Amazon's; also AWS_ENDPOINT_URL")
    prepare.add_argument("--side", type=int, default=256, help="length of the shorter side (default: %(default)s)")
    prepare.add_argument("--quality", type=int, default=90, help="of JPEG, 1 to 95 (default: %(default)s)")
    prepare.add_argument("--interpolation", choices=("bilinear", "bicubic", "nearest"), default="bilinear")
    prepare.add_argument(
        "--on_broken",
        choices=("raise", "skip"),
        default="raise",
        help="stop at a picture that cannot be read, or leave it out",
    )


def run(arguments: argparse.Namespace) -> int:
    return {"check": _check, "prepare": _prepare}[arguments.data_verb](arguments)


def _check(arguments: argparse.Namespace) -> int:
    from lit_cnns.data.checking import check_folder

    levels = []
    for level, what in check_folder(Path(arguments.root), max(1, arguments.workers)):
        levels.append(level)
        print(f"{level:<5} {what}", flush=True)
    print(f"{len(levels)} findings, {levels.count('bad')} bad, {levels.count('note')} to note.")
    return 1 if "bad" in levels else 0


def _prepare(arguments: argparse.Namespace) -> int:
    from lit_cnns.data.preparing import Recipe, prepare_folder
    from lit_cnns.data.storage import Storage

    root, out, start = Path(arguments.root), arguments.out, time.perf_counter()
    skip = arguments.on_broken == "skip"
    recipe = Recipe(arguments.form, arguments.side, arguments.quality, arguments.interpolation, skip, arguments.chunk)
    storage = Storage(out, {"endpoint_url": arguments.endpoint_url}) if "://" in out else None
    manifest = prepare_folder(root, storage.place if storage else Path(out), recipe, max(1, arguments.workers), storage)
    after, count = sum(size for size, _ in manifest.files.values()), sum(manifest.counts.values())
    unread = sum(manifest.unread.values())
    print(f"{count:,} pictures in {time.perf_counter() - start:,.0f} s" + (f", {unread:,} left out" if unread else ""))
    before, each = manifest.source_bytes / 1e6, after / count / 1e3
    print(f"{before:,.1f} MB before, {after / 1e6:,.1f} MB after ({each:,.1f} kB each)")
    reader = "StreamedImages" if arguments.form == "chunks" else "ImageFolder or ImageNet"
    print(f"{out}: --data {reader}, --data.root {out}")
    return 0
