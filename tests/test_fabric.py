"""The script for `fabric run`: trains without a Trainer, and refuses in one sentence."""

import sys

import pytest
from lightning.fabric import Fabric

import lit_cnns
from lit_cnns import fabric
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
