"""Run by test_exactness.py in one, two or three processes: what does an evaluation count?

python evaluating.py PROCESSES FILE writes FILE: for each size and stage the counts and the loss.
"""

import json
import sys
from pathlib import Path

import lightning as L
import torch

import lit_cnns
from lit_cnns.data.memory import TensorSet

SIZES = [1, 2, 3, 5, 21]


class FirstDigits(lit_cnns.Digits):
    """The first pictures of the test split, to validate and to test on."""

    def __init__(self, size: int, **common) -> None:
        super().__init__(**common)
        self.size = size

    def read(self, split: str) -> TensorSet:
        return super().read("test").subset(torch.arange(self.size))


def main(processes: int, file: Path) -> None:
    L.seed_everything(0, verbose=False)
    module = lit_cnns.build("lenet5_modern", init="glorot")
    trainer = L.Trainer(
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    found = {}
    for size in SIZES:
        data = FirstDigits(size, global_batch_size=6)
        for figures in (*trainer.validate(module, data, verbose=False), *trainer.test(module, data, verbose=False)):
            for name, value in figures.items():
                found[f"{name} of {size}"] = value if name.endswith("loss") else value * size
    if trainer.is_global_zero:
        file.write_text(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
