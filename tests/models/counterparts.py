"""Networks that exist elsewhere too: their weights in ours, and whether both then say the same."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def randomise(net: nn.Module) -> nn.Module:
    """Batch norms that do something, in evaluation too."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor in (module.weight, module.bias, module.running_mean):
                nn.init.uniform_(tensor, 0.2, 0.6)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return net.eval()


def in_our_names(ours: nn.Module, theirs: dict[str, Tensor], late: Sequence[str] = ()) -> dict[str, Tensor]:
    """The weights of a network that has the same layers in the same order, under our names.

    Args:
        ours: the network whose names are wanted.
        theirs: the state of the other one.
        late: beginnings of those of their names that come at the end of ours (auxiliary heads).
    """
    order = sorted(theirs, key=lambda name: name.startswith(tuple(late)))  # stable: nothing else moves
    return {name: theirs[other].reshape(weight.shape) for (name, weight), other in
            zip(ours.state_dict().items(), order, strict=True)}  # fmt: skip


def same_logits(found: Tensor, expected: Tensor) -> None:
    """Equal to a ten-thousandth of the largest."""
    torch.testing.assert_close(found, expected, atol=1e-4 * float(expected.abs().max()), rtol=0)


def same_function(ours: nn.Module, theirs: nn.Module, size: int, late: Sequence[str] = ()) -> None:
    """Give ours the weights of theirs, in order, and compare what both say of a picture of `size` pixels."""
    ours.load_state_dict(in_our_names(ours, randomise(theirs).state_dict(), late), assign=True)
    picture = torch.randn(1, 3, size, size)
    with torch.inference_mode():
        same_logits(ours.eval()(picture), theirs(picture))
