"""The script for `fabric run`: trains without a Trainer, and refuses in one sentence."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from lightning.fabric import Fabric

import lit_cnns
from lit_cnns import fabric, recipes
from lit_cnns.checkpoints import describe


def start(monkeypatch, *argv):
    monkeypatch.setattr(sys, "argv", ["fabric.py", *argv])
    fabric.main()


def test_it_trains_evaluates_exactly_and_writes_a_self_describing_checkpoint(tmp_path, monkeypatch, capsys):
    file = tmp_path / "new" / "net.ckpt"
    start(monkeypatch, "--config", "lenet5_modern/digits", "--epochs", "1", "--output", str(file))
    assert "epoch 0: val/loss" in capsys.readouterr().out
    found, data = describe(file)["metrics"], lit_cnns.Digits(global_batch_size=7)
    data.setup("fit")
    again = fabric.evaluate(Fabric(accelerator="cpu"), lit_cnns.load(file), data)
    assert again == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_it_trains_and_evaluates_in_the_precision_that_fabric_is_told(precision):
    one, found = Fabric(accelerator="cpu", precision=precision), []
    module = lit_cnns.build("lenet5_modern")
    one_of = module.net.get_submodule("C3")
    one_of.register_forward_hook(lambda layer, given, made: found.append(made.dtype))
    figures = fabric.fit(one, module, lit_cnns.Digits(global_batch_size=600), epochs=1)
    assert len(found) > 2
    assert set(found) == {torch.bfloat16}
    assert math.isfinite(figures["val/loss"])


def test_it_clips_gradients_as_a_recipe_says():
    module = lit_cnns.build("lenet5_modern", optimizer="sgd", lr=1.0, momentum=0.0, weight_decay=0.0)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    fabric.fit(Fabric(accelerator="cpu"), module, lit_cnns.Digits(global_batch_size=600), epochs=1, clip=1e-3)
    moved = sum(float((value - before[name]).norm() ** 2) for name, value in module.state_dict().items()) ** 0.5
    assert 0 < moved < 2 * 1.001e-3  # in two steps


def test_it_says_what_of_a_recipe_it_leaves_out(tmp_path, monkeypatch, capsys):
    recipe = recipes.read_config(recipes.find_config("lenet5_modern/digits"))
    recipe["trainer"] = {"max_epochs": 1, "gradient_clip_val": 1.0, "accumulate_grad_batches": 2}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    start(monkeypatch, "--config", str(tmp_path / "recipe.yaml"), "--output", str(tmp_path / "net.ckpt"))
    assert "This loop leaves out accumulate_grad_batches of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--config", "lenet5_modern/digitz"], "Did you mean lenet5_modern/digits"),
        (["--config", "lenet5_modern/digits", "--epochs", "0"], "give --epochs, 1 or more"),
        (["--config", "resnet20_cifar/cifar10"], "give --epochs, 1 or more"),
        (["--config", "lenet5_modern/digits", "--output", "file/net.ckpt"], "file/net.ckpt cannot be written"),
        (["--config", "lenet5_modern/mnist", "--epochs", "1"], "MNIST is not complete"),
    ],
)
def test_what_it_cannot_do_gets_one_sentence(tmp_path, monkeypatch, capsys, argv, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as stop:
        start(monkeypatch, *argv)
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.ddp
def test_two_processes_drop_out_other_features_and_keep_the_same_weights(tmp_path):
    script = Path(__file__).parent / "dropping_out.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(script.parents[1])}
    subprocess.run([sys.executable, script, tmp_path], env=environment, check=True, capture_output=True, timeout=240)
    one, two = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert len(one["kept"]) == 2  # steps
    assert all(a != b for a, b in zip(one["kept"], two["kept"], strict=True))
    assert one["weight"] == two["weight"]


@pytest.mark.slow
@pytest.mark.ddp
def test_fabric_run_starts_two_processes_which_find_what_one_finds_of_their_checkpoint(tmp_path):
    words = ["run", "--accelerator=cpu", "--devices=2", "--strategy=ddp", fabric.__file__]
    recipe = ["--config", "resnet20_cifar/digits", "--epochs", "1", "--output", "net.ckpt"]  # it has batch norm
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(fabric.__file__).parents[1])}
    done = subprocess.run(
        [Path(sys.executable).with_name("fabric"), *words, *recipe],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "2 process(es)" in done.stderr
    data = lit_cnns.Digits(global_batch_size=7, image_size=16)
    data.setup("fit")
    file = tmp_path / "net.ckpt"
    again = fabric.evaluate(Fabric(accelerator="cpu"), lit_cnns.load(file), data)
    assert again == pytest.approx(describe(file)["metrics"], abs=1e-6)
    assert again["val/top1"] > 0
