"""LeNet-5 with the recipe of LeCun, Bottou, Bengio, Haffner 1998."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lit_cnns.classifier import NOT_COUNTED, LitClassifier
from lit_cnns.models import LeNet5, LeNet5Modern


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
        rubbish: the constant j of Eq. 9, the distance at which a picture is rather no class at all; the paper prints no
            value.
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

    @property
    def chance_loss(self) -> float | None:
        return super().chance_loss if self.variant == "modern" else None

    def criterion(self, logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
        if self.variant == "modern":
            return super().criterion(logits, labels, smoothing)
        soft = labels if labels.is_floating_point() else _as_shares(labels, logits)
        if smoothing:
            soft = soft * (1 - smoothing) + soft.sum(1, keepdim=True) * smoothing / logits.shape[1]
        rubbish = logits.new_full((len(logits), 1), -self.rubbish)
        every = torch.logsumexp(torch.cat([logits, rubbish], 1), 1)
        return soft.sum(1) * every - (soft * logits).sum(1)


def _as_shares(labels: Tensor, logits: Tensor) -> Tensor:
    # a picture that is not counted has none
    return F.one_hot(labels.clamp(min=0), logits.shape[1]).to(logits) * (labels != NOT_COUNTED)[:, None]
