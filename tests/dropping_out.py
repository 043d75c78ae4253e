"""Run by test_fabric.py: what do two processes of our Fabric loop drop out? `dropping_out.py FOLDER`."""

import json
import sys
from pathlib import Path

import torch
from lightning.fabric import Fabric
from torch import nn

import lit_cnns
from lit_cnns.classifier import LitClassifier
from lit_cnns.fabric import fit


def main(folder: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=2, strategy="ddp")
    fabric.launch()
    fabric.seed_everything(0)
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(1024, 10))
    kept: list[list[bool]] = []
    net[1].register_forward_hook(
        lambda drop, images, maps: kept.append((maps[0] != 0).tolist()) if drop.training else None
    )
    data = lit_cnns.Digits(global_batch_size=512)
    model = LitClassifier(net, 10, init="torch", schedule="constant")
    torch.manual_seed(7)
    fit(fabric, model, data, 1)
    (folder / f"{fabric.global_rank}.json").write_text(json.dumps({"kept": kept, "weight": net[2].weight.sum().item()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
