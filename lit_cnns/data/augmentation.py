"""From a uint8 batch on the device to what the network takes: augmentation and normalisation, batch-wise."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lit_cnns import papers
from lit_cnns.data.pictures import central_crop, fit_image
from lit_cnns.data.randomness import normal, uniform
from lit_cnns.data.sending import sent

CACHED = 2**18  # float32 numbers that stay in a core's own cache

# columns of a picture's random numbers
_FLIP, _ROTATE, _SHIFT, _COLOUR, _MIX, _END = 2, 3, 4, 6, 12, 17  # 0 and 1: the crop


@dataclass(frozen=True)
class Augmentation:
    """What happens to a training picture on the device; the defaults do nothing.

    Args:
        crop_padding: pixels put around the picture before a random crop of the network's size.
        flip: mirror half of the pictures.
        rotate_degrees: turn by an angle drawn from [-rotate_degrees, rotate_degrees].
        translate: shift each way by up to this share of the side.
        color_pca: standard deviation of AlexNet's PCA colour noise (the paper: 0.1).
        mixup: alpha of mixup's Beta distribution (Zhang et al. 2017); labels become probabilities.
        cutmix: alpha of CutMix's Beta distribution (Yun et al. 2019); with mixup each picture gets one of the two.
        pad_with: black, or mean: zeros once it is normalised.
        corner_crops: a random crop is one of the four corners or the centre (Zeiler, Fergus 2013, Section 3).

    Raises:
        ValueError: another padding.
    """

    crop_padding: int = 0
    flip: bool = False
    rotate_degrees: float = 0.0
    translate: float = 0.0
    color_pca: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    pad_with: str = "black"
    corner_crops: bool = False

    def __post_init__(self) -> None:
        if self.pad_with not in ("black", "mean"):
            raise ValueError(f"pad_with is black or mean, not {self.pad_with!r}.")


def prepare(
    batch: tuple[Tensor, Tensor, Tensor],
    preprocessing: dict[str, Any],
    train: bool,
    augmentation: Augmentation | None = None,
    seed: int = 0,
    epoch: int = 0,
    num_classes: int = 0,
) -> tuple[Tensor, Tensor]:
    """Make a batch of bytes ready for the network, on the device it is on.

    Args:
        batch: images uint8 (B, C, H, W); labels int64 (B,); indices int64 (B,), the pictures' numbers in their set.
        preprocessing: a DataModule's or a checkpoint's `preprocessing`.
        train: random crops and `augmentation`; otherwise the central crop.
        augmentation: what a training picture goes through.
        seed: with `epoch` and the index it decides every random number.
        epoch: see seed.
        num_classes: width of the soft labels of mixup and cutmix.

    Returns:
        images float (B, C, S, S), normalised; labels int64 (B,), or float (B, K) with mixup or cutmix.
    """
    images, labels, indices = batch
    side = final_side(preprocessing)
    if not train:
        return normalise(central_crop(images, side) if side else images, preprocessing), labels
    augmentation = augmentation or Augmentation()
    u = drawn(seed, epoch, indices)
    side = side or images.shape[-1]
    if augmentation.crop_padding:
        images = pad(images, augmentation.crop_padding, preprocessing if augmentation.pad_with == "mean" else None)
    if augmentation.flip or images.shape[-2:] != (side, side):
        images = crop_and_flip(images, side, augmentation.flip, u, augmentation.corner_crops)
    if augmentation.rotate_degrees or augmentation.translate:
        images = rotate_and_shift(images.float(), augmentation.rotate_degrees, augmentation.translate, u)
    noise = None
    if augmentation.color_pca:
        noise = colour_noise(colour_alphas(augmentation.color_pca, u))
    images = normalise(images, preprocessing, noise)
    if augmentation.mixup or augmentation.cutmix:
        return mix(images, labels, augmentation.mixup, augmentation.cutmix, num_classes, u[:, _MIX:])
    return images, labels


def drawn(seed: int, epoch: int, indices: Tensor) -> Tensor:
    """The random numbers of pictures in an epoch, (B, 17): what the functions below call `u`."""
    return uniform(seed, epoch, indices, _END)


def to_batch(images: list[Tensor], preprocessing: dict[str, Any]) -> Tensor:
    """Pictures of any size as one evaluation batch: float (B, C, S, S), normalised.

    Args:
        images: uint8 (C, H, W) each, as `read_image` gives them.
        preprocessing: a DataModule's or a checkpoint's `preprocessing`.
    """
    return normalise(torch.stack([fit_image(image, preprocessing) for image in images]), preprocessing)


def final_side(preprocessing: dict[str, Any]) -> int:
    """The side of the network's square input; 0 where nothing fixes it."""
    side = preprocessing["crop"] or preprocessing["resize"]
    return side + 2 * preprocessing.get("pad", 0) if side else 0


def normalise(images: Tensor, preprocessing: dict[str, Any], noise: Tensor | None = None) -> Tensor:
    """((bytes / 255 + noise) - mean) / std; mean is a number a channel, or an image (C, S, S)."""
    mean = sent(preprocessing["mean"], images.device)
    std = sent(preprocessing["std"], images.device)[:, None, None]
    mean = mean[:, None, None] if mean.ndim == 1 else mean
    scale, offset = 1 / (255 * std), (-mean if noise is None else noise - mean) / std
    scaled = torch.empty_like(images, dtype=torch.float32)
    to, of = scaled, images
    if offset.shape == scale.shape and scaled.is_contiguous(memory_format=torch.channels_last):
        # a row at a time: the innermost 3 channels alone would be slow
        to, of = scaled.permute(0, 2, 3, 1).flatten(2), images.permute(0, 2, 3, 1).flatten(2)
        scale, offset = scale.flatten().repeat(images.shape[3]), offset.flatten().repeat(images.shape[3])
    each = offset.expand(torch.broadcast_shapes(offset.shape, (len(images), *[1] * (to.ndim - 1))))
    for floats, pixels, shift in zip(*(tensor.split(_at_once(images)) for tensor in (to, of, each)), strict=True):
        floats.copy_(pixels).mul_(scale).add_(shift)
    return scaled


def _at_once(images: Tensor) -> int:
    """How many pictures stay in a processor's caches from one step to the next; elsewhere all."""
    if images.device.type != "cpu":
        return max(1, len(images))
    return max(1, CACHED * torch.get_num_threads() // max(1, images[:1].numel()))


def pad(images: Tensor, padding: int, zero_after: dict[str, Any] | None = None) -> Tensor:
    """Pictures with a black frame of `padding` pixels, or with one that the preprocessing makes zero (then float)."""
    if zero_after is None:
        return F.pad(images, [padding] * 4)
    mean = 255 * sent(zero_after["mean"], images.device)
    return F.pad(images - mean[:, None, None], [padding] * 4) + mean[:, None, None]


def crop_and_flip(images: Tensor, side: int, flip: bool, u: Tensor, corners: bool = False) -> Tensor:
    """A random `side` x `side` window of each picture, or a corner or the centre, mirrored at random."""
    if min(images.shape[2:]) < side:
        raise ValueError(f"A {side}-pixel crop does not fit into a picture of {min(images.shape[2:])} pixels.")
    turned_round = mirrored(flip, u)[:, None]
    if images.dtype == torch.uint8 and images.shape[2:] == (side, side):
        if images.device.type == "cpu":
            flipped = images.clone()
            for number in turned_round.flatten().nonzero().flatten().tolist():
                flipped[number] = images[number].flip(2)
            return flipped
        # bytes wrap around: picture + (mirror image - picture) is exact, and far faster than picking each pixel
        return images + (images.flip(3) - images) * turned_round[..., None, None]
    batch, channels, height, width = images.shape
    top, left = windows(height, width, side, u, corners).unsqueeze(2)
    steps = torch.arange(side, device=images.device)
    rows, columns = top + steps, left + steps
    columns = torch.where(turned_round, columns.flip(1), columns)
    places = (rows[:, :, None] * width + columns[:, None, :]).view(batch, 1, side * side)
    return images.reshape(batch, channels, -1).gather(2, places.expand(-1, channels, -1)).view(-1, channels, side, side)


def windows(height: int, width: int, side: int, u: Tensor, corners: bool = False) -> Tensor:
    """Where each picture's window starts: (2, B), its top and its left."""
    if not corners:
        return torch.stack([(u[:, 0] * (height - side + 1)).long(), (u[:, 1] * (width - side + 1)).long()])
    place = (u[:, 0] * 5).long()
    lasts = sent([[height - side], [width - side]], u.device, torch.int64)
    ends = sent([[0, 0, 2, 2, 1], [0, 2, 0, 2, 1]], u.device, torch.int64)  # halves of the way
    return (ends * lasts // 2)[:, place]


def mirrored(flip: bool, u: Tensor) -> Tensor:
    """Which pictures are mirrored, (B,)."""
    return flip & (u[:, _FLIP] < 0.5)


def rotate_and_shift(images: Tensor, degrees: float, translate: float, u: Tensor) -> Tensor:
    """Each picture turned about its centre and shifted, bilinear, zeros where nothing was; float in and out."""
    grid = F.affine_grid(turns(degrees, translate, u), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def turns(degrees: float, translate: float, u: Tensor) -> Tensor:
    """From a place in the result to the place it is taken from, both from -1 to 1: (B, 2, 3)."""
    angle = (2 * u[:, _ROTATE] - 1) * math.radians(degrees)
    shift = (2 * u[:, _SHIFT:_COLOUR] - 1) * (2 * translate)
    cos, sin = torch.cos(angle), torch.sin(angle)
    return torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)


def colour_alphas(deviation: float, u: Tensor) -> Tensor:
    """What the colour noise draws of each of three axes, (B, 3)."""
    return normal(u[:, _COLOUR:_MIX]) * deviation


def colour_noise(alphas: Tensor) -> Tensor:
    """AlexNet's colour noise, Section 4.1: sum of p_i alpha_i lambda_i, (B, 3, 1, 1), on pixels in [0, 1]."""
    values, vectors = _colour_axes()
    return ((alphas * sent(values, alphas.device)) @ sent(vectors, alphas.device).T)[:, :, None, None]


@functools.cache
def _colour_axes() -> tuple[Tensor, Tensor]:
    pca = papers.row("alexnet")["recipe"]["pca_values"]
    return torch.tensor(pca["eigenvalues"]), torch.tensor(pca["eigenvectors_columns"])


def mix(
    images: Tensor, labels: Tensor, mixup: float, cutmix: float, num_classes: int, u: Tensor
) -> tuple[Tensor, Tensor]:
    """Mixup or CutMix of each picture with its mirror place in the batch; labels (B, K) as the shares shown."""
    share = beta(mixup, u[:, 0]) if mixup else torch.ones_like(u[:, 0])
    keep = share[:, None, None, None]
    if cutmix:
        boxes = box_mask(beta(cutmix, u[:, 1]), u[:, 2:4], images.shape[-2:])
        cut = u[:, 4] < 0.5 if mixup else torch.ones_like(u[:, 4], dtype=torch.bool)
        keep = torch.where(cut[:, None, None, None], boxes, keep)
        share = keep.expand(-1, 1, *images.shape[-2:]).mean((1, 2, 3))
    seen = labels >= 0
    soft = F.one_hot(labels.clamp(min=0), num_classes) * seen[:, None]
    partner = seen & seen.flip(0)  # a picture that could not be read is mixed with nothing
    share = torch.where(partner, share, 1.0)
    keep = torch.where(partner[:, None, None, None], keep, 1.0)
    images = images * keep + images.flip(0) * (1 - keep)
    return images, soft * share[:, None] + soft.flip(0) * (1 - share[:, None])


def box_mask(share: Tensor, centre: Tensor, size: torch.Size) -> Tensor:
    """1 outside and 0 inside a box of area 1 - share about `centre`, cut at the border, (B, 1, H, W)."""
    half = torch.sqrt(1 - share) / 2
    masks = []
    for axis, length in enumerate(size):
        place = (torch.arange(length, device=share.device) + 0.5) / length
        masks.append((place - centre[:, axis, None]).abs() < half[:, None])
    return 1 - (masks[0][:, None, :, None] & masks[1][:, None, None, :]).float()


def beta(alpha: float, u: Tensor) -> Tensor:
    """Beta(alpha, alpha) numbers from uniform ones, by its tabulated quantiles."""
    table = sent(_beta_quantiles(alpha), u.device)
    place = u * (len(table) - 1)
    low = place.long()
    return torch.lerp(table[low], table[low + 1], place - low)


@functools.cache
def _beta_quantiles(alpha: float) -> Tensor:
    from scipy.special import betaincinv

    return torch.from_numpy(betaincinv(alpha, alpha, torch.linspace(0, 1, 4097, dtype=torch.float64).numpy())).float()
