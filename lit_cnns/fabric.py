"""The script for `fabric run`: the same networks, data and YAML without a Trainer.

`fabric run --accelerator=cpu --devices=2 <this file> --config lenet5_modern/digits` (what `lightning run model` became
in Lightning 2.3), `torchrun` or plain `python` start it. It reads `model`, `data` and of `trainer` what `SETTINGS`
names, and says what it leaves out; the schedule is stepped after every optimiser step. It writes one self-describing
checkpoint at the end.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric

from lit_cnns import data as data_room
from lit_cnns.checkpoints import save_slim
from lit_cnns.classifier import ExactCounts, LitClassifier
from lit_cnns.data import ImageData
from lit_cnns.lineage import LINEAGE
from lit_cnns.optimisation import make_scheduler, rate_sentence
from lit_cnns.recipes import find_config, read_config

__all__ = ["evaluate", "fit"]
SETTINGS = ("max_epochs", "gradient_clip_val")


def fit(fabric: Fabric, model: LitClassifier, data: ImageData, epochs: int, clip: float = 0.0) -> dict[str, float]:
    """Train for `epochs` passes and evaluate on the validation set after each; the last figures.

    Args:
        fabric: launched.
        model: to be trained.
        data: what it learns from.
        epochs: passes.
        clip: the largest norm of a step's gradients; 0 leaves them as they are.
    """
    data.divide(fabric.world_size, fabric.global_rank)
    with fabric.rank_zero_first():
        data.prepare_data()
    data.setup("fit")
    loader = data.train_dataloader()
    model.freeze_layers()
    module, optimizer = fabric.setup(model, model.configure_optimizers())
    steps = epochs * len(loader)
    torch.manual_seed(torch.initial_seed() + fabric.global_rank)  # each process drops out other features
    plan = make_scheduler(optimizer, model.schedule, model.schedule_args, steps, len(loader))
    fabric.print(rate_sentence(optimizer))
    figures: dict[str, float] = {}
    for epoch in range(epochs):
        module.train()
        loader.set_epoch(epoch)
        for number, raw in enumerate(loader):
            images, labels = data.prepare_batch(fabric.to_device(raw), train=True, epoch=epoch)
            with fabric.autocast():  # which Fabric enters by itself on several devices only
                loss = module.training_step((_in_precision(fabric, images), labels), number)
            fabric.backward(loss)
            if clip:
                fabric.clip_gradients(module, optimizer, max_norm=clip)
            optimizer.step()
            optimizer.zero_grad()
            if plan["interval"] == "step":
                plan["scheduler"].step()
        figures = evaluate(fabric, model, data)
        if plan["interval"] == "epoch":
            plan["scheduler"].step(figures[plan["monitor"]])
        fabric.print(f"epoch {epoch}: " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items()))
    return figures


def evaluate(fabric: Fabric, model: LitClassifier, data: ImageData) -> dict[str, float]:
    """Loss, top-1 and top-5 on the validation set, exact for any number of processes.

    All judge by process 0's statistics of batch norm, which the checkpoint has.
    """
    counts = ExactCounts().to(fabric.device)
    model.eval()
    model.share_statistics(fabric.world_size)
    with torch.no_grad(), fabric.autocast():
        for raw in data.val_dataloader():
            images, labels = data.prepare_batch(fabric.to_device(raw), train=False)
            model.count(counts, (_in_precision(fabric, images), labels))
    figures = {f"val/{name}": float(value) for name, value in counts.compute().items()}
    model.metrics.update(figures)
    return figures


def _in_precision(fabric: Fabric, images: Any) -> Any:
    """Pictures as the networks of this precision take them; what a protocol makes of them goes its own way."""
    return fabric.strategy.precision.convert_input(images) if isinstance(images, torch.Tensor) else images


def _build(part: dict[str, Any], rooms: dict[str, Any], **extra: Any) -> Any:
    name = part["class_path"].rpartition(".")[2]
    if name not in rooms:
        raise ValueError(f"{part['class_path']} is not one of {sorted(rooms)}.")
    return rooms[name](**{**extra, **(part.get("init_args") or {})})


def run(arguments: argparse.Namespace) -> None:
    """Build what the YAML says, train it and write its checkpoint.

    Raises:
        ValueError: a configuration, data or an output that cannot be used.
    """
    config = read_config(find_config(arguments.config))
    settings = config.get("trainer", {})
    epochs = settings.get("max_epochs", 0) if arguments.epochs is None else arguments.epochs
    if epochs < 1:  # a YAML that counts in steps has none, or -1
        raise ValueError("This loop counts in passes over the training set: give --epochs, 1 or more.")
    try:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{arguments.output} cannot be written: {error.strerror}.") from None
    started = os.environ.get("LT_CLI_USED") == "1"  # `fabric run` has made the processes and says so to Fabric
    fabric = Fabric() if started else Fabric(accelerator="auto", devices=os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if not started:
        fabric.launch()
    fabric.seed_everything(config.get("seed_everything", 0))
    data = _build(config["data"], {name: getattr(data_room, name) for name in data_room.__all__})
    networks = {cls.__name__: cls for cls, _ in LINEAGE.values()}
    model = _build(config["model"], networks, num_classes=data.num_classes, in_channels=data.in_channels)
    model.describe_data(data)
    if left := sorted(set(settings) - set(SETTINGS)):
        fabric.print(f"This loop leaves out {', '.join(left)} of the YAML's trainer; lit-cnns fit takes all of it.")
    fit(fabric, model, data, epochs, settings.get("gradient_clip_val", 0.0))
    if fabric.is_global_zero:
        save_slim(model, arguments.output, half=False)
    fabric.print(f"Wrote {arguments.output}")
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # gloo's threads, if they outlive the interpreter, may abort it


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", required=True, help="a YAML or the name of one, e.g. lenet5_modern/digits")
    parser.add_argument("--epochs", type=int, help="passes over the training set (default: the YAML's)")
    parser.add_argument("--output", type=Path, default=Path("runs/fabric/last.ckpt"), help="the checkpoint to write")
    arguments = parser.parse_args()
    try:
        run(arguments)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
