"""Averaged weights, by Lightning's own callbacks, are what a recipe validates with and what its checkpoint holds."""

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint, WeightAveraging

import lit_cnns
from lit_cnns import LINEAGE, Digits, LitClassifier, build
from lit_cnns.checkpoints import describe, save_slim
from lit_cnns.cli import main

QUIET = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
STEPS = 5


class Recorder(L.Callback):
    """The weights after every step."""

    def __init__(self) -> None:
        self.weights: list[torch.Tensor] = []

    def on_train_batch_end(self, trainer, pl_module, *batch):
        self.weights.append(pl_module.net.C1.weight.detach().clone())


def trained(averaging, network="lenet5_modern"):
    torch.manual_seed(0)
    module, recorder = build(network, lr=0.05), Recorder()
    trainer = L.Trainer(
        max_epochs=1, limit_train_batches=STEPS, callbacks=[recorder, averaging], enable_checkpointing=False, **QUIET
    )
    trainer.fit(module, datamodule=Digits(global_batch_size=32))
    return module, trainer, recorder.weights


def expected_ema(weights, decay):
    average = weights[0]
    for weight in weights[1:]:
        average = decay * average + (1 - decay) * weight
    return average


@pytest.mark.parametrize(
    ("averaging", "expected"),
    [
        (lambda: EMAWeightAveraging(decay=0.8), lambda weights: expected_ema(weights, 0.8)),
        (lambda: WeightAveraging(), lambda weights: torch.stack(weights).mean(0)),
    ],
    ids=["exponential", "polyak"],
)
def test_the_checkpoint_and_validation_have_the_averaged_weights(tmp_path, averaging, expected):
    module, trainer, weights = trained(averaging())
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    again = lit_cnns.load(tmp_path / "a.ckpt")
    torch.testing.assert_close(again.net.C1.weight.detach(), expected(weights))
    assert not torch.allclose(again.net.C1.weight, weights[-1], rtol=0, atol=1e-6)
    logged = module.metrics["val/loss"]
    (found,) = L.Trainer(**QUIET).validate(again, datamodule=Digits(global_batch_size=32), verbose=False)
    assert found["val/loss"] == pytest.approx(logged, abs=1e-6)


def test_a_checkpoint_of_weights_alone_has_the_averaged_ones_too(tmp_path):
    _, trainer, weights = trained(EMAWeightAveraging(decay=0.8))
    trainer.save_checkpoint(tmp_path / "a.ckpt", weights_only=True)
    again = lit_cnns.load(tmp_path / "a.ckpt")
    torch.testing.assert_close(again.net.C1.weight.detach(), expected_ema(weights, 0.8))
    assert again.ema == {"callback": "EMAWeightAveraging", "updates": STEPS}
    assert "current_model_state" not in torch.load(tmp_path / "a.ckpt", weights_only=True)


def test_the_description_says_that_weights_are_averaged_and_a_slim_copy_still_does(tmp_path):
    _, trainer, _ = trained(EMAWeightAveraging(decay=0.8))
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    said = {"callback": "EMAWeightAveraging", "updates": STEPS}
    assert describe(tmp_path / "a.ckpt")["ema"] == said
    save_slim(lit_cnns.load(tmp_path / "a.ckpt"), tmp_path / "slim.ckpt")
    assert describe(tmp_path / "slim.ckpt")["ema"] == said


def test_training_on_without_averaging_says_so(tmp_path):
    _, trainer, _ = trained(EMAWeightAveraging(decay=0.8))
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    module = build("lenet5_modern")
    onward = L.Trainer(max_epochs=2, limit_train_batches=2, enable_checkpointing=False, **QUIET)
    onward.fit(module, datamodule=Digits(global_batch_size=32), ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    onward.save_checkpoint(tmp_path / "b.ckpt")
    assert describe(tmp_path / "b.ckpt")["ema"] is None


def test_a_run_that_is_cut_and_resumed_averages_on_as_if_it_had_not_been(tmp_path):
    def run(epochs, name, **more):
        torch.manual_seed(0)
        module = build("lenet5_modern", lr=0.05)
        callbacks = [EMAWeightAveraging(decay=0.8), ModelCheckpoint(tmp_path, filename=name)]
        trainer = L.Trainer(max_epochs=epochs, limit_train_batches=STEPS, callbacks=callbacks, **QUIET)
        trainer.fit(module, datamodule=Digits(global_batch_size=32), **more)
        return module.net.state_dict()

    whole = run(2, "whole")
    run(1, "cut")
    resumed = run(2, "resumed", ckpt_path=tmp_path / "cut.ckpt", weights_only=True)
    torch.testing.assert_close(resumed, whole)


def test_lenets_table_of_connections_survives_averaging():
    """Averaging takes the buffers too, and cuts whole numbers down: 0.8 * 7 + 0.2 * 7 may be 6.999."""
    module, _, _ = trained(EMAWeightAveraging(decay=0.9), "lenet5_1998")
    fresh = build("lenet5_1998")
    assert torch.equal(module.net.C3.places.round(), fresh.net.C3.places)
    assert module.net(torch.zeros(1, 1, 32, 32)).isfinite().all()


@pytest.mark.parametrize("name", LINEAGE)
def test_no_network_keeps_whole_numbers_that_averaging_would_spoil(name):
    with torch.device("meta"):
        buffers = dict(build(name).named_buffers())
    whole = {key.rpartition(".")[2] for key, value in buffers.items() if not value.is_floating_point()}
    assert whole <= {"num_batches_tracked"}  # a count that nothing reads


@pytest.mark.parametrize("word", ["EMAWeightAveraging", "WeightAveraging"])
def test_a_yaml_asks_for_it_by_its_short_name(tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "averaged.yaml").write_text(f"trainer:\n  callbacks:\n    - class_path: {word}\n")
    short = ["--trainer.max_epochs=1", f"--trainer.limit_train_batches={STEPS}", "--trainer.accelerator=cpu"]
    quiet = ["--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false"]
    assert main(["fit", "--config", "lenet5_modern/digits", "--config", "averaged.yaml", *short, *quiet]) == 0
    for path in tmp_path.rglob("*.ckpt"):
        assert describe(path)["ema"] == {"callback": word, "updates": STEPS}
        assert isinstance(lit_cnns.load(path), LitClassifier)
    assert len(list(tmp_path.rglob("*.ckpt"))) == 2
