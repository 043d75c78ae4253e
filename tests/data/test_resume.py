"""A run cut anywhere and taken up again trains on the very pictures it would have had."""

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import OnExceptionCheckpoint

from lit_cnns.data import Digits


class CutError(Exception):
    pass


class Watcher(L.LightningModule):
    def __init__(self, cut_at: int = 0) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.cut_at = cut_at
        self.seen: list[tuple[int, float]] = []

    def training_step(self, batch, batch_idx):
        images, _ = batch
        self.seen.append((self.current_epoch, images.double().sum().item()))
        if len(self.seen) == self.cut_at:
            raise CutError
        return self.layer(images.mean((1, 2, 3))[:, None]).mean()

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-3)


def fit(watcher: Watcher, folder, data: L.LightningDataModule, resume: bool = False) -> None:
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=3,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        callbacks=[] if resume else [OnExceptionCheckpoint(folder, "cut")],
    )
    trainer.fit(watcher, datamodule=data, ckpt_path=folder / "cut.ckpt" if resume else None)


def digits(**arguments) -> Digits:
    return Digits(image_size=8, global_batch_size=400, crop_padding=2, flip=True, **arguments)


@pytest.mark.parametrize("cut_at", [1, 2, 3, 4, 8])  # three batches an epoch
def test_a_cut_run_sees_each_remaining_batch_once_and_as_it_would_have_been(tmp_path, cut_at):
    whole, cut, resumed = Watcher(), Watcher(cut_at), Watcher()
    fit(whole, tmp_path / "whole", digits())
    with pytest.raises(CutError):
        fit(cut, tmp_path, digits())
    fit(resumed, tmp_path, digits(), resume=True)
    assert cut.seen[:-1] + resumed.seen == whole.seen
    assert len(whole.seen) == 9


def test_predictions_carry_the_numbers_of_their_pictures(tmp_path):
    class Numbers(Watcher):
        def predict_step(self, batch, batch_idx):
            return batch[2]

    trainer = L.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path)
    data = digits()
    numbers = torch.cat(trainer.predict(Numbers(), datamodule=data))
    assert numbers.tolist() == list(range(360))
    assert data.sets["test"].name(0).startswith("digits/")


def test_overfitting_on_a_few_batches_meets_the_same_pictures_each_epoch(tmp_path):
    watcher = Watcher()
    L.Trainer(
        accelerator="cpu",
        max_epochs=2,
        overfit_batches=2,
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        default_root_dir=tmp_path,
    ).fit(watcher, datamodule=Digits(image_size=8, global_batch_size=400))
    assert [value for _, value in watcher.seen[:2]] == [value for _, value in watcher.seen[2:]]
