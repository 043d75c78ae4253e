"""Run by test_scaled.py in one, two or three processes: what does a protocol measure?

python viewing.py PROCESSES ROOT FOLDER writes FOLDER/PROCESSES.json, for the pictures below ROOT.
"""

import json
import sys
from pathlib import Path

import lightning as L
import torch
from torch import nn

from lit_cnns.classifier import LitClassifier
from lit_cnns.data import ImageFolder

PROTOCOLS = ("ten_crop", "dense", "multi_scale", "crops_144")


class Net(LitClassifier):
    """A few layers for crops of 24 pixels."""

    def __init__(self) -> None:
        torch.manual_seed(3)
        layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(144, 2)]
        super().__init__(nn.Sequential(*layers), 2)


def main(processes: int, root: str, folder: Path) -> None:
    trainer = L.Trainer(
        accelerator="cpu",
        devices=processes,
        strategy="ddp" if processes > 1 else "auto",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    net, found = Net(), {}
    for name in PROTOCOLS:
        data = ImageFolder(root, image_size=24, resize=28, global_batch_size=4, num_workers=0)
        data.evaluate_by(name)
        found[name] = trainer.test(net, datamodule=data, verbose=False)[0]
    if trainer.is_global_zero:
        (folder / f"{processes}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
