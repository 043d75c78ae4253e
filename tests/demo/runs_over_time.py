"""A run as `fit` with trainer/every_epoch leaves it, without the training: three epochs of ten steps."""

from pathlib import Path

import torch

from lit_cnns import Digits, LitLeNet5

EPOCHS, STEPS = 3, 10


def write_run(folder: Path) -> Path:
    """Write `version_0` below `folder`; each epoch's weights are others."""
    run = folder / "version_0"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.yaml").write_text("model: {}\n")
    lines = ["epoch,step,train/loss,val/loss,val/top1"]
    for epoch in range(EPOCHS):
        torch.manual_seed(epoch)
        module = LitLeNet5("modern")
        module.describe_data(Digits())
        step = STEPS * (epoch + 1)
        contents = {
            "epoch": epoch,
            "global_step": step,
            "lit_cnns": module.describe(),
            "state_dict": module.state_dict(),
        }
        torch.save(contents, run / f"checkpoints/epoch-{epoch:03d}.ckpt")
        lines += [
            f"{epoch},{step - 5},{1 / (epoch + 1)},,",
            f"{epoch},{step - 1},,{0.5 / (epoch + 1)},{0.7 + 0.1 * epoch}",
        ]
    torch.save(contents, run / "checkpoints/last.ckpt")
    (run / "metrics.csv").write_text("\n".join(lines) + "\n")
    return run
