"""The lineage, oldest first: each network with the recipe of its paper as defaults.

`LINEAGE` maps a network's name, as `papers/` has it, to its class and arguments.
"""

import inspect
from typing import Any, ClassVar

import torch
from torch import Tensor

from lit_cnns.classifier import LitClassifier
from lit_cnns.initialisation import gaussian_, layers_with_weights, set_biases
from lit_cnns.models import (
    VGG,
    AlexNet,
    AlexNetCifar,
    CifarResNet,
    GoogLeNet,
    GoogLeNetSmall,
    LeNet5,
    LeNet5Modern,
    ResNet,
    VGGSmall,
)


class LitLeNet5(LitClassifier):
    """LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998), trained on squared distances to its codes (paper, Eq. 9).

    Departs from the paper: plain SGD in batches of 16 for steps of its own for every weight. The paper divides its
    global 0.0005 by mu + curvature of each weight (mu = 0.02, so at most 0.025 a step); one rate of 0.01 stands for
    that here, and falls as in the paper.

    Args:
        variant: "original" of 1998, or "modern" as it is taught (cross-entropy).
        num_classes: how many classes it tells apart.
        in_channels: 1 for grey pictures, 3 for colour.
        lr: learning rate of the first two passes.
        momentum: of sgd.
        weight_decay: inside the step, scaled by lr.
        rubbish: the constant j of Eq. 9, the distance at which a picture is rather no class at all.
    """

    PAPER_SCHEDULE: ClassVar = ("piecewise", {"milestones": [2, 5, 8, 12], "factors": [0.4, 0.2, 0.1, 0.02]})
    PAPER_INIT: ClassVar = ("lecun", 0.0)

    def __init__(
        self,
        variant: str = "original",
        num_classes: int = 10,
        in_channels: int = 1,
        *,
        lr: float = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        rubbish: float = 1.0,
        **training: Any,
    ) -> None:
        nets = {"original": LeNet5, "modern": LeNet5Modern}
        if variant not in nets:
            raise ValueError(f"LeNet-5 has variants {[*nets]}, not {variant!r}.")
        self.variant, self.rubbish = variant, rubbish
        net = nets[variant](num_classes, in_channels)
        super().__init__(net, num_classes, lr=lr, momentum=momentum, weight_decay=weight_decay, **training)

    def criterion(self, logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
        if self.variant == "modern":
            return super().criterion(logits, labels, smoothing)
        right = (labels * logits).sum(1) if labels.is_floating_point() else logits.gather(1, labels[:, None])[:, 0]
        rubbish = logits.new_full((len(logits), 1), -self.rubbish)
        return torch.logsumexp(torch.cat([logits, rubbish], 1), 1) - right


class LitAlexNet(LitClassifier):
    """AlexNet (Krizhevsky, Sutskever, Hinton 2012).

    Args:
        variant: "two_towers" of the paper, "ungrouped", or "one_gpu_half" of its comparison.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        activation: relu or tanh.
        dropout: share of fc6 and fc7 that is dropped.
        lr: learning rate for batches of 128.
        weight_decay: on weights alone.
        bias: start of the biases of conv2, conv4, conv5, fc6 and fc7 (BVLC's replication took 0.1).
    """

    PAPER_SCHEDULE: ClassVar = ("plateau", {"cuts": 3})
    PAPER_INIT: ClassVar = ("gaussian", 0.0)

    def __init__(
        self,
        variant: str = "two_towers",
        num_classes: int = 1000,
        in_channels: int = 3,
        activation: str = "relu",
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        bias: float = 1.0,
        **training: Any,
    ) -> None:
        self.bias = bias
        net = AlexNet(num_classes, in_channels, variant, activation, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)

    def initialise(self, name: str) -> None:
        super().initialise(name)
        if name == "paper":
            set_biases(self.net, dict.fromkeys(("conv2", "conv4", "conv5", "fc6", "fc7"), self.bias))


class LitAlexNetCifar(LitClassifier):
    """The CIFAR-10 networks of the AlexNet paper (Section 3.3), by the authors' released configurations.

    Biases learn twice as fast; weight decay acts on the last three layers alone.

    Args:
        variant: "13pct" without response normalisation, "11pct" with it.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        activation: relu or tanh.
        image_size: side of the crops, in pixels.
        lr: learning rate of the weights for batches of 128.
        decay: scales the released weight decays (0.004; fc10 of the 11% net 0.01).
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [500, 510]})
    STDS: ClassVar = {"conv1": 1e-4, "conv2": 0.01, "local3": 0.04, "local4": 0.04, "fc10": 0.01}

    def __init__(
        self,
        variant: str = "13pct",
        num_classes: int = 10,
        in_channels: int = 3,
        activation: str = "relu",
        image_size: int = 24,
        *,
        lr: float = 0.001,
        decay: float = 1.0,
        **training: Any,
    ) -> None:
        self.decays = {"local3": 0.004, "local4": 0.004, "fc10": 0.01 if variant == "11pct" else 0.004}
        self.decay = decay
        net = AlexNetCifar(num_classes, in_channels, variant, activation, image_size)
        super().__init__(net, num_classes, lr=lr, **training)

    def initialise(self, name: str) -> None:
        super().initialise("gaussian" if name == "paper" else name)
        if name == "paper":
            for layer, std in self.STDS.items():
                gaussian_(self.net.get_submodule(layer), std)

    def parameter_groups(self) -> list[dict[str, Any]]:
        layers = layers_with_weights(self.net)
        weights = [
            {"params": [layer.weight], "weight_decay": self.decay * self.decays.get(name, 0.0)}
            for name, layer in layers.items()
        ]
        return [*weights, {"params": [layer.bias for layer in layers.values()], "weight_decay": 0.0, "lr": 2 * self.lr}]


class LitVGG(LitClassifier):
    """VGG (Simonyan, Zisserman 2014), started from Glorot's initialisation, as its authors advise.

    Args:
        config: A, A-LRN, B, C, D or E; VGG-16 is D, VGG-19 is E.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        batch_norm: batch norm after every convolution (not in the paper).
        dropout: share of fc6 and fc7 that is dropped.
        lr: learning rate for batches of 256.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = ("plateau", {"cuts": 3})
    PAPER_INIT: ClassVar = ("glorot", 0.0)

    @staticmethod
    def test_scales(protocol: str, trained: tuple[int, int]) -> tuple[int, ...]:
        """Q of Sections 4.1 and 4.2, from the smallest and largest training scale S."""
        low, high = trained
        middle = (low + high) // 2
        several = (low, middle, high) if low < high else (low - 32, low, low + 32)
        return {"dense": (middle,), "multi_scale": several}.get(protocol, ())

    def __init__(
        self,
        config: str = "D",
        num_classes: int = 1000,
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.5,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = VGG(config, num_classes, in_channels, batch_norm, dropout)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)


class LitVGGSmall(LitClassifier):
    """An adaptation of VGG for 32-pixel pictures; not in the paper, its recipe is.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        batch_norm: batch norm after every convolution.
        dropout: share of the fully connected layers that is dropped.
        image_size: side of the pictures, in pixels.
        lr: learning rate for batches of 256.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = LitVGG.PAPER_SCHEDULE
    PAPER_INIT: ClassVar = LitVGG.PAPER_INIT

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        batch_norm: bool = False,
        dropout: float = 0.5,
        image_size: int = 32,
        *,
        lr: float = 0.01,
        weight_decay: float = 5e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = VGGSmall(num_classes, in_channels, batch_norm, dropout, image_size)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)


class _WithAuxiliaryHeads(LitClassifier):
    """Auxiliary heads add to the training loss and nowhere else."""

    aux_weight: float

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        if self.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        logits: dict[str, Tensor] = self.net.all_logits(images)  # type: ignore[operator]
        losses = {head: self.criterion(x, labels, self.label_smoothing).mean() for head, x in logits.items()}
        return losses.pop("main") + self.aux_weight * sum(losses.values(), torch.zeros((), device=images.device))


class LitGoogLeNet(_WithAuxiliaryHeads):
    """GoogLeNet (Szegedy et al. 2014).

    Learning rate, weight decay and initialisation are those of BVLC's replication; the paper prints none.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        aux: build the two auxiliary heads.
        aux_weight: weight of each auxiliary loss.
        lr: learning rate for batches of 32.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = ("decay", {"factor": 0.96, "every": 8})
    PAPER_INIT: ClassVar = ("xavier", 0.2)

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux: bool = True,
        *,
        aux_weight: float = 0.3,
        lr: float = 0.01,
        weight_decay: float = 2e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = GoogLeNet(num_classes, in_channels, aux)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
        self.aux_weight = aux_weight


class LitGoogLeNetSmall(_WithAuxiliaryHeads):
    """An adaptation of GoogLeNet for 32-pixel pictures; not in the paper, its recipe is.

    Args:
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        aux: build the two auxiliary heads.
        image_size: side of the pictures, in pixels.
        aux_weight: weight of each auxiliary loss.
        lr: learning rate for batches of 32.
        weight_decay: on weights alone.
    """

    PAPER_SCHEDULE: ClassVar = LitGoogLeNet.PAPER_SCHEDULE
    PAPER_INIT: ClassVar = LitGoogLeNet.PAPER_INIT

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        aux: bool = True,
        image_size: int = 32,
        *,
        aux_weight: float = 0.3,
        lr: float = 0.01,
        weight_decay: float = 2e-4,
        decay_on: str = "weights",
        **training: Any,
    ) -> None:
        net = GoogLeNetSmall(num_classes, in_channels, aux, image_size)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, decay_on=decay_on, **training)
        self.aux_weight = aux_weight


class LitResNet(LitClassifier):
    """ResNet and its plain twins (He, Zhang, Ren, Sun 2015).

    Args:
        depth: 18, 34, 50, 101 or 152.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        shortcut: "A" pads, "B" projects where the shape changes, "C" projects everywhere (A and C: 18 and 34).
        stride_on: where a bottleneck shrinks the map: "1x1" as in the paper, "3x3" as in v1.5.
        residual: False for the plain twin (18 and 34).
        lr: learning rate for batches of 256.
        weight_decay: on all parameters.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [30, 60]})
    PAPER_INIT: ClassVar = ("he", 0.0)

    def __init__(
        self,
        depth: int = 50,
        num_classes: int = 1000,
        in_channels: int = 3,
        shortcut: str = "B",
        stride_on: str = "1x1",
        residual: bool = True,
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-4,
        **training: Any,
    ) -> None:
        net = ResNet(depth, num_classes, in_channels, shortcut, stride_on, residual)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)


class LitCifarResNet(LitClassifier):
    """ResNet for CIFAR-10 and its plain twins (He, Zhang, Ren, Sun 2015, Section 4.2).

    Args:
        depth: 20, 32, 44, 56, 110 or 1202; plain twins to 110.
        num_classes: how many classes it tells apart.
        in_channels: 3 for colour.
        shortcut: "A" pads, as in the paper; "B" projects.
        residual: False for the plain twin.
        lr: learning rate for batches of 128.
        weight_decay: on all parameters.
    """

    PAPER_SCHEDULE: ClassVar = ("step", {"milestones": [32_000, 48_000], "unit": "step"})
    PAPER_INIT: ClassVar = ("he", 0.0)

    def __init__(
        self,
        depth: int = 20,
        num_classes: int = 10,
        in_channels: int = 3,
        shortcut: str = "A",
        residual: bool = True,
        *,
        lr: float = 0.1,
        weight_decay: float = 1e-4,
        **training: Any,
    ) -> None:
        net = CifarResNet(depth, num_classes, in_channels, shortcut, residual)
        super().__init__(net, num_classes, lr=lr, weight_decay=weight_decay, **training)


Row = tuple[type[LitClassifier], dict[str, Any]]
DEPTHS, CIFAR_DEPTHS = (18, 34), (20, 32, 44, 56, 110)

LINEAGE: dict[str, Row] = {
    "lenet5_1998": (LitLeNet5, {"variant": "original"}),
    "lenet5_modern": (LitLeNet5, {"variant": "modern"}),
    "alexnet": (LitAlexNet, {"variant": "two_towers"}),
    "alexnet_ungrouped": (LitAlexNet, {"variant": "ungrouped"}),
    "alexnet_one_gpu_half": (LitAlexNet, {"variant": "one_gpu_half"}),
    "alexnet_cifar_13pct": (LitAlexNetCifar, {"variant": "13pct"}),
    "alexnet_cifar_11pct": (LitAlexNetCifar, {"variant": "11pct"}),
    "vgg_a": (LitVGG, {"config": "A"}),
    "vgg_a_lrn": (LitVGG, {"config": "A-LRN"}),
    "vgg_b": (LitVGG, {"config": "B"}),
    "vgg_c": (LitVGG, {"config": "C"}),
    "vgg_d": (LitVGG, {"config": "D"}),
    "vgg_e": (LitVGG, {"config": "E"}),
    "vgg_cifar": (LitVGGSmall, {}),
    "googlenet": (LitGoogLeNet, {}),
    "googlenet_cifar": (LitGoogLeNetSmall, {}),
    **{f"plain{d}": (LitResNet, {"depth": d, "residual": False}) for d in DEPTHS},
    **{f"resnet{d}_{s.lower()}": (LitResNet, {"depth": d, "shortcut": s}) for s in "ABC" for d in DEPTHS},
    **{f"resnet{d}": (LitResNet, {"depth": d}) for d in (50, 101, 152)},
    **{f"resnet{d}_v15": (LitResNet, {"depth": d, "stride_on": "3x3"}) for d in (50, 101, 152)},
    **{f"plain{d}_cifar": (LitCifarResNet, {"depth": d, "residual": False}) for d in CIFAR_DEPTHS},
    **{f"resnet{d}_cifar": (LitCifarResNet, {"depth": d}) for d in (*CIFAR_DEPTHS, 1202)},
    "resnet20_cifar_b": (LitCifarResNet, {"depth": 20, "shortcut": "B"}),
}


# arguments that leave the network a paper's own
_FREE = ("self", "num_classes", "in_channels", "image_size", "aux", "dropout")


def name_of(module: LitClassifier) -> str | None:
    """The name in `LINEAGE` of a module, by its class and the arguments that shape its network; None if it has none."""
    parameters = inspect.signature(type(module)).parameters.values()
    shaping = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in _FREE}
    for name, (cls, row) in LINEAGE.items():
        if cls is type(module) and all(module.arguments[k] == row.get(k, v) for k, v in shaping.items()):
            return name
    return None


def build(name: str, **arguments: Any) -> LitClassifier:
    """A network of the lineage by its name or alias, e.g. `build("vgg16", num_classes=10)`.

    Raises:
        ValueError: no such network; the nearest names are given.
    """
    from lit_cnns import papers

    cls, row = LINEAGE[papers.canonical(name)]
    return cls(**{**row, **arguments})
