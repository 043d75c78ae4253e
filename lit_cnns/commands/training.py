"""`fit`, `validate`, `test`, `predict`: Lightning's command line over our networks and data, or anybody's."""

import argparse
import logging
import os
import sys
import time
import traceback
import warnings
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lightning as L
import torch
from jsonargparse import Namespace
from lightning.fabric.plugins.collectives.torch_collective import default_pg_timeout
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import ModelCheckpoint, WeightAveraging
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI, SaveConfigCallback
from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn

import lit_cnns.data
import lit_cnns.lineage  # noqa: F401  (its classes answer to their short names)
from lit_cnns.callbacks import DeadStart, ImagesPerSecond, PredictionTable, spare
from lit_cnns.classifier import LitClassifier
from lit_cnns.commands import LIGHTNING_VERBS
from lit_cnns.commands.arguments import FROM_DATA, VERSION, Arranged, arrange, claim_folder
from lit_cnns.commands.comparison import lines, test_row
from lit_cnns.commands.refusals import refusal
from lit_cnns.data import ImageData, ImageNet
from lit_cnns.evaluation import PROTOCOLS
from lit_cnns.fast import half_precision, takes_gpu
from lit_cnns.interruption import BestCheckpoint, SaveWhenCut, whole
from lit_cnns.runs import note_test
from lit_cnns.weights import start_from


class LitCLI(LightningCLI):
    """LightningCLI in which the data tells the network its classes and channels."""

    starts = True  # a run, which has a folder of its own

    def __init__(self, arranged: Arranged, cut: SaveWhenCut) -> None:
        self.arranged, self.cut = arranged, cut
        super().__init__(
            L.LightningModule,
            L.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            seed_everything_default=0,
            # the other verbs have no folder of their own
            save_config_callback=SaveConfigCallback if arranged.args[0] == "fit" else None,
            save_config_kwargs={"overwrite": True},
            # Lightning's own `save_last` keeps the last of the best ones
            trainer_defaults={
                "callbacks": [
                    cut,
                    ModelCheckpoint(filename="last", enable_version_counter=False),
                    DeadStart(),
                    ImagesPerSecond(),
                ]
            },
            parser_kwargs={"exit_on_error": False, **{verb: {"exit_on_error": False} for verb in LIGHTNING_VERBS}},
            args=arranged.args,
        )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_lightning_class_args(BestCheckpoint, "checkpoint")
        parser.set_defaults(
            {
                "checkpoint.monitor": "val/top1",
                "checkpoint.mode": "max",
                "checkpoint.filename": "best-{epoch:03d}",
            }
        )
        parser.add_lightning_class_args(PredictionTable, "predictions")
        parser.add_argument(
            "--fast",
            type=bool,
            default=False,
            help="bf16 where the device is faster with it; --config trainer/fast sets it",
        )
        parser.add_argument(
            "--init_from",
            type=str | None,
            default=None,
            help="trained weights to fine-tune: torchvision/NAME, timm/NAME, or a file (see `lit-cnns convert`)",
        )
        parser.add_argument(
            "--resume",
            type=str | None,
            default=None,
            help="go on with a run: auto (the newest of this configuration, or a fresh start), its folder, or a file",
        )
        parser.add_argument(
            "--save_every", type=float, default=5.0, help="minutes after which last.ckpt is renewed within an epoch"
        )
        parser.add_argument(
            "--peer_timeout",
            type=float,
            default=600.0,
            help="seconds that a process waits for the others before it takes them for lost, saves and ends",
        )
        parser.add_argument(
            "--init_layers",
            type=list[str],
            default=[],
            help="take these layers alone from --init_from, which may then be another network with layers of that name",
        )
        parser.add_argument(
            "--expects",
            type=dict[str, Any] | None,
            default=None,
            help="what the recipe promises, for `lit-cnns verify`; training does not look at it",
        )
        parser.add_argument(
            "--protocol",
            default="center",
            help=f"by which a network is validated, tested or predicts: {', '.join(PROTOCOLS)}; docs/evaluation.md",
        )
        parser.add_argument(
            "--scales", type=list[int], default=[], help="shorter sides in pixels, in place of the protocol's own"
        )

    def _parse_ckpt_path(self) -> None:
        """Nothing: the checkpoint's arguments came before the YAML, so that they do not override it."""

    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand]
        if config.fast:
            self._go_fast(config)
        if self.subcommand == "fit" and self.starts:
            claim_folder(config.trainer, self.arranged.name, self.arranged.defaults)
        model, data = config.get("model"), config.get("data")
        if model is None or data is None or not hasattr(model.get("init_args"), "keys"):
            return
        source = self._data_of_ours(data)
        for key in FROM_DATA if source is not None else ():
            if key not in model.init_args:
                continue
            known = getattr(source, key)
            if key in self.arranged.stated and model.init_args[key] != known:
                raise ValueError(
                    f"The network is told {key}={model.init_args[key]} and the data has {known}: leave it to the data, "
                    "or choose a network or data set that agrees."
                )
            model.init_args[key] = known
        self._normalise_as_the_source(data)

    def _go_fast(self, config: Any) -> None:
        """Settings that depend on the machine; one line says what they change."""
        trainer = config.trainer
        changes = ["cuDNN's choice of kernels"] if trainer.benchmark and takes_gpu(trainer.accelerator) else []
        if trainer.precision is None and (reason := half_precision(trainer.accelerator)):
            trainer.precision = "bf16-mixed"
            changes.append(f"bf16 ({reason})")
        if trainer.precision == "bf16-mixed":
            trainer.callbacks = [*(trainer.callbacks or []), Namespace(class_path="lit_cnns.callbacks.CastOnce")]
        rank_zero_info(f"fast: the results' last digits change by {' and '.join(changes) or 'nothing'}.")
        if sentence := _decode_fast((config.get("data") or {}).get("init_args") or {}):
            rank_zero_info(f"fast: {sentence}")

    def _normalise_as_the_source(self, data: Any) -> None:
        """Pictures reach imported weights as those are used to, unless someone says otherwise."""
        given = data.get("init_args") or {}
        for key in ("mean", "std"):
            known = self.arranged.preprocessing.get(key)
            if key in given and given[key] is None and isinstance(known, list):
                grey = given.get("channels") == 1 and len(known) == 3
                given[key] = [sum(known) / 3] if grey else list(known)

    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        trainer = super().instantiate_trainer(**kwargs)
        averages = any(isinstance(callback, WeightAveraging) for callback in trainer.callbacks)  # type: ignore
        if averages and not whole(trainer):
            raise ValueError(
                f"Weights are averaged where a process has all of them, and {type(trainer.strategy).__name__} divides "
                "them: leave the averaging callback out, or take --config trainer/ddp."
            )
        spare(trainer)
        self.cut.minutes = self._get(self.config_init, "save_every")
        strategy: Any = trainer.strategy
        if vars(strategy).get("_timeout") == default_pg_timeout:  # one of several processes, without its own
            strategy._timeout = timedelta(seconds=self._get(self.config_init, "peer_timeout"))
        return trainer

    def before_fit(self) -> None:
        self.began = time.monotonic()
        if self.arranged.init_from is None:
            return
        if not isinstance(self.model, LitClassifier):
            raise ValueError(
                f"--init_from puts weights into a network of ours, not into a {type(self.model).__name__}."
            )
        fitted = start_from(self.model, self.arranged.init_from, self._get(self.config_init, "init_layers"))
        if self.trainer.is_global_zero:
            print(f"{self.arranged.init_from}:\n{fitted.table()}", file=sys.stderr)

    def after_instantiate_classes(self) -> None:
        name, scales = (self._get(self.config_init, key) for key in ("protocol", "scales"))
        if name == "center" and not scales:
            return
        if self.subcommand == "fit":
            raise ValueError("fit validates by the plain central crop; test a checkpoint by --protocol afterwards.")
        model, data = self.model, self.datamodule
        if not isinstance(model, LitClassifier) or not isinstance(data, ImageData):
            raise ValueError(
                f"--protocol {name} takes a LitClassifier and one of our DataModules, not {type(model).__name__} and "
                f"{type(data).__name__}: leave it out, or wrap them as docs/plugin.md shows."
            )
        if not scales and data.train_scales:
            scales = model.test_scales(name, data.train_scales)
        data.evaluate_by(name, scales)

    def after_fit(self) -> None:
        trainer = self.trainer
        folder = trainer.log_dir  # the processes agree on it
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        passed = timedelta(seconds=round(time.monotonic() - self.began))
        print(f"Done after {trainer.current_epoch} epochs, {trainer.global_step:,} steps; this start took {passed}.")
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint) and callback.best_model_path:
                known = callback.monitor and callback.best_model_score is not None
                what = f"Best by {callback.monitor}, {callback.best_model_score:.4g}" if known else "Last"
                print(f"{what}: {callback.best_model_path}")
        if folder:
            written = [path for name in ("metrics.csv", "config.yaml") if (path := Path(folder) / name).is_file()]
            print(f"Curves and settings: {', '.join(map(str, written))}; tensorboard --logdir {folder}")
            print(f"In the lab: lit-cnns demo {folder}")

    def after_validate(self) -> None:
        self._compare("val")

    def after_test(self) -> None:
        self._compare("test")

    def _compare(self, split: str) -> None:
        model, data, trainer = self.model, self.datamodule, self.trainer
        if not trainer.is_global_zero or not isinstance(model, LitClassifier) or not isinstance(data, ImageData):
            return
        limit = trainer.limit_val_batches if split == "val" else trainer.limit_test_batches
        everything = isinstance(limit, float) and limit == 1.0  # the whole number 1 is one batch
        protocol = self._get(self.config_init, "protocol")
        print("\n".join(lines(model, data, split, protocol, everything)))
        if everything and self.arranged.checkpoint:
            note_test(self.arranged.checkpoint, test_row(model, data, split, protocol))

    @staticmethod
    def _data_of_ours(data: Any) -> ImageData | None:
        module, _, name = data.class_path.rpartition(".")
        cls = getattr(import_module(module), name)
        return cls(**data.init_args) if issubclass(cls, ImageData) else None


def _decode_fast(pictures: Any) -> str:
    """Take the faster decoder where nobody named one and it is installed; what that changes, in a sentence.

    Args:
        pictures: the arguments of a DataModule; others than of folders have no `decoder`.
    """
    if pictures.get("decoder", "pil") == "pil" or find_spec("simplejpeg") is None:
        return ""
    pictures["decoder"] = "fast"
    if pictures["scaled_decode"] is None:
        pictures["scaled_decode"] = True
    smaller = ", at 1/2, 1/4 or 1/8 where a crop is that much larger, whose pixels change"
    return f"JPEG is decoded by simplejpeg{smaller if pictures['scaled_decode'] else ''}."


class Unread(LitCLI):
    """A command line that is read, with nothing built of it but the DataModule, which has read nothing."""

    data: ImageData | None

    def before_instantiate_classes(self) -> None:
        pass

    def after_instantiate_classes(self) -> None:
        pass

    def instantiate_classes(self) -> None:
        self.data = self._data_of_ours(self.config[self.subcommand].data)

    def _run_subcommand(self, subcommand: str) -> None:
        pass


class Plan(LitCLI):
    """A run that is laid out and not started."""

    starts = False

    def _run_subcommand(self, subcommand: str) -> None:
        pass


def plan(argv: list[str], runs: str = "runs") -> LitCLI:
    """The Trainer, network and data that `fit` would run with, below the folder `runs`.

    Raises:
        ValueError: options, a configuration or devices that cannot be had, in one sentence.
    """
    _quiet()
    started = VERSION in os.environ
    try:
        return Plan(arrange("fit", argv, runs), SaveWhenCut())
    except (MisconfigurationException, argparse.ArgumentError, ValueError) as error:
        raise ValueError(refusal(str(error))) from None
    finally:
        if not started:
            os.environ.pop(VERSION, None)


def stand_in(argv: list[str]) -> tuple[int, int, int]:
    """Side and channels of the pictures that `fit` would give to the network, and how many classes, without the data.

    Raises:
        ValueError: options that cannot be had, or data of another package.
    """
    given = Unread(arrange("fit", argv), SaveWhenCut()).data
    if given is None:
        raise ValueError("Pictures can stand in for a DataModule of this package only; leave --synthetic out.")
    try:
        return given.image_size, given.in_channels, given.num_classes
    except ValueError:  # its folder says which classes there are
        return given.image_size, given.in_channels, 1000 if isinstance(given, ImageNet) else 10


def _quiet() -> None:
    """Leave out advertisements and warnings that a user can do nothing about."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        for logger in (logging.getLogger(name), *map(logging.getLogger, [f"{name}.utilities.rank_zero"])):
            logger.addFilter(lambda record: "Tip:" not in record.getMessage())
    warnings.filterwarnings("ignore", message=".*LightningCLI's args parameter.*")
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*Checkpoint directory .* exists and is not empty.*")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
    warnings.filterwarnings("ignore", message=".*module.s. in eval mode at the start of training.*")  # train_from
    warnings.filterwarnings("ignore", message=".*WeightAveraging callback with a model that overrides.*")
    # the counts are summed over the processes before they are logged; only fit writes checkpoints
    warnings.filterwarnings("ignore", message=".*recommended to use .self.log.*sync_dist=True.*")
    warnings.filterwarnings("ignore", message=".*when using `ckpt_path`, callbacks used to create the checkpoint.*")
    warnings.filterwarnings("ignore", message=".*The dirpath has changed from.*")


def _is_ours(error: BaseException) -> bool:
    """Whether this package raised it, and so says in its sentence what is wrong."""
    where = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(where).is_relative_to(Path(__file__).parents[1])


def run(verb: str, argv: list[str]) -> int:
    """Run one of Lightning's verbs; the exit status.

    130 after Ctrl-C, 138 after SIGUSR1, 143 after SIGTERM and 1 after other processes were lost, each with a checkpoint
    and a sentence that says how to go on.
    """
    _quiet()
    cut, started = SaveWhenCut(), VERSION in os.environ
    try:
        arranged = arrange(verb, argv)
        if verb != "fit" and arranged.checkpoint is None:
            rank_zero_warn("No --ckpt_path: the network is as it was initialised, nobody has trained it.")
        LitCLI(arranged, cut)
    except (MisconfigurationException, argparse.ArgumentError, ValueError) as error:
        if isinstance(error, ValueError) and cut.first_step is not None and not _is_ours(error):  # of what it trains
            traceback.print_exception(error)
        raise ValueError(refusal(str(error))) from None
    except RuntimeError as error:
        if cut.lost:
            return 1
        if "loading state_dict" not in str(error):
            raise
        lines = [" ".join(line.split()) for line in str(error).splitlines()]
        raise ValueError(f"The checkpoint's weights do not fit the network that was asked for: {lines[1]}") from None
    except SystemExit as stop:
        if not cut.status:
            raise stop
    finally:
        if not started:
            os.environ.pop(VERSION, None)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()  # gloo's threads, if they outlive the interpreter, may abort it
    return cut.status
