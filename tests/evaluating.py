"""Run by test_exactness.py in one to four processes: what does an evaluation count, and what does training come to?

python evaluating.py PROCESSES FOLDER writes FOLDER/PROCESSES.json: for each size and stage the counts and the loss, and
the validation losses of a short training; and FOLDER/PROCESSES_SIZE.csv, the predictions.
"""

import json
import sys
from pathlib import Path

import lightning as L
import torch

import lit_cnns
from lit_cnns.callbacks import PredictionTable
from lit_cnns.data.memory import TensorSet

SIZES = [1, 2, 3, 5, 21]
ACCUMULATE = {1: 1, 2: 3, 3: 2, 4: 1}  # of a global batch of 24


class FirstDigits(lit_cnns.Digits):
    """The first pictures of the test split, to validate and to test on."""

    def __init__(self, size: int, **common) -> None:
        super().__init__(**common)
        self.size = size

    def read(self, split: str) -> TensorSet:
        return super().read("test").subset(torch.arange(self.size))


class Curve(L.Callback):
    """The validation loss after each epoch, and what is logged of each step's training loss."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.logged: list[float] = []

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        if trainer.global_step > len(self.logged):
            self.logged.append(trainer.callback_metrics["train/loss"].item())

    def on_validation_epoch_end(self, trainer, pl_module) -> None:
        self.losses.append(pl_module.val_counts.compute()["loss"].item())


def trainer(processes: int, callback: L.Callback, **settings) -> L.Trainer:
    return L.Trainer(
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback],
        **settings,
    )


def main(processes: int, folder: Path) -> None:
    L.seed_everything(0, verbose=False)
    module = lit_cnns.build("lenet5_modern", init="glorot")
    table = PredictionTable("-")
    evaluator = trainer(processes, table)
    found = {}
    for size in SIZES:
        data = FirstDigits(size, global_batch_size=12)
        for figures in (*evaluator.validate(module, data, verbose=False), *evaluator.test(module, data, verbose=False)):
            for name, value in figures.items():
                found[f"{name} of {size}"] = value if name.endswith("loss") else value * size
        table.output = str(folder / f"{processes}_{size}.csv")
        evaluator.predict(module, data, return_predictions=False)
    curve = Curve()
    settings = {
        "max_epochs": 3,
        "accumulate_grad_batches": ACCUMULATE[processes],
        "num_sanity_val_steps": 0,
        "log_every_n_steps": 1,
    }
    data = lit_cnns.Digits(global_batch_size=24, translate=0.1, rotate_degrees=10.0)
    fitter = trainer(processes, curve, **settings)
    L.seed_everything(0, verbose=False)  # evaluations draw as often as they have batches
    fitter.fit(lit_cnns.build("lenet5_modern", init="glorot", lr=0.1, schedule="cosine"), data)
    if evaluator.is_global_zero:
        (folder / f"{processes}.json").write_text(
            json.dumps({"evaluated": found, "curve": curve.losses, "logged": curve.logged})
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
