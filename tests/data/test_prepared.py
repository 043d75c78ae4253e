"""A prepared folder gives the pictures of the folder that it was made of, and says where it does not."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import lit_cnns
from lit_cnns.cli import main
from lit_cnns.data import preparing
from lit_cnns.data.prepared import manifest_of

SIDE = 48


@pytest.fixture
def photos(tmp_path):
    """Two classes of smooth pictures of odd shapes, larger than `SIDE`, one of them grey."""
    root, draw = tmp_path / "photos", np.random.default_rng(0)
    for split, count in (("train", 5), ("val", 3)):
        for name in ("cat", "dog"):
            (root / split / name).mkdir(parents=True)
            for place in range(count):
                coarse = Image.fromarray(draw.integers(0, 255, (6, 7, 3), dtype=np.uint8))
                picture = coarse.resize((70 + place, 60), Image.Resampling.BICUBIC)
                picture.convert("L" if place == 0 else "RGB").save(root / split / name / f"{place}.jpg", quality=95)
    return root


def prepare(root, out, *options):
    return main(["data", "prepare", str(root), str(out), "--side", str(SIDE), "--workers", "1", *options])


def pictures(root, split="train"):
    data = lit_cnns.ImageFolder(
        str(root), image_size=32, resize=SIDE, train_crop="central_square", num_workers=0, in_memory=False
    )
    data.setup("fit")
    images, labels, _ = data.sets[split].__getitems__((0, torch.arange(len(data.sets[split]))))
    return data, images, labels


def test_bare_pixels_at_the_side_of_training_are_the_very_pictures(photos, tmp_path, capsys):
    assert prepare(photos, tmp_path / "out", "--form", "memmap") == 0
    assert "16 pictures" in capsys.readouterr().out
    for split in ("train", "val"):
        before, now = pictures(photos, split), pictures(tmp_path / "out", split)
        assert now[0].class_names == before[0].class_names == ["cat", "dog"]
        assert torch.equal(now[1], before[1])
        assert torch.equal(now[2], before[2])


def test_jpeg_that_is_encoded_anew_differs_by_a_few_levels(photos, tmp_path):
    assert prepare(photos, tmp_path / "out") == 0
    apart = (pictures(tmp_path / "out")[1].int() - pictures(photos)[1].int()).abs().float()
    assert 0 < apart.mean() < 3


def test_a_jpeg_file_that_is_small_enough_is_kept_as_it_is(photos, tmp_path):
    assert main(["data", "prepare", str(photos), str(tmp_path / "out"), "--side", "64", "--workers", "2"]) == 0
    assert torch.equal(pictures(tmp_path / "out")[1], pictures(photos)[1])
    assert manifest_of(tmp_path / "out").source_bytes == sum(p.stat().st_size for p in photos.rglob("*.jpg"))


def test_what_was_cut_goes_on_and_until_then_is_refused(photos, tmp_path, capsys):
    broken = photos / "val" / "dog" / "2.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:200])
    assert prepare(photos, tmp_path / "out") == 2
    assert str(broken) in capsys.readouterr().err
    with pytest.raises(ValueError, match="is half prepared: the same `lit-cnns data prepare` as before goes on"):
        pictures(tmp_path / "out")
    first = tmp_path / "out" / "train" / "00000.bin"
    written = first.stat().st_mtime_ns
    assert prepare(photos, tmp_path / "out", "--quality", "80") == 2
    assert "was begun with other options" in capsys.readouterr().err
    broken.write_bytes(whole)
    assert prepare(photos, tmp_path / "out") == 0
    assert first.stat().st_mtime_ns == written
    assert len(pictures(tmp_path / "out", "val")[1]) == 6
    assert prepare(photos, tmp_path / "out") == 2
    assert "is prepared already" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["memmap", "chunks"])
def test_a_full_disk_is_told_and_leaves_no_piece_of_a_part(photos, tmp_path, capsys, form):
    out, before = tmp_path / "out", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        assert prepare(photos, out, "--form", form) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert f"{out} cannot be used: File too large. When it can, the same" in capsys.readouterr().err
    assert not [path for path in out.rglob("*") if path.is_file() and path.name != "begun.json"]
    assert prepare(photos, out, "--form", form) == 0


def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_told_and_the_same_command_goes_on(photos, tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "pack", killed)
        assert prepare(photos, tmp_path / "out", "--workers", "2") == 2
    assert "the same command goes on; give it fewer --workers" in capsys.readouterr().err
    assert prepare(photos, tmp_path / "out", "--workers", "1") == 0


def test_processes_end_with_the_one_that_gives_them_work():
    program = """
import os, signal
from concurrent.futures import ProcessPoolExecutor
from lit_cnns.data.preparing import _end_with_parent

pool = ProcessPoolExecutor(2, initializer=_end_with_parent)
print(*{pool.submit(os.getpid).result() for _ in range(9)}, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)  # until all have ended
    assert done.returncode == -signal.SIGKILL
    assert done.stdout


def test_a_broken_picture_can_be_left_out_and_is_counted(photos, tmp_path, capsys):
    (photos / "train" / "cat" / "0.jpg").write_bytes(b"\xff\xd8 not a picture")
    assert prepare(photos, tmp_path / "out", "--on_broken", "skip") == 0
    assert "1 left out" in capsys.readouterr().out
    assert len(pictures(tmp_path / "out")[1]) == 9


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda out: (out / "val" / "00000.bin").write_bytes(b""), "val/00000.bin has 0 of"),
        (lambda out: (out / "train" / "index.npy").unlink(), "train/index.npy is not there"),
        (lambda out: (out / "manifest.json").write_text("{"), "manifest.json is damaged"),
    ],
)
def test_a_damaged_folder_is_refused(photos, tmp_path, harm, sentence):
    prepare(photos, tmp_path / "out")
    harm(tmp_path / "out")
    with pytest.raises(ValueError, match=sentence):
        pictures(tmp_path / "out")


def test_check_finds_changed_bytes_of_a_prepared_folder(photos, tmp_path, capsys):
    prepare(photos, tmp_path / "out")
    assert main(["data", "check", str(tmp_path / "out")]) == 0
    part = tmp_path / "out" / "train" / "00000.bin"
    part.write_bytes(part.read_bytes()[:-1] + b"\0")
    assert main(["data", "check", str(tmp_path / "out")]) == 1
    assert "00000.bin is not what was written" in capsys.readouterr().out


def test_check_names_broken_and_shared_pictures_and_uneven_classes(photos, capsys):
    assert main(["data", "check", str(photos)]) == 0
    out = capsys.readouterr().out
    assert "train: 10 pictures, 5 a class" in out
    assert "shorter sides 60 to 60 pixels" in out
    (photos / "val" / "cat" / "again.jpg").write_bytes((photos / "train" / "cat" / "1.jpg").read_bytes())
    (photos / "train" / "dog" / "broken.jpg").write_bytes(b"\xff\xd8")
    assert main(["data", "check", str(photos)]) == 1
    out = capsys.readouterr().out
    assert "1 pictures are both in train and in what it is tested on" in out
    assert "broken.jpg" in out


def test_check_notes_a_folder_of_one_class(photos, capsys):
    for split in photos.iterdir():
        first, *others = sorted(split.iterdir())
        for other in others:
            shutil.rmtree(other)
    main(["data", "check", str(photos)])
    assert f"one class only, {first.name}: whatever a network answers is right" in capsys.readouterr().out


def test_the_manifest_says_what_it_is(photos, tmp_path):
    prepare(photos, tmp_path / "out", "--form", "memmap")
    said = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert said["form"] == "memmap"
    assert said["counts"] == {"train": 10, "val": 6}
    assert set(said["files"]) >= {"train/index.npy", "train/names.json", "train/00000.bin", "val/00000.bin"}
