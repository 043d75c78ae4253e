"""Augmentation policies that were not the papers': torchvision's, drawn as a function of (seed, epoch, picture)."""

from typing import Any

import torch
from torch import Tensor

from lit_cnns.data.randomness import bits
from lit_cnns.data.sampling import Batch, PictureSet

# by name, torchvision's class of `torchvision.transforms.v2`
POLICIES = {"trivialaugment": "TrivialAugmentWide", "randaugment": "RandAugment"}


class PolicySet:
    """Training pictures, each changed by a policy: TrivialAugment (Mueller, Hutter 2021), RandAugment (Cubuk 2019).

    A policy works on the bytes of one picture, in the process that reads it. Its generator is set anew for every
    picture, so that a run draws the same whoever reads and wherever it was cut.

    Args:
        pictures: the set.
        policy: a name of `POLICIES`.
        seed: with the epoch and the picture's number it decides what is drawn.
    """

    def __init__(self, pictures: PictureSet, policy: str, seed: int) -> None:
        from torchvision.transforms import v2

        self.pictures, self.seed = pictures, seed
        self.change: Any = getattr(v2, POLICIES[policy])(interpolation=v2.InterpolationMode.BILINEAR)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitems__(self, request: tuple[int, Tensor]) -> Batch | ValueError:
        found = self.pictures.__getitems__(request)
        if isinstance(found, ValueError):
            return found
        images, labels, indices = found
        changed = torch.empty_like(images)
        with torch.random.fork_rng(devices=[]):
            for place, own in enumerate(bits(self.seed, request[0], indices).tolist()):
                torch.default_generator.manual_seed(own)  # torch.manual_seed would set the GPU's, dropout's, too
                changed[place] = self.change(images[place])
        return changed, labels, indices

    def blank(self) -> Tensor:
        """A black picture of this set's shape."""
        return self.pictures.blank()


def check_policy(name: str) -> str:
    """The name of a policy, or "none".

    Raises:
        ValueError: it is neither.
    """
    if name not in ("none", *POLICIES):
        raise ValueError(f"auto_augment is none, {' or '.join(POLICIES)}, not {name!r}.")
    return name
