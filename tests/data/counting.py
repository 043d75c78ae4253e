"""Run by test_processes.py in one, two or three processes: what do the networks see?

python counting.py PROCESSES FOLDER writes FOLDER/PROCESSES_RANK.json.
"""

import json
import sys
from pathlib import Path

import lightning as L
import torch

from lit_cnns.data import ImageData
from lit_cnns.data.memory import TensorSet

SIZES = [1, 2, 3, 5, 21]
ACCUMULATE = {1: 6, 2: 3, 3: 2}


class Numbers(ImageData):
    """Pictures of one pixel: its value is the picture's number."""

    class_names = ["even", "odd"]
    world = "numbers"
    preprocessing = {"channels": 1, "resize": None, "crop": None, "pad": 0, "mean": [0.0], "std": [1 / 255]}
    image_size = 1

    def __init__(self, size: int = 40, validation: int = 7, **common) -> None:
        super().__init__(**common)
        self.sizes = {"train": size, "val": validation, "test": validation}

    def read(self, split: str) -> TensorSet:
        count = self.sizes[split]
        return TensorSet(torch.arange(count, dtype=torch.uint8)[:, None, None, None], torch.arange(count) % 2)


class Watcher(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.trained: list[list[int]] = []
        self.validated: list[int] = []

    def training_step(self, batch, batch_idx):
        images, _ = batch
        self.trained.append(images.flatten().round().int().tolist())
        return (self.weight * images).mean()

    def validation_step(self, batch, batch_idx):
        images, labels = batch
        self.validated += images.flatten()[labels != -100].round().int().tolist()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-6)


def main(processes: int, folder: Path) -> None:
    trainer = L.Trainer(
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
        max_epochs=2,
        accumulate_grad_batches=ACCUMULATE[processes],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    watcher = Watcher()
    trainer.fit(watcher, datamodule=Numbers(global_batch_size=12, flip=True))
    result = {"trained": watcher.trained, "weight": watcher.weight.item(), "validated": {}}
    for size in SIZES:
        watcher.validated = []
        trainer.validate(watcher, datamodule=Numbers(validation=size, global_batch_size=12), verbose=False)
        result["validated"][size] = watcher.validated
    (folder / f"{processes}_{trainer.global_rank}.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
