"""The command line on real digits: the order of settings, checkpoints by word, tables, sentences for what is wrong."""

import csv
import itertools
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image

from lit_cnns.cli import main
from lit_cnns.commands.arguments import arrange

QUICK = ["--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false", "--trainer.accelerator=cpu"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with one short run of LeNet-5 on the digits."""
    folder, before = tmp_path_factory.mktemp("run"), os.getcwd()
    os.chdir(folder)
    assert main(["fit", "--trainer.max_epochs", "2", "--config", "lenet5_modern/digits", *QUICK]) == 0
    os.chdir(before)
    return folder


@pytest.fixture
def there(run, monkeypatch):
    monkeypatch.chdir(run)
    return run


def test_a_run_leaves_curves_settings_and_a_self_describing_checkpoint(there):
    folder = there / "runs" / "lenet5_modern_digits" / "version_0"
    assert {"config.yaml", "metrics.csv", "checkpoints"} <= {path.name for path in folder.iterdir()}
    contents = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    assert contents["epoch"] == 1  # --trainer.max_epochs before --config was not lost
    assert contents["lit_cnns"]["class_names"] == list("0123456789")
    assert contents["lit_cnns"]["data"]["class"] == "Digits"


def test_last_is_the_last_epoch_even_where_it_is_not_the_best(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    worse = [
        "--checkpoint.monitor",
        "lr",
        "--checkpoint.mode",
        "max",
        "--trainer.log_every_n_steps",
        "1",
    ]  # it only falls
    limits = ["--trainer.max_epochs", "3", "--trainer.limit_train_batches", "2", "--trainer.limit_val_batches", "1"]
    assert main(["fit", "--config", "lenet5_modern/digits", *worse, *limits, *QUICK]) == 0
    (folder,) = tmp_path.rglob("checkpoints")
    epochs = {path.name: torch.load(path, weights_only=True)["epoch"] for path in folder.iterdir()}
    assert epochs.pop("last.ckpt") == 2
    assert list(epochs.values()) != [2]


def test_a_checkpoint_needs_nothing_else_to_be_tested(there, capsys):
    assert main(["test", "--ckpt_path", "last", *QUICK]) == 0
    assert "test/top1" in capsys.readouterr().out


def test_predict_and_classify_write_the_same_table(there):
    assert (
        main(["predict", "--ckpt_path", "last", "--predictions.output", "p.csv", "--predictions.topk=2", *QUICK]) == 0
    )
    rows = list(csv.DictReader((there / "p.csv").open()))
    assert len(rows) == 360
    assert list(rows[0]) == ["image", "class_1", "probability_1", "class_2", "probability_2"]


def arranged(verb, *argv):
    args = arrange(verb, list(argv)).args
    settings = [json.loads(value) for key, value in itertools.pairwise(args) if key == "--config" and "{" in value]
    return args, settings


def test_what_is_typed_beats_the_yaml_and_the_yaml_beats_the_checkpoint(there):
    args, settings = arranged(
        "validate", "--model.lr", "0.5", "--config", "lenet5_modern/digits", "--ckpt_path", "last"
    )
    layers = [i for i, word in enumerate(args) if word == "--config"]
    assert (
        settings[-1]["model"]["class_path"] == "lit_cnns.lineage.lenet.LitLeNet5"
    )  # the checkpoint's description comes first
    assert args[layers[-1] + 1].endswith("digits.yaml")
    assert args.index("--model.lr") > layers[-1]


def test_num_classes_against_the_data_is_an_error(there, capsys):
    assert main(["fit", "--config", "lenet5_modern/digits", "--model.num_classes", "5", *QUICK]) == 2
    assert "num_classes=5 and the data has 10" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["fit", "--config", "lenet5_modern/digitz"], "Did you mean lenet5_modern/digits"),
        (
            ["fit", "--config", "lenet5_modern/digits", "--model.lrr", "1"],
            "LitLeNet5 has no argument 'lrr'; did you mean lr?",
        ),
        (["fit", "--config", "lenet5_modern/digits", "--trainer.max_epocs", "1"], "did you mean max_epochs?"),
        (["validate", "--ckpt_path", "nowhere.ckpt"], "no checkpoint at nowhere.ckpt"),
        (["classify", "nowhere.ckpt", "."], "There are no pictures in ."),
        (["classify", "last", "nowhere.png"], "no picture or folder at nowhere.png"),
        (["info", "alexnett"], "did you mean"),
        (["models", "transformer"], "No network's name holds"),
    ],
)
def test_a_wrong_word_gets_one_sentence(there, capsys, argv, sentence):
    (there / "empty").mkdir(exist_ok=True)
    argv = [word if word != "." else "empty" for word in argv]
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert sentence.replace("in .", "in empty") in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("modell: {a: 1}", "did you mean model?"),
        ("trainer: {max_epoch: 1}", "did you mean max_epochs?"),
        ("- 1", "no settings"),
    ],
)
def test_a_misspelt_key_of_a_yaml_gets_one_sentence(there, capsys, line, sentence):
    (there / "wrong.yaml").write_text(line)
    assert main(["fit", "--config", "lenet5_modern/digits", "--config", "wrong.yaml", *QUICK]) == 2
    assert sentence in capsys.readouterr().err


def test_classify_names_what_is_in_pictures_and_counts_what_it_left_out(there, capsys):
    folder = there / "pictures"
    folder.mkdir()
    Image.new("L", (20, 20), 255).save(folder / "a.png")
    (folder / "b.jpg").write_text("not a picture")
    assert main(["classify", "last", str(folder)]) == 2
    assert "b.jpg" in capsys.readouterr().err
    assert main(["classify", "last", str(folder), "--on_broken", "skip", "--topk", "3", "--output", "out.json"]) == 0
    assert "1 pictures were left out" in capsys.readouterr().err
    (row,) = json.loads((there / "out.json").read_text())
    assert len(row["predictions"]) == 3
    assert row["predictions"][0]["class"] in "0123456789"


def test_info_prints_the_papers_table(capsys):
    assert main(["info", "vgg16"]) == 0
    shown = capsys.readouterr().out
    assert "138,357,544" in shown
    assert "conv5_3" in shown


def test_models_lists_the_lineage(capsys):
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    assert "resnet152" in shown
    assert "60,965,224" in shown


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_cut_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path, sent, status):
    words = ["fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs", "2000", *QUICK]
    process = subprocess.Popen(
        [sys.executable, "-m", "lit_cnns", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(sent)
    _, error = process.communicate(timeout=120)
    assert process.returncode == status
    (cut,) = tmp_path.rglob("cut.ckpt")
    assert "Go on with the same command and --ckpt_path" in error
    assert "Traceback" not in error
    contents = torch.load(cut, weights_only=True)
    assert contents["global_step"] > 0
