"""The one training loop of the lineage: loss, exact top-1 and top-5, optimiser and schedule."""

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import lightning as L
import torch
import torch.nn.functional as F
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.strategies import DDPStrategy
from lightning.pytorch.utilities.rank_zero import rank_zero_info, rank_zero_warn
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer
from torchmetrics import Metric

import lit_cnns
from lit_cnns.evaluation import NO_FLOAT64, NOT_COUNTED, Views, correct_at, fully_convolutional, mean_probabilities
from lit_cnns.initialisation import initialise
from lit_cnns.optimisation import (
    BY_VALIDATION,
    check_optimizer,
    check_schedule,
    contiguous,
    lay_out_like_weights,
    make_optimizer,
    make_scheduler,
    rate_sentence,
)

CUDA_GRAPHS = ("reduce-overhead", "max-autotune")
COMPILE_MODES = (*CUDA_GRAPHS, "max-autotune-no-cudagraphs")  # torch.compile's own


class ExactCounts(Metric):
    """Loss, top-1 and top-5 over pictures: sums that add up over any number of processes."""

    full_state_update = False
    top1: Tensor
    top5: Tensor
    loss: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("top1", "top5", "count"):
            self.add_state(name, torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("loss", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> nn.Module:
        # sums stay on the processor where a device has no float64
        return self if fn(torch.empty(0)).device.type in NO_FLOAT64 else super()._apply(fn, exclude_state)

    def update(self, logits: Tensor, labels: Tensor, losses: Tensor) -> None:
        top1, top5 = correct_at(logits, labels)
        self.top1 += top1
        self.top5 += top5
        self.loss += losses.sum(dtype=torch.float64)
        self.count += len(labels)

    def compute(self) -> dict[str, Tensor]:
        return {name: getattr(self, name).double() / self.count for name in ("loss", "top1", "top5")}


def _constructor_arguments(module: nn.Module) -> dict[str, Any]:
    """What the outermost `__init__` that is building `module` was given; what it fixes for its parents is no part."""
    frame = outermost = inspect.currentframe()
    while frame is not None:
        if frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is module:
            outermost = frame
        frame = frame.f_back
    assert outermost is not None
    given: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        value = outermost.f_locals[name]
        given.update(value if parameter.kind is parameter.VAR_KEYWORD else {name: value})
    return {name: value for name, value in given.items() if name not in ("self", "net")}


def _is_divided(net: nn.Module) -> bool:
    return any(isinstance(parameter, DTensor) for parameter in net.parameters())


class LitClassifier(L.LightningModule):
    """A network and the recipe that trains it.

    Batches are `(images, labels)`: images (B, C, H, W) float, already normalised (our DataModules do it on the
    device); labels (B,) whole numbers, or (B, K) probabilities (mixup). Where they are evaluated, images may be the
    `Views` of a protocol; top-1, top-5 and loss are then those of the probabilities averaged over the views. Logs
    `train/loss`, `lr`, `val/loss`, `val/top1`, `val/top5` and the same under `test/`; top-1 and top-5 are shares of
    pictures, in [0, 1].

    Args:
        net: the network; `net(images)` gives logits (B, num_classes).
        num_classes: how many classes it tells apart.
        optimizer: sgd, adam, adamw, rmsprop, rmsprop_tf (as TensorFlow computes it), or paper for the paper's own; any
            other by `--optimizer` on the command line.
        lr: learning rate for the recipe's global batch.
        momentum: of sgd, rmsprop and rmsprop_tf.
        weight_decay: inside the step, scaled by lr.
        decay_on: "all" parameters, or "weights" only (no biases, no batch norm).
        optimizer_args: further arguments of an optimiser named here, such as `eps` or `nesterov`.
        schedule: constant, step, piecewise, decay, poly, cosine, plateau, or paper for the paper's own.
        schedule_args: arguments of a schedule named here; all but plateau also take `unit` (epoch or step), `warmup`,
            `warmup_from` (a share of lr) and `warmup_shape` (linear or constant).
        label_smoothing: share of the label spread evenly over all classes, in training only.
        train_from: the first layer that learns, by name: `fc` for a linear probe of GoogLeNet. Those before it keep
            their weights and are as in testing: no dropout, batch norm by its running statistics.
        init: gaussian, glorot, xavier, he, he_fan_in, lecun, truncated, torch for PyTorch's own, or paper for the
            paper's.
        channels_last: memory format; the same numbers up to rounding, faster.
        compile_net: run the network through `torch.compile` in training; the first batches are slow. True, or a mode of
            it: reduce-overhead (CUDA graphs), max-autotune or max-autotune-no-cudagraphs.

    Raises:
        ValueError: an unknown optimiser, schedule, argument of either, layer, initialisation or mode.
    """

    PAPER_OPTIMIZER: ClassVar[tuple[str, dict[str, Any]]] = ("sgd", {})
    PAPER_SCHEDULE: ClassVar[tuple[str, dict[str, Any]]] = ("constant", {})
    PAPER_INIT: ClassVar[tuple[str, float]] = ("torch", 0.0)  # and the value of the biases

    def __init__(
        self,
        net: nn.Module,
        num_classes: int,
        *,
        optimizer: str = "paper",
        lr: float = 0.1,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        decay_on: str = "all",
        optimizer_args: dict[str, Any] | None = None,
        schedule: str = "paper",
        schedule_args: dict[str, Any] | None = None,
        label_smoothing: float = 0.0,
        train_from: str | None = None,
        init: str = "paper",
        channels_last: bool = True,
        compile_net: bool | str = False,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["net"])
        self.arguments = _constructor_arguments(self)
        if optimizer == "paper":
            optimizer, paper_args = self.PAPER_OPTIMIZER
            optimizer_args = {**paper_args, **(optimizer_args or {})}
        check_optimizer(optimizer, optimizer_args or {})
        if schedule == "paper":
            schedule, paper_args = self.PAPER_SCHEDULE
            schedule_args = {**paper_args, **(schedule_args or {})}
        check_schedule(schedule, schedule_args or {})
        if decay_on not in ("all", "weights"):
            raise ValueError(f"decay_on is 'all' or 'weights', not {decay_on!r}.")
        if isinstance(compile_net, str) and compile_net not in COMPILE_MODES:
            raise ValueError(f"compile_net is one of true, false, {', '.join(COMPILE_MODES)}, not {compile_net!r}.")
        layers = dict(net.named_children())
        if train_from is not None and train_from not in layers:
            raise ValueError(f"train_from is a layer of the network, one of {', '.join(layers)}, not {train_from!r}.")
        self.num_classes = num_classes
        self.optimizer, self.optimizer_args = optimizer, optimizer_args or {}
        self.lr, self.momentum = lr, momentum
        self.weight_decay, self.decay_on = weight_decay, decay_on
        self.schedule, self.schedule_args = schedule, schedule_args or {}
        self.label_smoothing, self.train_from = label_smoothing, train_from
        self.channels_last, self.compile_net = channels_last, compile_net
        self.class_names: list[str] = []
        self.preprocessing: dict[str, Any] = {}
        self.data_description: dict[str, Any] = {}
        self.metrics: dict[str, float] = {}
        self._vectors: set[str] = set()  # as they were before a strategy divided the network
        self.ema: dict[str, Any] | None = None
        self._losses: list[Tensor] = []  # of the batches that a logging step has gathered
        self._frozen: list[nn.Module] = []
        self._sliding: list[nn.Module] = []  # shares the weights; in a list, so that it is no part of this module
        self.net = net
        self.initialise(init)
        if channels_last:
            net.to(memory_format=torch.channels_last)
        with torch.device("cpu"):  # sums stay real where the network is laid out on "meta"
            self.val_counts, self.test_counts = ExactCounts(), ExactCounts()

    @staticmethod
    def test_scales(protocol: str, trained: tuple[int, int]) -> tuple[int, ...]:
        """The shorter sides at which the network's paper tests by a protocol; none: the protocol's own.

        Args:
            protocol: its name.
            trained: the smallest and largest shorter side that the network was trained at.
        """
        return ()

    def initialise(self, name: str) -> None:
        """Set the weights before the first step."""
        initialise(self.net, *(self.PAPER_INIT if name == "paper" else (name,)))

    def freeze_layers(self) -> None:
        """Keep the layers before `train_from` as they are while the others learn."""
        children = dict(self.net.named_children())
        if self.train_from is not None:
            self._frozen = [*children.values()][: [*children].index(self.train_from)]
            for layer in self._frozen:
                layer.requires_grad_(False)
            self.train(self.training)

    def train(self, mode: bool = True) -> "LitClassifier":
        super().train(mode)
        for layer in self._frozen:
            layer.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        return self.net(self._laid_out(images))

    def _laid_out(self, images: Tensor) -> Tensor:
        return images.contiguous(memory_format=torch.channels_last) if self.channels_last else images

    def scores(self, images: Tensor | Views) -> Tensor:
        """Logits of pictures (B, K); of their views under a protocol the log of the averaged probabilities."""
        if isinstance(images, Tensor):
            return self(images)
        probabilities = mean_probabilities(self._slide(images) if images.protocol.dense else self, images)
        return probabilities.clamp(min=torch.finfo(torch.float32).tiny).log().float()

    def _slide(self, views: Views) -> Callable[[Tensor], Tensor]:
        """From pictures to logits averaged over the places that the network can take in them."""
        if not self._sliding:
            self._sliding.append(fully_convolutional(self.net, self._laid_out(views.blank())))
        return lambda images: self._sliding[0](self._laid_out(images)).mean((2, 3))

    def criterion(self, logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
        """The loss of each picture, (B,): cross-entropy with whole or soft labels."""
        return F.cross_entropy(logits, labels, reduction="none", label_smoothing=smoothing, ignore_index=NOT_COUNTED)

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        """The training loss of a batch; networks with auxiliary heads add theirs."""
        return self.criterion(self(images), labels, self.label_smoothing).mean()

    @property
    def chance_loss(self) -> float | None:
        """The training loss of a network that gives all classes the same; None where the loss has no such value."""
        return math.log(self.num_classes)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        loss = self.loss(*batch)
        if self._is_logging_step():
            self._log_step(loss.detach(), batch_idx)
        return loss

    def _log_step(self, loss: Tensor, batch_idx: int) -> None:
        """Log the mean loss of all that an optimiser step sees: of accumulated batches, and of all processes."""
        if self._fabric is not None:
            self.log("train/loss", loss)
            return
        gathered = self.trainer.accumulate_grad_batches
        self._losses = [*(self._losses if batch_idx % gathered else []), loss]
        if len(self._losses) == gathered:
            self.log("train/loss", torch.stack(self._losses).mean(), prog_bar=True, sync_dist=True)
            self.log("lr", self.trainer.optimizers[0].param_groups[0]["lr"])

    def _is_logging_step(self) -> bool:
        # self.log costs more than the rest of Lightning's step
        if self._fabric is not None:
            return True
        trainer: Any = self._trainer
        return trainer is not None and (self.global_step + 1) % (trainer.log_every_n_steps or 50) == 0

    def count(self, counts: ExactCounts, batch: tuple[Tensor | Views, Tensor]) -> None:
        """Add what the network makes of a batch to `counts`; pictures labelled -100 are passed over."""
        images, labels = batch
        logits, labels = self.scores(images).to(counts.device), labels.to(counts.device)
        seen = labels != NOT_COUNTED
        if seen.any():
            logits, labels = logits[seen], labels[seen]
            counts.update(logits, labels, self.criterion(logits.float(), labels))

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self.count(self.val_counts, batch)

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self.count(self.test_counts, batch)

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Class probabilities (B, num_classes)."""
        return torch.softmax(self.scores(batch[0] if isinstance(batch, (tuple, list)) else batch).float(), dim=1)

    def on_predict_epoch_end(self) -> None:
        self._sliding.clear()

    def _log_counts(self, stage: str, counts: ExactCounts) -> None:
        # every process comes here, also one whose share is empty: compute() is where the sums meet
        values = {f"{stage}/{name}": value.float() for name, value in counts.compute().items()}
        counts.reset()
        self._sliding.clear()
        self.log_dict(values, prog_bar=True)
        if self._trainer is not None and not self._trainer.sanity_checking:
            self.metrics.update({name: float(value) for name, value in values.items()})

    def share_statistics(self, processes: int) -> None:
        """Have all of the processes go by process 0's statistics of batch norm, which the checkpoint has."""
        for buffer in self.net.buffers() if processes > 1 else ():
            torch.distributed.broadcast(buffer, src=0)

    def on_validation_epoch_start(self) -> None:
        # a checkpoint of shards has process 0's statistics of batch norm: all judge by them, as under DDP
        if self._trainer is not None and not isinstance(self.trainer.strategy, DDPStrategy):
            self.share_statistics(self.trainer.world_size)

    def on_validation_epoch_end(self) -> None:
        self._log_counts("val", self.val_counts)
        if self._trainer is not None and self._fabric is None and not self.trainer.sanity_checking:
            self._step_plateau()

    def _step_plateau(self) -> None:
        for schedule in self.trainer.lr_scheduler_configs:
            if schedule.frequency != BY_VALIDATION:
                continue
            watched: dict[str, Any] = {**self.trainer.callback_metrics, **self.metrics}
            if schedule.monitor not in watched:
                raise ValueError(f"plateau watches what is logged, one of {sorted(watched)}, not {schedule.monitor!r}.")
            schedule.scheduler.step(float(watched[schedule.monitor]))  # type: ignore[arg-type]

    def on_test_epoch_end(self) -> None:
        self._log_counts("test", self.test_counts)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The parameters with their weight decay."""
        spared = set() if self.decay_on == "all" else self.vectors
        learn = {name: p for name, p in self.net.named_parameters() if p.requires_grad}
        weights = [p for name, p in learn.items() if name not in spared]
        others = [p for name, p in learn.items() if name in spared]
        groups = [{"params": weights, "weight_decay": self.weight_decay}]
        return [*groups, {"params": others, "weight_decay": 0.0}] if others else groups

    @property
    def vectors(self) -> set[str]:
        """Names of the parameters of one dimension: biases, and what norms learn."""
        return self._vectors or {name for name, p in self.net.named_parameters() if p.ndim <= 1}

    def new_optimizer(self) -> Optimizer:
        """The optimiser of a run."""
        groups = self.parameter_groups()
        return make_optimizer(self.optimizer, groups, self.lr, self.momentum, **self.optimizer_args)

    def on_train_start(self) -> None:
        """Say what the learning rate belongs to."""
        for optimizer in self.trainer.optimizers:
            lay_out_like_weights(optimizer)
        rank_zero_info(rate_sentence(self.trainer.optimizers[0]))

    def configure_optimizers(self) -> Any:
        optimizer = self.new_optimizer()
        if self._trainer is None or self._fabric is not None:  # Fabric: the script steps its own schedule
            return optimizer
        self.trainer.fit_loop.setup_data()  # which the next line leaves out where max_epochs is -1
        steps = self.trainer.estimated_stepping_batches
        batches = self.trainer.num_training_batches  # infinite where a loader does not know its length
        if math.isfinite(batches):  # what is gathered of an epoch's last batches is a step, too
            batches = math.ceil(batches / self.trainer.accumulate_grad_batches)
        scheduler = make_scheduler(optimizer, self.schedule, self.schedule_args, steps, max(1, batches))
        return {"optimizer": optimizer, "lr_scheduler": scheduler}

    def configure_model(self) -> None:
        """Divide the network as a ModelParallelStrategy says: its layers among devices, their weights among processes.

        Raises:
            ValueError: the network's layers cannot be divided so.
        """
        if self._trainer is None or self.device_mesh is None or _is_divided(self.net):
            return
        layers, weights = self.device_mesh["tensor_parallel"], self.device_mesh["data_parallel"]
        if layers.size() > 1:
            self.divide_layers(layers)
        if weights.size() > 1:
            self.net.to(memory_format=torch.contiguous_format)  # fully_shard takes no other; pictures stay as they are
            for layer in self.net.children():
                if any(True for _ in layer.parameters()):
                    fully_shard(layer, mesh=weights)
            fully_shard(self.net, mesh=weights)

    def divide_layers(self, mesh: DeviceMesh) -> None:
        """Divide the layers among the devices of `mesh`; networks whose paper did so override it."""
        raise ValueError(
            f"{type(self).__name__} is not divided among {mesh.size()} devices: set tensor_parallel_size to 1 and "
            "data_parallel_size to the number of devices."
        )

    def setup(self, stage: str) -> None:
        self.describe_data(self.trainer.datamodule)  # type: ignore[attr-defined]
        if stage == "fit":
            self._vectors = self.vectors  # FSDP makes one of each parameter before the optimiser is asked for
            self.freeze_layers()
            if self.compile_net:
                self.compile_layers(self.compile_net if isinstance(self.compile_net, str) else None)

    def compile_layers(self, mode: str | None) -> None:
        """Have what training asks of the network go through `torch.compile`."""
        self.net.compile(mode=mode)

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Optimizer) -> None:
        if self.compile_net not in CUDA_GRAPHS or self.trainer.accumulate_grad_batches == 1:
            optimizer.zero_grad()
            return
        # a CUDA graph writes gradients where its last ones are: what is gathered of them needs memory of its own
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        optimizer.zero_grad(set_to_none=False)

    def describe_data(self, data: Any) -> None:
        """Take over what the data knows: class names, preprocessing, description; any other data knows none.

        Raises:
            ValueError: the data has another number of classes.
        """
        if getattr(data, "num_classes", self.num_classes) != self.num_classes:
            raise ValueError(
                f"The data has {data.num_classes} classes and the network {self.num_classes}: "
                "leave num_classes to the data, or load a network that was trained on these classes."
            )
        for here, there in (("class_names",) * 2, ("preprocessing",) * 2, ("data_description", "description")):
            if hasattr(data, there):
                setattr(self, here, getattr(data, there))

    def describe(self) -> dict[str, Any]:
        """What a checkpoint says of itself under `lit_cnns`, in plain values."""
        return {
            "format": 1,
            "class": type(self).__name__,
            "args": dict(self.arguments),
            "class_names": list(self.class_names),
            "preprocessing": dict(self.preprocessing),
            "data": dict(self.data_description),
            "metrics": dict(self.metrics),
            "ema": self.ema,
            "versions": {"lit_cnns": lit_cnns.__version__, "torch": str(torch.__version__), "lightning": L.__version__},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        # Lightning's averaging callbacks put the averaged weights into `state_dict` before this hook, but not where the
        # checkpoint is to have weights alone
        callbacks = self._trainer.callbacks if self._trainer is not None else []  # type: ignore[attr-defined]
        averaging = next((callback for callback in callbacks if isinstance(callback, WeightAveraging)), None)
        if averaging is not None and averaging._average_model is not None:
            if "averaging_state" not in checkpoint:
                averaging.on_save_checkpoint(self.trainer, self, checkpoint)
                del checkpoint["current_model_state"]
            self.ema = {
                "callback": type(averaging).__name__,
                "updates": int(checkpoint["averaging_state"]["n_averaged"]),
            }
        checkpoint["lit_cnns"] = self.describe()
        checkpoint["state_dict"] = contiguous(checkpoint["state_dict"])
        for kept in filter(None, checkpoint.get("optimizer_states", [])):  # of process 0 alone where it is sharded
            kept["state"] = {key: contiguous(values) for key, values in kept["state"].items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        description = checkpoint.get("lit_cnns", {})
        _warn_of_other_classes(description.get("class_names", []), self.class_names)
        self.class_names = self.class_names or description.get("class_names", [])
        self.preprocessing = self.preprocessing or description.get("preprocessing", {})
        self.data_description = self.data_description or description.get("data", {})
        self.metrics = description.get("metrics", {})
        if self._trainer is None or not self.trainer.training:  # training goes on from the weights before averaging
            self.ema = description.get("ema")
        self._keep_typed_rates(checkpoint)

    def _keep_typed_rates(self, checkpoint: dict[str, Any]) -> None:
        # a resumed optimiser brings its own rates along; what this run was told beats them
        before, optimizers = checkpoint.get("hyper_parameters", {}), checkpoint.get("optimizer_states", [])
        if before.get("weight_decay", self.weight_decay) != self.weight_decay:
            for state in optimizers:
                for group, own in zip(state["param_groups"], self.parameter_groups(), strict=False):
                    group["weight_decay"] = own["weight_decay"]
        if not (old := before.get("lr")) or old == self.lr:
            return
        factor = self.lr / old
        for state in optimizers:
            for group in state["param_groups"]:
                group.update({name: group[name] * factor for name in ("lr", "initial_lr") if name in group})
        for state in checkpoint.get("lr_schedulers", []):
            for name in ("base_lrs", "_last_lr", "min_lrs"):
                if name in state:
                    state[name] = [rate * factor for rate in state[name]]


def _warn_of_other_classes(learnt: Sequence[str], here: Sequence[str]) -> None:
    """Where a network learnt other classes than the data has, of which there are as many: they go by their places."""
    if others := [f"{new} where it learnt {old}" for old, new in zip(learnt, here, strict=False) if old != new]:
        rank_zero_warn(
            f"The network learnt other classes than the data has: {len(others)} of {len(here)} differ, the data has "
            f"{', '.join(others[:3])}. Classes are told by their places: results are right only if these are the same."
        )
