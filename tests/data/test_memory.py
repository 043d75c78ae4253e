"""What copies pictures to where they are computed with: memory on the device, pinned memory, workers that stay."""

import logging

import pytest
import torch

from lit_cnns.data import Digits, ImageFolder
from lit_cnns.data.memory import TensorSet


def numbered(count: int = 10) -> TensorSet:
    return TensorSet(
        torch.arange(count * 12, dtype=torch.uint8).view(count, 3, 2, 2), torch.arange(count), ["a"] * count
    )


def test_a_set_moved_to_a_device_gathers_the_same_batches_there():
    request = 0, torch.tensor([7, 0, 3])
    for here, there in zip(numbered().__getitems__(request), numbered().to("cpu").__getitems__(request), strict=True):
        assert torch.equal(here, there)
    assert numbered().size == 120


def test_batches_are_gathered_where_the_set_lies():
    images, labels, indices = numbered().to("meta").__getitems__((0, torch.tensor([7, 0, 3])))
    assert {images.device.type, labels.device.type, indices.device.type} == {"meta"}
    assert images.shape == (3, 3, 2, 2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_small_set_stays_on_the_gpu(tmp_path):
    import lightning as L

    data = Digits()
    trainer = L.Trainer(accelerator="gpu", devices=1, logger=False, default_root_dir=tmp_path)
    data.trainer = trainer
    data.setup("fit")
    assert next(iter(data.train_dataloader()))[0].is_cuda


def test_workers_stay_from_epoch_to_epoch_and_batches_are_pinned_where_there_is_a_gpu(tmp_path, caplog):
    for part in ("train", "val"):
        (tmp_path / part / "cat").mkdir(parents=True)
        (tmp_path / part / "cat" / "0.jpg").touch()
    data = ImageFolder(str(tmp_path), num_workers=1000, global_batch_size=1)
    data.setup("fit")
    with caplog.at_level(logging.INFO):
        batches = data.train_dataloader()._batches
    assert batches.persistent_workers
    assert batches.pin_memory is torch.cuda.is_available()
    assert "num_workers is 1000, but here are" in caplog.text
    data.num_workers = 0
    assert not data.train_dataloader()._batches.persistent_workers
