"""He et al. 2016: a shortcut that passes on less than the identity makes a deep residual network worse."""

from torch import Tensor, nn

from lit_cnns.models.resnet import BasicBlock

from .arms import COSINE, Arm, Scale
from .gains import Gain

SHARE = 0.5  # of shortcut and of residual function: "constant scaling", Section 3.1


class Scaled(nn.Module):
    """A share of what is given."""

    def forward(self, x: Tensor) -> Tensor:
        return SHARE * x


def halved(net: nn.Module) -> None:
    """Halve both what goes around each block and what it adds."""
    for block in [layer for layer in net.modules() if isinstance(layer, BasicBlock)]:
        block.shortcut = nn.Sequential(block.shortcut, Scaled())
        block.bn2 = nn.Sequential(block.bn2, Scaled())  # type: ignore[assignment]


GAIN = Gain("identity", "halved")
CLAIM = GAIN.claim(
    id="identity_shortcuts",
    arms=(
        Arm("identity", "resnet56_cifar", COSINE),
        Arm("halved", "resnet56_cifar", COSINE, change=halved),
    ),
    scales={
        "quick": Scale(epochs=4, rates=(0.1,), pictures=2000, seeds=2, batch=64),
        "standard": Scale(epochs=12, rates=(0.03, 0.1), pictures=4000, tuning_epochs=4, batch=64),
        "full": Scale(epochs=160, rates=(0.05, 0.1, 0.2), tuning_epochs=20),
    },
    augmented=True,
)
