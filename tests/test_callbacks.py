"""Callbacks that watch a run, of our networks or anybody's."""

import math
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import lightning as L
import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

import lit_cnns
from lit_cnns.callbacks import DeadStart, GradientNorm, ImagesPerSecond, PredictionTable, ProbePictures

ROOT = Path(__file__).parent.parent


class Foreign(L.LightningModule):
    """Another package's module: no chance_loss, no class names."""

    def __init__(self, lr: float = 0.1, start: float = 1.0) -> None:
        super().__init__()
        self.conv, self.lr = nn.Conv2d(3, 4, 3), lr
        nn.init.constant_(self.conv.weight, start)
        nn.init.zeros_(self.conv.bias)

    def forward(self, images):
        return self.conv(images).mean((2, 3))

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def validation_step(self, batch, batch_idx):
        self(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.lr)


def pictures(n=8):
    labels = torch.arange(n) % 4
    images = torch.zeros(n, 3, 8, 8) + labels[:, None, None, None] / 4
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, labels), batch_size=4)


def fit(path, module, *callbacks, epochs=20, **more):
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    trainer = L.Trainer(
        default_root_dir=path,
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[*callbacks],
        **{"logger": False, **quiet, **more},
    )
    trainer.fit(module, pictures(), pictures())
    return trainer


def said(recorded):
    return [str(warning.message) for warning in recorded if "it does not learn" in str(warning.message)]


def test_a_network_that_does_not_move_is_told_of_once(tmp_path):
    with pytest.warns(UserWarning, match="After 30 steps the loss is .* it does not learn") as recorded:
        fit(tmp_path, Foreign(lr=1e-9), DeadStart(30))
    assert len(said(recorded)) == 1


def test_a_network_that_learns_is_not_told_of(tmp_path, recwarn):
    fit(tmp_path, Foreign(lr=1.0), DeadStart(30))
    assert not said(recwarn)


def test_a_loss_that_fell_from_a_wild_start_to_chance_is_dead_too(tmp_path):
    class Wild(Foreign):
        chance_loss = math.log(4)

        def training_step(self, batch, batch_idx):
            return super().training_step(batch, batch_idx) * 0 + (40 if self.global_step < 5 else math.log(4))

    with pytest.warns(UserWarning, match="where a network that knows nothing has 1.386"):
        fit(tmp_path, Wild(), DeadStart(30))


def test_a_network_that_does_not_move_is_told_of_when_batches_are_gathered_too(tmp_path):
    class Still(Foreign):
        chance_loss = math.log(4)

    with pytest.warns(UserWarning, match="After 30 steps the loss is 1.386.* it does not learn"):
        fit(tmp_path, Still(lr=1e-9), DeadStart(30), epochs=40, accumulate_grad_batches=2)


@pytest.mark.parametrize("name", ["googlenet_cifar", "lenet5_modern", "vgg_cifar"])
def test_chance_loss_is_what_a_network_of_equal_answers_has(name):
    module = lit_cnns.build(name)
    for layer in module.net.modules():
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    images = torch.randn(2, module.net.in_channels, module.net.image_size, module.net.image_size)
    assert float(module.loss(images, torch.tensor([0, 3]))) == pytest.approx(module.chance_loss, abs=1e-5)


def test_too_few_steps_to_judge_by_are_refused():
    with pytest.raises(ValueError, match="steps is 30 or more"):
        DeadStart(3)


def test_speed_and_gradient_norm_are_logged_and_the_probe_is_drawn(tmp_path):
    logger = TensorBoardLogger(tmp_path)
    watching = (ImagesPerSecond(), GradientNorm(), ProbePictures(["conv"]))
    fit(tmp_path, Foreign(), *watching, epochs=2, logger=logger, log_every_n_steps=1)
    written = EventAccumulator(logger.log_dir).Reload()
    assert {"images_per_second", "gradient_norm"} <= set(written.Tags()["scalars"])
    assert all(event.value > 0 for event in written.Scalars("images_per_second"))
    assert {"kernels", "maps/conv"} == set(written.Tags()["images"])
    assert len(written.Images("kernels")) == 2


def test_nothing_is_logged_where_the_trainer_logs_no_step(tmp_path):
    logger = TensorBoardLogger(tmp_path)
    fit(tmp_path, Foreign(), ImagesPerSecond(), GradientNorm(), epochs=1, logger=logger, log_every_n_steps=0)
    assert "images_per_second" not in EventAccumulator(logger.log_dir).Reload().Tags()["scalars"]


def test_two_processes_number_the_pictures_of_another_packages_data_as_lightning_deals_them_out(tmp_path):
    shares = []
    for rank in range(2):
        predictions = PredictionTable(str(tmp_path / "out.csv"))
        one = SimpleNamespace(global_rank=rank, world_size=2)
        for _ in range(2):
            predictions.on_predict_batch_end(one, Foreign(), torch.rand(3, 10), [None], 0)
        shares.append([number for number, _ in predictions.seen])
    assert shares == [[0, 2, 4, 6, 8, 10], [1, 3, 5, 7, 9, 11]]


def test_speed_counts_the_pictures_of_batches_with_names(tmp_path):
    class Named(Foreign):
        def training_step(self, batch, batch_idx):
            return super().training_step((batch["image"], batch["label"]), batch_idx)

    rows = [{"image": torch.zeros(3, 8, 8), "label": number % 4} for number in range(8)]
    quiet = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    trainer = L.Trainer(
        default_root_dir=tmp_path,
        accelerator="cpu",
        max_epochs=1,
        callbacks=[ImagesPerSecond()],
        log_every_n_steps=2,
        **quiet,
    )
    trainer.fit(Named(), torch.utils.data.DataLoader(rows, batch_size=4))
    assert trainer.callback_metrics["images_per_second"] > 0


@pytest.mark.parametrize("strategy", [FSDPStrategy, ModelParallelStrategy])
def test_the_probe_refuses_a_network_that_no_process_has_whole(strategy):
    with pytest.raises(ValueError, match=f"{strategy.__name__} divides it"):
        ProbePictures().setup(SimpleNamespace(strategy=strategy()), Foreign(), "fit")


def test_a_prediction_is_kept_without_the_rest_of_its_batch(tmp_path):
    predictions = PredictionTable(str(tmp_path / "out.csv"))
    alone = SimpleNamespace(global_rank=0, world_size=1)
    predictions.on_predict_batch_end(alone, Foreign(), torch.rand(64, 10), [None], 0)
    assert len(predictions.seen) == 64
    assert all(len(row.untyped_storage()) == 40 for _, row in predictions.seen)


@pytest.mark.slow
def test_the_settings_of_the_guide_send_curves_and_pictures_to_wandb(tmp_path, active):
    guide = (ROOT / "docs" / "training.md").read_text()
    (settings,) = re.findall(r"^```yaml\n(trainer:\n  callbacks\+:.*?)^```", guide, re.MULTILINE | re.DOTALL)
    (tmp_path / "watched.yaml").write_text(settings)
    limits = ["max_epochs=1", "limit_train_batches=2", "limit_val_batches=1", "log_every_n_steps=1"]
    command = ["lit-cnns", "fit", "--config", "alexnet_cifar_13pct/digits", "--config", "watched.yaml"]
    subprocess.run(
        [*command, *(f"--trainer.{limit}" for limit in limits)],
        cwd=tmp_path,
        env={**active, "WANDB_MODE": "offline"},
        check=True,
    )
    (kept,) = (tmp_path / "runs" / "wandb").glob("offline-run-*")
    written = next(kept.glob("*.wandb")).read_bytes()
    assert all(name in written for name in (b"gradient_norm", b"train/loss", b"val/top1"))
    assert len([*kept.glob("files/media/images/kernels*.png"), *kept.glob("files/media/images/maps/*.png")]) == 3
