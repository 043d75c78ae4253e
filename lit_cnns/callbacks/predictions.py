"""The table of what a network predicts."""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.rank_zero import rank_zero_info
from torch import Tensor


def prediction(image: str, probabilities: Tensor, class_names: Sequence[str], topk: int) -> dict[str, Any]:
    """One row of a table of predictions: the picture, its most probable classes and their probabilities."""
    values, classes = probabilities.topk(min(topk, len(probabilities)))
    names = [class_names[i] if i < len(class_names) else str(i) for i in classes.tolist()]
    pairs = zip(names, values.tolist(), strict=True)
    return {"image": image, "predictions": [{"class": name, "probability": value} for name, value in pairs]}


def check_output(output: str) -> None:
    """Raise ValueError where a table of predictions cannot be written by that name."""
    if output != "-" and Path(output).suffix not in (".csv", ".json"):
        raise ValueError(f"A table is written to a .csv or .json file, or to - for the screen, not to {output!r}.")


def write_table(rows: Sequence[dict[str, Any]], output: str) -> None:
    """Write predictions as `.csv` or `.json`, or to the screen as CSV where `output` is "-".

    Raises:
        ValueError: another ending, or a file that cannot be written.
    """
    check_output(output)
    if output == "-":
        return _write_csv(rows, sys.stdout)
    path = Path(output)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            if path.suffix == ".csv":
                _write_csv(rows, file)
            else:
                json.dump(rows, file, indent=1, ensure_ascii=False)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from None
    return None


def _write_csv(rows: Sequence[dict[str, Any]], file: TextIO) -> None:
    width = max((len(row["predictions"]) for row in rows), default=0)
    table = csv.writer(file)
    table.writerow(["image", *(f"{column}_{i + 1}" for i in range(width) for column in ("class", "probability"))])
    for row in rows:
        cells = [cell for p in row["predictions"] for cell in (p["class"], f"{p['probability']:.6f}")]
        table.writerow([row["image"], *cells])


class PredictionTable(Callback):
    """Writes what `predict` finds as a table, in the order of the data set for any number of processes.

    Args:
        output: a .csv or .json file, or - for the screen.
        topk: how many classes a picture gets.
    """

    def __init__(self, output: str = "predictions.csv", topk: int = 5) -> None:
        check_output(output)
        if topk < 1:
            raise ValueError(f"topk is 1 or more, not {topk}.")
        self.output, self.topk = output, topk
        self.seen: list[tuple[int, Tensor]] = []

    def on_predict_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.seen = []

    def on_predict_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Tensor,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if isinstance(batch, (tuple, list)) and len(batch) == 3:
            indices = batch[2].tolist()
        else:  # another package's data, in the order of its loader; Lightning deals it out to the processes in turn
            first = len(self.seen)
            indices = [trainer.global_rank + trainer.world_size * i for i in range(first, first + len(outputs))]
        # a view of the batch would send the whole of it to the others
        self.seen += [(i, row.clone()) for i, row in zip(indices, outputs.cpu(), strict=True) if i >= 0]

    def on_predict_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        shares: list[Any] = [self.seen]
        if trainer.world_size > 1:
            shares = [None] * trainer.world_size
            torch.distributed.all_gather_object(shares, self.seen)
        if trainer.is_global_zero:
            sets = getattr(trainer.datamodule, "sets", {})  # type: ignore[attr-defined]
            name_of = sets["test"].name if "test" in sets else str
            class_names = getattr(pl_module, "class_names", [])
            # the devices among which one network is divided have seen the same pictures
            seen = sorted(dict(pair for share in shares for pair in share).items())
            write_table([prediction(name_of(i), row, class_names, self.topk) for i, row in seen], self.output)
            if self.output != "-":
                rank_zero_info(f"The answers to {len(seen):,} pictures are in {self.output}.")
