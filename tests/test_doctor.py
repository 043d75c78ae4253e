"""`lit-cnns doctor` says what would go wrong before it does."""

import re
from pathlib import Path

import pytest
from PIL import Image

from lit_cnns.cli import main
from lit_cnns.commands import doctor


@pytest.fixture
def examine(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def said(*options: str) -> tuple[int, str]:
        status = main(["doctor", *options])
        return status, capsys.readouterr().out

    return said


def test_a_machine_is_looked_at_without_a_run(examine):
    status, out = examine()
    assert status == 0
    assert "torch 2." in out
    assert "gloo" in out
    assert "GiB free where runs/ goes" in out


def test_a_sound_run_has_its_pictures_batch_rate_memory_and_disk(examine):
    status, out = examine("--config", "resnet20_cifar/digits", "--config", "trainer/cpu")
    assert status == 0
    assert "Digits: 1,257 train, 180 val pictures of 10 classes" in out
    assert "global batch 32 = 1 process(es) x 1 accumulated x 32 pictures, learning rate 0.05 for that batch" in out
    assert "GiB of checkpoints" in out


def test_a_folder_of_pictures_has_the_decoder_that_reads_it(examine):
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            Path(split, name).mkdir(parents=True)
            Image.new("RGB", (40, 40)).save(Path(split, name, "0.jpg"))
    options = [
        "--config",
        "resnet18_b/folder",
        "--config",
        "trainer/cpu",
        "--data.root",
        ".",
        "--data.image_size",
        "32",
    ]
    status, out = examine(*options, "--data.global_batch_size", "2")
    assert status == 0
    assert "ImageFolder: 2 train, 2 val pictures of 2 classes" in out
    assert "JPEG by Pillow; --data.decoder fast takes less than half of the time" in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--config", "resnet50/imagenet"], "bad   There is no folder data/imagenet"),
        (["--config", "lenet5_modern/digitz"], "Did you mean lenet5_modern/digits"),
        (["--config", "lenet5_modern/digits", "--config", "trainer/cpu", "--trainer.devices", "3"], "divided evenly"),
        (["--config", "lenet5_modern/digits", "--config", "trainer/gpu"], "There is no GPU that torch can use"),
    ],
)
def test_what_would_fail_is_said_and_is_the_exit_status(examine, options, sentence):
    status, out = examine(*options)
    assert status == 1
    assert sentence in out


def test_a_release_known_to_be_bad_is_named(examine, monkeypatch):
    monkeypatch.setattr(doctor, "version", lambda name: "2.6.3" if name == "lightning" else "2.0")
    status, out = examine()
    assert status == 1
    assert "bad   lightning 2.6.3 is a release that must not be used" in out


def test_an_interface_that_is_not_there_is_named(examine, monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "eth99")
    status, out = examine()
    assert status == 1
    assert "GLOO_SOCKET_IFNAME=eth99, and the interfaces here are lo" in out


def test_an_interface_that_is_not_there_may_be_left_out_by_name(examine, monkeypatch):
    monkeypatch.setenv("NCCL_SOCKET_IFNAME", "^docker99")
    assert "docker99" not in examine()[1]


def test_memory_that_is_not_there_is_asked_for_in_vain(examine, monkeypatch):
    monkeypatch.setattr(doctor, "_ram", lambda: 1 << 20)
    status, out = examine("--config", "resnet20_cifar/digits", "--config", "trainer/cpu")
    assert status == 1
    assert ": accumulation or a smaller batch" in out


def test_the_memory_of_a_machine_is_that_of_all_its_processes(examine):
    wide = ["--config", "resnet20_cifar/digits", "--config", "trainer/cpu", "--data.global_batch_size=1024"]
    four = ["--trainer.devices=4", "--trainer.strategy=ddp"]  # a quarter of the pictures each
    found = [
        re.search(r"about ([\d.]+) GiB of \d+ GiB on cpu( for 4 processes)? while", examine(*wide, *more)[1])
        for more in ([], four)
    ]
    assert [bool(one[2]) for one in found] == [False, True]
    assert float(found[0][1]) > 0.5
    assert float(found[1][1]) == pytest.approx(float(found[0][1]), abs=0.11)


def test_half_precision_needs_half_the_memory_for_maps(examine):
    wide = ["--config", "resnet20_cifar/digits", "--config", "trainer/cpu", "--data.global_batch_size=1024"]
    whole, half = (
        float(re.search(r"about ([\d.]+) GiB of \d+ GiB", examine(*wide, f"--trainer.precision={precision}")[1])[1])
        for precision in ("32-true", "bf16-mixed")
    )
    assert half == pytest.approx(whole / 2, abs=0.1)
