"""The command line on real digits: the order of settings, checkpoints by word, tables, sentences for what is wrong."""

import contextlib
import csv
import itertools
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from jsonargparse import dict_to_namespace
from lightning.pytorch.cli import LightningArgumentParser
from PIL import Image

from lit_cnns.cli import main
from lit_cnns.commands.arguments import VERSION, arrange, claim_folder
from lit_cnns.commands.refusals import SECTIONS
from lit_cnns.commands.training import LitCLI, plan
from lit_cnns.lineage import LitLeNet5

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


def test_evaluation_leaves_the_settings_of_the_working_folder_alone(there):
    (there / "config.yaml").write_text("mine")
    limits = ["--trainer.limit_test_batches=1", "--trainer.limit_val_batches=1", "--trainer.limit_predict_batches=1"]
    for verb in ("test", "validate", "predict"):
        assert main([verb, "--ckpt_path", "last", "--predictions.output=few.csv", *limits, *QUICK]) == 0
        assert (there / "config.yaml").read_text() == "mine"


def test_other_classes_than_those_that_were_learnt_are_told(there):
    altered(there, class_names=["cat", *"123456789"])
    with pytest.warns(UserWarning, match="1 of 10 differ, the data has 0 where it learnt cat"):
        assert main(["test", "--ckpt_path", "altered.ckpt", "--trainer.limit_test_batches=1", *QUICK]) == 0


def test_predict_and_classify_write_the_same_table(there, caplog):
    assert (
        main(["predict", "--ckpt_path", "last", "--predictions.output", "p.csv", "--predictions.topk=2", *QUICK]) == 0
    )
    assert "The answers to 360 pictures are in p.csv." in caplog.text
    rows = list(csv.DictReader((there / "p.csv").open()))
    assert len(rows) == 360
    assert list(rows[0]) == ["image", "class_1", "probability_1", "class_2", "probability_2"]


@pytest.mark.parametrize("scales", [["--scales", "[36]"], ["--scales=[34,40]", "--trainer.limit_test_batches=1"]])
def test_a_protocol_measures_beside_the_papers_figure(there, capsys, scales):
    assert main(["test", "--ckpt_path", "last", "--protocol", "ten_crop", *scales, *QUICK]) == 0
    shown = capsys.readouterr().out
    assert "the 360 pictures of Digits test (10 classes), ten_crop" in shown
    assert "Nothing is published for lenet5_modern by this protocol" in shown


def test_the_plain_test_stands_beside_published_figures_too(there, capsys):
    assert main(["validate", "--ckpt_path", "last", *QUICK]) == 0
    assert "the 180 pictures of Digits val (10 classes), center (1 view, shorter side 32):" in capsys.readouterr().out


def test_one_batch_is_no_test_of_the_whole_set(there, capsys):
    table = there / "runs" / "lenet5_modern_digits" / "version_0" / "tests.csv"
    before = table.read_text() if table.is_file() else ""
    assert main(["test", "--ckpt_path", "last", "--trainer.limit_test_batches=1", *QUICK]) == 0
    assert "on a part of the 360 pictures" in capsys.readouterr().out
    assert (table.read_text() if table.is_file() else "") == before


def test_predict_takes_a_protocol(there):
    views = ["--protocol", "dense", "--scales=[40]"]
    assert main(["predict", "--ckpt_path", "last", "--predictions.output", "dense.csv", *views, *QUICK]) == 0
    assert len(list(csv.DictReader((there / "dense.csv").open()))) == 360


def test_another_packages_network_or_data_is_refused_a_protocol(there, capsys):
    foreign = ["--model", "lightning.pytorch.demos.boring_classes.BoringModel", "--data", "Digits"]
    assert main(["test", *foreign, "--protocol", "ten_crop", *QUICK]) == 2
    assert "--protocol ten_crop takes a LitClassifier and one of our DataModules, not Boring" in capsys.readouterr().err


def arranged(verb, *argv):
    args = arrange(verb, list(argv)).args
    settings = [json.loads(value) for key, value in itertools.pairwise(args) if key == "--config" and "{" in value]
    return args, settings


@pytest.fixture
def full_disk():
    """No file may become larger than 100 kB: to write more fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_checkpoint_ends_a_run_with_one_sentence(tmp_path, monkeypatch, full_disk, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "--config", "lenet5_modern/digits", "--config", "trainer/debug", *QUICK]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("ckpt cannot be used: File too large.")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB, of its own."""
    words = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system cannot be mounted here ({error})")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_disk_that_is_full_leaves_the_checkpoint_that_was_there_whole(small_disk, monkeypatch, capsys):
    monkeypatch.chdir(small_disk)
    fit = ["fit", "--config", "lenet5_modern/digits", "--config", "trainer/debug", *QUICK]
    assert main(fit) == 0
    last = next(small_disk.rglob("last.ckpt"))
    before = last.read_bytes()
    room = os.statvfs(small_disk)
    (small_disk / "filling").write_bytes(bytes(room.f_bavail * room.f_bsize - len(before) // 2))
    assert main([*fit, "--trainer.max_epochs=2", f"--resume={last}"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("ckpt cannot be used: No space left on device.")
    assert last.read_bytes() == before
    assert not [*small_disk.rglob("*.part")]


def test_a_place_that_cannot_be_written_to_ends_a_run_with_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("a file where the folder of runs should be")
    assert main(["fit", "--config", "lenet5_modern/digits", "--config", "trainer/debug", *QUICK]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("lit-cnns: error: ")
    assert "runs" in last


def altered(there, **changes):
    contents = torch.load(next(there.rglob("last.ckpt")), weights_only=True)
    contents["lit_cnns"].update(changes)
    torch.save(contents, there / "altered.ckpt")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"class": "data.Digits"}, "altered.ckpt names the class 'data.Digits'"),
        ({"args": {"variant": "modern", "num_classes": 10**9}}, "altered.ckpt asks for num_classes=1000000000"),
        ({"args": {"variant": ["x"]}}, "altered.ckpt describes a LitLeNet5 that cannot be built"),
        ({"data": {}}, "Nothing says which data to test: give --data CLASS"),
    ],
)
def test_a_verb_of_lightning_looks_at_a_checkpoint_before_it_builds_anything(there, capsys, changes, sentence):
    altered(there, **changes)
    assert main(["test", "--ckpt_path", "altered.ckpt", *QUICK]) == 2
    assert sentence in capsys.readouterr().err


YOURS = """
from lit_cnns import LitLeNet5

class LitYours(LitLeNet5):
    pass
"""


def test_a_checkpoint_of_a_registered_packages_class_needs_nothing_else_either(there, monkeypatch, capsys):
    package = there / "package"
    (package / "yours-1.dist-info").mkdir(parents=True)
    (package / "yours.py").write_text(YOURS)
    (package / "yours-1.dist-info" / "METADATA").write_text("Name: yours\nVersion: 1\n")
    (package / "yours-1.dist-info" / "entry_points.txt").write_text("[lit_cnns.models]\nLitYours = yours:LitYours\n")
    altered(there, **{"class": "LitYours"})
    assert main(["test", "--ckpt_path", "altered.ckpt", *QUICK]) == 2
    assert "names the class 'LitYours'" in capsys.readouterr().err
    monkeypatch.syspath_prepend(package)
    assert main(["test", "--ckpt_path", "altered.ckpt", *QUICK]) == 0
    assert "test/top1" in capsys.readouterr().out


@pytest.mark.parametrize("start", [["test", "--ckpt_path"], ["fit", "--ckpt_path"], ["fit", "--resume"]])
def test_weights_without_a_run_are_no_checkpoint_to_go_on_from(there, capsys, start):
    torch.save({"weight": torch.zeros(3)}, there / "plain.pth")
    assert main([*start, "plain.pth", "--config", "lenet5_modern/digits", *QUICK]) == 2
    assert "Weights alone come in by --init_from, or by lit-cnns convert." in capsys.readouterr().err


def test_weights_of_another_network_get_one_sentence(there, capsys):
    assert main(["test", "--ckpt_path", "last", "--model.variant", "original", *QUICK]) == 2
    assert "weights do not fit the network that was asked for: Missing key(s)" in capsys.readouterr().err


def test_classify_says_what_it_lacks(there, capsys):
    Image.new("L", (20, 20), 255).save(there / "white.png")
    assert main(["classify", "last", "white.png", "--device", "abacus"]) == 2
    assert "no device 'abacus' here; cpu always is." in capsys.readouterr().err
    altered(there, preprocessing={})
    assert main(["classify", "altered.ckpt", "white.png"]) == 2
    assert "does not say how its pictures were prepared" in capsys.readouterr().err


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
        (["fit", "--config", "lenet5_modern/digits", "--protocol", "dense"], "by --protocol afterwards"),
        (["test", "--ckpt_path", "last", "--protocol", "ten_crops"], "Did you mean ten_crop?"),
        (["test", "--ckpt_path", "last", "--protocol", "ten_crop"], "give a larger one, e.g. scales: [37]"),
        (["validate", "--ckpt_path", "nowhere.ckpt"], "no checkpoint at nowhere.ckpt"),
        (["classify", "nowhere.ckpt", "."], "There are no pictures in ."),
        (["classify", "last", "nowhere.png"], "no picture or folder at nowhere.png"),
        (["info", "alexnett"], "did you mean"),
        (["diff", "alexnet", "zfnett"], "did you mean"),
        (
            ["fit", "--model", "LitResNett", "--data", "Digits"],
            "no LightningModule 'LitResNett'; did you mean LitResNet?",
        ),
        (["fit", "--model", "LitResNet", "--data", "Digitz"], "no LightningDataModule 'Digitz'; did you mean Digits?"),
        (["fit", "--config", "lenet5_modern/digits", "--optimizer", "AdamWW"], "did you mean AdamW?"),
        (
            ["fit", "--config", "lenet5_modern/digits", "--model", "lit_cnns.Digits"],
            "lit_cnns.Digits is not a Lightning",
        ),
        (["fit", "--config", "lenet5_modern/digits", "--model.lr", "fast"], "lr is of type float, not 'fast'."),
        (
            ["fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs", "x"],
            "max_epochs is of type int, not 'x'.",
        ),
        (["fit", "--config", "lenet5_modern/digits", "--model.variant", "old"], "['original', 'modern'], not 'old'."),
        (["fit", "--config", "lenet5_modern/digits", "--model.schedule", "cosin"], "'plateau'], not 'cosin'."),
        (["fit", "--config", "lenet5_modern/digits", "--data.image_size", "0"], "1 or more, not 0"),
        (["fit", "--config", "lenet5_modern/digits", "--data.global_batch_size", "0"], "1 picture or more, not 0."),
        (["fit", "--config", "lenet5_modern/digits", "--trainer.precision", "8"], "bf16-mixed, 32-true, 64-true"),
        (
            ["fit", "--config", "lenet5_modern/digits", "--checkpoint.moniter", "x"],
            "checkpoint has no setting 'moniter'; did you mean monitor?",
        ),
        (["predict", "--ckpt_path", "last", "--predictions.path", "x"], "allowed are output, topk."),
        (["predict", "--ckpt_path", "last", "--predictions.topk", "0"], "topk is 1 or more, not 0."),
        (["predict", "--ckpt_path", "last", "--predictions.output", "p.txt"], "not to 'p.txt'."),
        (["classify", "last", "pictures", "--output", "p.txt"], "not to 'p.txt'."),
        (["fit"], "Nothing says which model and which data to fit"),
        (["test"], "--ckpt_path best"),
        (["models", "transformer"], "No network's name holds"),
    ],
)
def test_a_wrong_word_gets_one_sentence(there, capsys, argv, sentence):
    (there / "empty").mkdir(exist_ok=True)
    argv = [word if word != "." else "empty" for word in argv]
    assert main(argv) == 2
    error = capsys.readouterr().err
    (line,) = [line for line in error.splitlines() if line.startswith("lit-cnns: error: ")]
    assert sentence.replace("in .", "in empty") in line
    assert error.endswith(f"{line}\n")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("modell: {a: 1}", "did you mean model?"),
        ("trainer: {max_epoch: 1}", "did you mean max_epochs?"),
        ("- 1", "no settings"),
        ("trainer: 3", "`trainer` holds settings, `name: value` each, not 3."),
        ("model: {class_path: lit_cnns.LitResNett}", "did you mean LitResNet?"),
        ("model: {init_args: {lr: fast}}", "lr is of type float, not 'fast'."),
        ("model: {int_args: {lr: 1}}", "did you mean init_args?"),
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


def test_a_networks_name_says_its_class_and_its_arguments():
    for words in (["--model", "plain34"], ["--model=plain34"]):
        args, _ = arranged("fit", *words, "--data", "Digits", "--model.lr", "0.2")
        line = " ".join(args).replace("--model=", "--model ")
        assert line.endswith("--model LitResNet --model.depth=34 --model.residual=False --data Digits --model.lr 0.2")
    args, _ = arranged("fit", "--config", "vgg16/imagenet", "--model", "lit_cnns.LitVGG")
    assert any(word.endswith("vgg_d/imagenet.yaml") for word in args)
    assert args[-1] == "lit_cnns.LitVGG"


def test_an_evaluation_of_a_network_nobody_trained_says_so(there):
    with pytest.warns(UserWarning, match="as it was initialised"):
        assert main(["test", "--model", "resnet20_cifar", "--data", "Digits", "--config", "trainer/debug", *QUICK]) == 0


def test_a_reader_that_has_seen_enough_is_no_error():
    words = [sys.executable, "-m", "lit_cnns", "info", "resnet152"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141


def test_models_lists_the_lineage(capsys):
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    assert "resnet152" in shown
    assert "60,965,224" in shown


TWO = ["--trainer.devices=2", "--trainer.strategy=ddp"]


@pytest.mark.ddp
@pytest.mark.parametrize(
    "devices", [[], pytest.param(TWO, marks=pytest.mark.slow)], ids=["one process", "two processes"]
)
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGUSR1, 138, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_cut_leaves_a_checkpoint_and_says_how_to_go_on(tmp_path, sent, status, devices):
    words = ["fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs", "2000", *QUICK, *devices]
    process = subprocess.Popen(
        [sys.executable, "-m", "lit_cnns", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 240
    while not list(tmp_path.rglob("last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.2)
    os.killpg(process.pid, sent)  # as a terminal, a container or a scheduler does it
    try:
        _, error = process.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == status
    (cut,) = tmp_path.rglob("cut.ckpt")
    assert "Go on with the same command and --resume" in error
    assert "Traceback" not in error
    contents = torch.load(cut, weights_only=True)
    assert contents["global_step"] > 0


@pytest.mark.slow
@pytest.mark.ddp
@pytest.mark.parametrize("lost", ["first", "second"])
def test_a_process_whose_partner_is_killed_saves_and_ends(tmp_path, lost):
    words = ["fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs", "2000", *QUICK, *TWO]
    process = subprocess.Popen(
        [sys.executable, "-m", "lit_cnns", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 240
    while not list(tmp_path.rglob("last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.2)
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(process.pid if lost == "first" else int(child), signal.SIGKILL)
    try:
        _, error = process.communicate(timeout=60)  # until both have closed it
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == (-signal.SIGKILL if lost == "first" else 1)
    assert f"Process {'1' if lost == 'first' else '0'} lost the others" in error
    assert "Go on with the same command and --resume" in error
    (cut,) = tmp_path.rglob("cut.ckpt")
    assert torch.load(cut, weights_only=True)["global_step"] > 0


THREADS_AT_THE_END = """
import os, sys
from pathlib import Path
from lit_cnns.cli import main

assert main() == 0
for thread in Path("/proc/self/task").glob("*/comm"):
    Path(os.environ["LOCAL_RANK"]).open("a").write(thread.read_text())
"""


@pytest.mark.slow
@pytest.mark.ddp
def test_none_of_gloos_threads_is_left_when_the_run_of_several_processes_ends(tmp_path):
    (tmp_path / "run.py").write_text(THREADS_AT_THE_END)
    words = ["fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs=1", "--trainer.accelerator=cpu"]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port=29541", "run.py"]
    options = [*words, "--trainer.devices=2", "--trainer.strategy=ddp", "--trainer.enable_progress_bar=false"]
    subprocess.run([*command, *options], cwd=tmp_path, check=True, timeout=240, capture_output=True)
    for rank in "01":
        threads = (tmp_path / rank).read_text()
        assert "python" in threads
        assert "gloo" not in threads


SHORT = ["--trainer.limit_train_batches=2", "--trainer.limit_val_batches=1", *QUICK]


def test_resume_goes_on_with_the_newest_run_of_this_configuration_in_a_folder_of_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fit = ["fit", "--config", "lenet5_modern/digits", *SHORT]
    assert main(["fit", "--config", "lenet5_1998/digits", "--trainer.max_epochs=1", *SHORT]) == 0  # not this one
    assert main([*fit, "--trainer.max_epochs=1", "--resume", "auto"]) == 0
    assert "no run to go on with below runs/lenet5_modern_digits/: a fresh start" in capsys.readouterr().err
    first = tmp_path / "runs" / "lenet5_modern_digits" / "version_0"
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    assert main([*fit, "--trainer.max_epochs=2", "--resume", "auto"]) == 0
    assert "Going on with runs/lenet5_modern_digits/version_0/checkpoints/last.ckpt" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    second = first.with_name("version_1")
    assert torch.load(second / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 4
    assert main(["fit", "--resume", str(second), "--trainer.max_epochs=3", *SHORT]) == 0  # with that run's settings
    third = torch.load(first.with_name("version_2") / "checkpoints" / "last.ckpt", weights_only=True)
    assert third["global_step"] == 6
    assert third["hyper_parameters"]["lr"] == 0.002


def test_resume_finds_the_newest_run_also_without_a_configuration(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for epochs in (1, 2, 3):
        fit = ["fit", "--model", "lenet5_modern", "--data", "Digits", "--resume", "auto", *SHORT]
        assert main([*fit, f"--trainer.max_epochs={epochs}"]) == 0
    assert "Going on with runs/lenet5_modern_Digits/version_1/checkpoints/last.ckpt" in capsys.readouterr().err
    last = torch.load(tmp_path / "runs/lenet5_modern_Digits/version_2/checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 6


@pytest.mark.parametrize(
    "other",
    [
        ["--model", "resnet20_cifar"],
        ["--model.variant=original"],
        ["--data", "MNIST"],
        ["--data", "MNIST", "--data.root", "elsewhere"],
    ],
)
def test_resume_passes_over_a_run_of_another_network_or_other_data(tmp_path, monkeypatch, capsys, other):
    monkeypatch.chdir(tmp_path)
    recipe = ["--config", "lenet5_modern/digits"]
    assert main(["fit", *recipe, "--trainer.max_epochs=1", *SHORT]) == 0
    asked = arrange("fit", [*recipe, *other, "--resume", "auto"])
    assert asked.checkpoint is None
    assert "Those there are of another network or other data." in capsys.readouterr().err
    same = arrange("fit", [*recipe, "--data", "Digits", "--model.lr=3", "--model.variant", "modern", "--resume=auto"])
    assert same.checkpoint.endswith("version_0/checkpoints/last.ckpt")


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["test", "--resume", "auto"], "--resume goes on with a training; `test` takes --ckpt_path."),
        (["fit", "--config", "lenet5_modern/digits", "--resume", "empty"], "no last or cut checkpoint below empty/"),
    ],
)
def test_what_cannot_be_resumed_gets_one_sentence(tmp_path, monkeypatch, capsys, argv, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert main([*argv, *QUICK]) == 2
    assert sentence in capsys.readouterr().err


def test_two_starts_at_the_same_moment_have_a_folder_each(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    both, folders = [arrange("fit", ["--config", "lenet5_modern/digits"]) for _ in range(2)], []
    for start in both:
        monkeypatch.delenv(VERSION, raising=False)
        trainer = dict_to_namespace(start.defaults["trainer"])
        claim_folder(trainer, start.name, start.defaults)
        assert {logger.init_args.version for logger in trainer.logger} == {int(trainer.default_root_dir[-1])}
        folders.append(trainer.default_root_dir)
    monkeypatch.delenv(VERSION)
    assert folders == [f"runs/lenet5_modern_digits/version_{number}" for number in (0, 1)]


def test_weights_that_no_process_has_whole_are_not_averaged(capsys):
    shares = ["--config", "trainer/sharded", "--trainer.accelerator=cpu", "--trainer.devices=2"]
    with pytest.raises(ValueError, match="ModelParallelStrategy divides them: leave the averaging callback out"):
        plan(["--config", "resnet20_cifar/cifar10_modern", *shares])


def test_an_error_of_what_is_trained_shows_where_it_was_raised(tmp_path, monkeypatch, capsys):
    def step(module, batch, number):
        raise ValueError("not enough values to unpack")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(LitLeNet5, "training_step", step)
    assert main(["fit", "--config", "lenet5_modern/digits", *QUICK]) == 2
    error = capsys.readouterr().err
    assert 'raise ValueError("not enough values to unpack")' in error
    assert error.splitlines()[-1] == "lit-cnns: error: not enough values to unpack"


def test_the_allowed_settings_that_a_refusal_names_are_those_of_the_parser():
    parser = LightningArgumentParser()
    LitCLI.add_arguments_to_parser(None, parser)
    options = {action.dest.partition(".")[0] for action in parser._actions} - {"help"}
    assert options <= set(SECTIONS)


def test_a_run_says_batch_and_rate_first_and_where_everything_is_last(tmp_path, monkeypatch, capsys, caplog):
    monkeypatch.chdir(tmp_path)
    assert main(["fit", "--config", "lenet5_modern/digits", "--trainer.max_epochs=1", *SHORT]) == 0
    first, last = caplog.text, capsys.readouterr().out
    assert first.count("Global batch 32 = 1 process(es) x 1 accumulated x 32 pictures.") == 1
    assert first.count("Learning rate 0.002 for the whole batch of an optimiser step") == 1
    assert "Done after 1 epochs, 2 steps; this start took 0:00:" in last
    named = set(re.findall(r"runs/\S+\.(?:ckpt|csv|yaml)", last))
    assert {Path(name).name.partition("-")[0] for name in named} == {"best", "last.ckpt", "metrics.csv", "config.yaml"}
    assert all(Path(name).is_file() for name in named)


def test_a_run_without_a_logger_touches_nothing_of_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("mine")
    assert main(["fit", "--config", "lenet5_modern/digits", "--config", "trainer/debug", "--trainer.logger=false"]) == 0
    assert (tmp_path / "config.yaml").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"config.yaml", "runs"}


def test_a_disk_that_fills_up_leaves_the_checkpoint_before_whole(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fit = ["fit", "--config", "lenet5_modern/digits", *SHORT]
    assert main([*fit, "--trainer.max_epochs=1"]) == 0
    (last,) = tmp_path.rglob("last.ckpt")
    contents, before = last.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setenv("LIT_CNNS_VERSION", "0")  # into the same folder
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        assert main([*fit, "--trainer.max_epochs=2", "--resume", str(last)]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert last.read_bytes() == contents
    assert not list(tmp_path.rglob("*.part"))
    assert capsys.readouterr().err.splitlines()[-1].endswith(".ckpt cannot be used: File too large.")
