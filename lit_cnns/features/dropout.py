"""Dropout made visible: how the answer changes with the units that are dropped."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .capture import exclusive
from .heat import one_picture


@dataclass(frozen=True)
class Spread:
    """Answers for one picture under random dropout masks.

    Args:
        probabilities: float32 `[masks, classes]` on the CPU.
        plain: float32 `[classes]`: the answer as it is given, without dropout.
    """

    probabilities: Tensor
    plain: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean probability of each class, `[classes]`."""
        return self.probabilities.mean(0)

    def interval(self, share: float = 0.9) -> tuple[Tensor, Tensor]:
        """The bounds, `[classes]` each, that hold the middle `share` of the masks' probabilities."""
        outside = torch.tensor([(1 - share) / 2, (1 + share) / 2])
        low, high = self.probabilities.quantile(outside, dim=0)
        return low, high


def dropout_spread(net: nn.Module, batch: Tensor, masks: int = 64, seed: int = 0, at_once: int = 16) -> Spread:
    """Ask a network about one picture with dropout on, once for each of some random masks.

    As in training: "every time an input is presented, the neural network samples a different architecture" (Krizhevsky
    et al. 2012, Section 4.2). The units that stay are scaled up, where the paper halves all of them in testing. The
    masks depend on `seed` alone; torch's own random numbers and the network's mode are left as they are. In a chain,
    what comes before the first dropout runs once.

    Args:
        net: Any network with `nn.Dropout`.
        batch: One picture `[1, C, H, W]`, normalised.
        masks: How many, at least one.
        seed: Of the masks.
        at_once: Masks in one batch.

    Raises:
        ValueError: the network has no dropout, or `masks` is below 1.
    """
    dropouts = [module for module in net.modules() if isinstance(module, nn.Dropout) and module.p > 0]
    if not dropouts:
        raise ValueError(f"{type(net).__name__} has no dropout, so its answer does not vary.")
    if masks < 1:
        raise ValueError(f"At least one mask is drawn, not {masks}.")
    picture = one_picture(net, batch)
    in_chain = isinstance(net, nn.Sequential) and any(child is dropouts[0] for child in net.children())
    at_once = masks if in_chain else at_once
    generator = torch.Generator().manual_seed(seed)
    with exclusive(net), torch.inference_mode():
        answers = [net(picture)]
        for start in range(0, masks, at_once):
            count = min(at_once, masks - start)
            handles = [module.register_forward_hook(_drop(generator, count)) for module in dropouts]
            try:
                answers.append(net(picture if in_chain else picture.expand(count, -1, -1, -1)))
            finally:
                for handle in handles:
                    handle.remove()
    plain, *dropped = torch.cat(answers).float().softmax(1).cpu()
    return Spread(torch.stack(dropped), plain)


def _drop(generator: torch.Generator, masks: int) -> Callable[[nn.Dropout, Any, Tensor], Tensor]:
    """A hook that drops units anew for each of some masks; one row of units becomes as many rows as masks."""

    def hook(module: nn.Dropout, _inputs: Any, output: Tensor) -> Tensor:
        stay = 1 - module.p
        mask = torch.empty(masks, *output.shape[1:]).bernoulli_(stay, generator=generator)
        return output * mask.div_(stay or 1).to(output)

    return hook
