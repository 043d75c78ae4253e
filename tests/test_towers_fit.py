"""`--config trainer/towers` trains what one device trains, and either goes on from the other's checkpoint."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

import lit_cnns
from lit_cnns import runs

pytestmark = [pytest.mark.slow, pytest.mark.ddp]
RECIPE = [
    "--config",
    "alexnet/imagenet",
    "--data.root=photos",
    "--data.global_batch_size=4",
    "--data.num_workers=0",
    "--model.lr=1e-4",
]
QUIET = ["--data.num_workers=0", "--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false"]
ALONE, TOWERS = "trainer/cpu", "trainer/towers"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("towers")
    for split, number in (("train", 0), ("train", 1), ("train", 2), ("val", 3)):  # one global batch an epoch
        for place, name in enumerate(("cat", "dog")):
            colours = torch.randint(128 + 100 * place, (256, 256, 3), dtype=torch.uint8)
            path = folder / "photos" / split / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(colours.numpy()).save(path)
    return folder


def start(folder: Path, verb: str, where: str, *more: str) -> str:
    words = [sys.executable, "-m", "lit_cnns", verb, *RECIPE, "--config", where, "--trainer.accelerator=cpu"]
    done = subprocess.run([*words, *QUIET, *more], cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def fit(folder: Path, where: str, steps: int, *more: str) -> Path:
    start(folder, "fit", where, f"--trainer.max_epochs={steps}", *more)
    last = runs.resolve("last", folder / "runs")
    assert last is not None
    return last


def validated(path: Path) -> float:
    return runs.curves(path.parent.parent)["val/loss"][-1][1]


def test_two_towers_and_one_device_train_the_same_and_go_on_from_each_other(folder):
    alone = fit(folder, ALONE, 2)
    towers = fit(folder, TOWERS, 1)
    gone_on = fit(folder, ALONE, 2, f"--resume={towers}")
    after_two, after_one, again = (lit_cnns.load(path).state_dict() for path in (alone, towers, gone_on))
    for name, weight in after_two.items():
        if name.endswith("weight"):  # rounding is small beside what the second step changed, half of it by momentum
            assert (weight - again[name]).norm() < 0.05 * (weight - after_one[name]).norm(), name
    assert validated(gone_on) == pytest.approx(validated(alone), rel=1e-5)
    said = start(folder, "validate", TOWERS, f"--ckpt_path={alone}")
    found = re.search(r"val/loss\D+([\d.]+)", said)
    assert float(found[1]) == pytest.approx(validated(alone), rel=1e-5)
