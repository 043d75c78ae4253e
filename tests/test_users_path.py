"""A user's whole way: fine-tune, export, run elsewhere, look at it in the lab, hand it to timm; one answer in all."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from lit_cnns_demo import panels
from lit_cnns_demo.shelf import Shelf
from PIL import Image
from sklearn.datasets import load_digits

from lit_cnns.checkpoints import load
from lit_cnns.cli import main
from lit_cnns.data import read_image, to_batch
from lit_cnns.runs import resolve

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "docs" / "classify_onnx.py"
QUICK = ["--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false", "--trainer.accelerator=cpu"]

# runs where torch cannot be imported, and prints a row of logits for each picture
ALONE = f"""
import sys
sys.modules["torch"] = sys.modules["lit_cnns"] = None
sys.path.insert(0, {str(SCRIPT.parent)!r})
import json
from classify_onnx import logits
names, rows = logits(sys.argv[1], sys.argv[2:])
print(json.dumps([names, rows.tolist()]))
"""


def write_digits(folder):
    """The handwritten digits that scikit-learn carries, as a folder of pictures."""
    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        split = "val" if number % 5 == 0 else "train"
        path = folder / split / f"digit {label}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15.9).astype(np.uint8)).resize((48, 40)).save(path)


def source_of(kind, folder, request):
    """Trained weights, converted, and a folder of real pictures."""
    if kind == "digits":
        write_digits(folder / "pictures")
        return ROOT / "demo/lit_cnns_demo/checkpoints/resnet20_cifar_cifar10.ckpt", folder / "pictures"
    data = request.getfixturevalue("shared") / "data"
    weights = data / "weights/resnet20-12fca82f.th"
    assert main(["convert", str(weights), str(folder / "source.ckpt")]) == 0
    return folder / "source.ckpt", data / "imagenette_mini"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["digits", "photographs"])
def test_one_network_gives_the_same_answers_in_all_its_forms(kind, tmp_path, monkeypatch, request):
    source, pictures = source_of(kind, tmp_path, request)
    monkeypatch.chdir(tmp_path)
    data = ["--data", "ImageFolder", "--data.root", str(pictures), "--data.image_size", "32"]
    fit = ["--model.lr", "0.02", "--trainer.max_epochs", "3", "--seed_everything", "0"]
    assert main(["fit", "--init_from", str(source), *data, *fit, *QUICK]) == 0
    best = str(resolve("best"))
    tuned = load(best)
    chosen = [str(next(iter(sorted(folder.iterdir())))) for folder in sorted((pictures / "val").iterdir())]
    batch = to_batch([read_image(path) for path in chosen], tuned.preprocessing)
    with torch.inference_mode():
        expected = tuned(batch)
    report = {"kind": kind, "val/top1": tuned.metrics["val/top1"], "pictures": len(chosen)}

    assert main(["export", best, "tuned.onnx"]) == 0
    done = subprocess.run(
        [sys.executable, "-c", ALONE, "tuned.onnx", *chosen], capture_output=True, text=True, check=True
    )
    names, alone = json.loads(done.stdout)
    assert names == tuned.class_names
    report["onnxruntime, pictures by Pillow"] = gap(torch.tensor(alone), expected)
    assert main(["classify", best, *chosen, "--output", "answers.json", "--device", "cpu"]) == 0
    said = [answer["predictions"][0]["class"] for answer in json.loads(Path("answers.json").read_text())]
    assert said == [names[place] for place in np.argmax(alone, axis=1)]

    shelf = Shelf([best])
    shelf.refresh()
    shown = panels.compare(shelf, shelf.entries, panels.picture(chosen[0], "picture"))[0]
    assert shown.top[0][0] == names[int(expected[0].argmax())]
    report["lab"] = abs(shown.top[0][1] - float(expected[0].softmax(0).max()))

    assert main(["push", best, "me/tuned", "--to_folder", "repository"]) == 0
    theirs = timm.create_model("local-dir:repository", pretrained=True).eval()
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=theirs))
    with torch.inference_mode():
        report["timm"] = gap(theirs(batch), expected)
        own = torch.stack([transform(Image.open(path).convert("RGB")) for path in chosen])
        report["timm, pictures by timm"] = gap(theirs(own), expected)
    assert main(["pull", "repository", "again.ckpt"]) == 0
    with torch.inference_mode():
        report["pulled"] = gap(load("again.ckpt")(batch), expected)
    print(json.dumps(report, indent=1))
    assert max(report["timm"], report["pulled"], report["lab"]) < 1e-5
    assert max(report["onnxruntime, pictures by Pillow"], report["timm, pictures by timm"]) < 0.03  # of other resizing


def gap(found, expected):
    """The greatest difference of a logit, as a share of the largest."""
    return float((found - expected).abs().max() / expected.abs().max())
