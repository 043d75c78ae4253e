"""AlexNet, Section 6.1: the kernels of one tower become blind to colour, those of the other do not."""

import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lit_cnns import features
from lit_cnns.initialisation import gaussian_, initialise
from lit_cnns.models import LocalResponseNorm

from . import small_pictures
from .claim import Counted, Results, Settings
from .drawing import COLOURS, panels
from .judging import Interval, Verdict, Word, difference
from .looking import batches, error, train
from .records import kept

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE, MAPS, KERNEL, BATCH, RATE = 32, 32, 7, 64, 0.02
SCALES = {"quick": (4000, 6, 3), "standard": (16_000, 12, 4), "full": (None, 60, 8)}  # pictures, epochs, seeds
SPLITS = 2000  # random splits of the same kernels
CHANCE = 0.05
TOWERS = {"two towers": 2, "one": 1}


class Split(NamedTuple):
    """How the first half of conv1's kernels differs from the second in colour.

    Args:
        gap: distance of the halves' mean colour indices.
        deviations: the same, in standard deviations of that distance over random splits of the same kernels.
        p: the share of random splits that lie as far apart.
    """

    gap: float
    deviations: float
    p: float


def network(towers: int, classes: int) -> nn.Sequential:
    """A small network with AlexNet's order of things: towers apart until conv3, each normalised on its own.

    conv1 starts as in the paper, with weights of 0.01, so that its kernels at the end are what was learnt.
    """
    net = nn.Sequential(
        nn.Conv2d(3, MAPS, KERNEL, stride=2, padding=3),
        nn.ReLU(),
        LocalResponseNorm(5, towers=towers),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Conv2d(MAPS, 2 * MAPS, 5, padding=2, groups=towers),
        nn.ReLU(),
        LocalResponseNorm(5, towers=towers),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Conv2d(2 * MAPS, 2 * MAPS, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * MAPS, classes),
    )
    initialise(net, "he_fan_in")
    gaussian_(net[0])
    return net


def find(settings: Settings) -> Results:
    """Train networks with towers and without on colour pictures; what is there is not run again.

    Of each network: `index`, the colour index of each kernel of conv1, `kernels`, the kernels themselves, and
    `test_error` in percent.

    Raises:
        ValueError: there are no colour pictures.
    """
    count, epochs, seeds = SCALES[settings.budget]
    pictures = small_pictures.read(settings.data, SIDE).first(count)
    images, labels = _all(pictures.train)
    tested = _all(pictures.test)
    if images.shape[1] != 3 or bool((images == images[:, :1]).all()):
        raise ValueError(f"Kernels are told apart by colour on colour pictures; those of {settings.data} are grey.")
    scale = {"pictures": len(labels), "epochs": epochs, "batch": BATCH, "rate": RATE}
    made_with = {**scale, "data": pictures.digest}

    def look(towers: int, seed: int) -> dict[str, Any]:
        torch.manual_seed(seed)
        net = network(towers, int(labels.max()) + 1)
        steps = epochs * (len(labels) // BATCH)
        train(net, batches(images, labels, BATCH, seed), steps, RATE, 5e-4, decays_to=0.01)
        weight = features.first_kernels(net).weight
        index = [round(value, 4) for value in features.colour_index(weight).tolist()]
        return {"index": index, "test_error": error(net, *tested), "kernels": written(weight)}

    found: dict[str, list[dict[str, Any]]] = {}
    for name, towers in TOWERS.items():
        for seed in range(settings.seeds or seeds):
            place = settings.folder / "runs" / f"{name.replace(' ', '_')}-{seed}.json"
            run = kept(place, made_with, partial(look, towers, seed))
            found.setdefault(name, []).append(run)
            settings.report(f"{name}, seed {seed}: test error {run['test_error']:.1f} %")
    return {"data": small_pictures.description(settings.data), "scale": scale, "runs": found}


def _all(pictures: small_pictures.TensorSet) -> tuple[Tensor, Tensor]:
    images, labels, _ = pictures.__getitems__((0, torch.arange(len(pictures))))
    return images.float() / 127.5 - 1, labels.long()


def written(weight: Tensor) -> list[str]:
    """Kernels [N, 3, h, w] as bytes in hexadecimal digits, row by row, each as bright as it can be around grey."""
    largest = weight.abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-30)
    shown = (127.5 + 127.5 * weight / largest).round().byte().permute(0, 2, 3, 1)
    return [kernel.contiguous().numpy().tobytes().hex() for kernel in shown]


def apart(index: list[float]) -> Split:
    """Compare the halves of the kernels with random splits of the same kernels."""
    values = torch.tensor(index)
    half = len(values) // 2
    gap = float((values[:half].mean() - values[half:].mean()).abs())
    generator = torch.Generator().manual_seed(0)
    mixed = torch.stack([values[torch.randperm(len(values), generator=generator)] for _ in range(SPLITS)])
    by_chance = mixed[:, :half].mean(1) - mixed[:, half:].mean(1)
    p = (1 + int((by_chance.abs() >= gap - 1e-9).sum())) / (1 + SPLITS)
    return Split(gap, gap / max(float(by_chance.std()), 1e-9), p)


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    found = {name: [apart(run["index"]) for run in runs] for name, runs in results["runs"].items()}
    told = {name: ", ".join(f"{one.gap:.2f} (p = {one.p:.2g})" for one in splits) for name, splits in found.items()}
    more = difference(*([one.deviations for one in found[name]] for name in TOWERS))
    sentence = (
        f"Mean colour indices of the two halves of conv1 lie apart, seed by seed, by {told['two towers']} with two "
        f"towers and by {told['one']} without: {more.text(' standard deviations')} further with towers; on "
        f"{results['data']}."
    )
    return Verdict(_word(more, [one.p < CHANCE for one in found["two towers"]]), sentence, more, " standard deviations")


def _word(more: Interval, certain: list[bool]) -> Word:
    if more.low > 0:
        return "holds" if all(certain) else "holds in direction"
    return "does not hold" if more.high < 0 else "not at this scale"


def picture(results: Results, figure: "Figure") -> None:
    """Draw the kernels of one network by tower, and the colour index of each kernel, with and without towers."""
    figure.set_size_inches(13, 5)
    first, *places = panels(figure, 3)
    _draw_kernels(first, results["runs"]["two towers"][0]["kernels"])
    for axes, (name, runs) in zip(places, results["runs"].items(), strict=True):
        for seed, run in enumerate(runs):
            half = len(run["index"]) // 2
            for part, colour in enumerate(COLOURS[:2]):
                values = run["index"][part * half : (part + 1) * half]
                place = seed + 0.36 * part - 0.18
                axes.plot([place] * half, values, "os"[part], color=colour, alpha=0.45, markersize=4)
                axes.plot([place - 0.14, place + 0.14], [sum(values) / half] * 2, color=colour, linewidth=3)
            axes.text(seed, 1.01, f"p = {apart(run['index']).p:.2g}", ha="center", va="bottom", fontsize=9)
        axes.set_xticks(range(len(runs)), [str(seed) for seed in range(len(runs))])
        axes.set(xlabel="seed", ylim=(0, 1.08), ylabel="colour index of a kernel (0: grey)")
        axes.set_title("two towers" if name != "one" else "no towers", fontsize=11)
    handles = [places[0].plot([], [], "os"[part], color=COLOURS[part])[0] for part in (0, 1)]
    names = ["first half of the kernels", "second half"]
    figure.legend(handles, names, loc="outside lower center", ncols=2)


def _draw_kernels(axes: "Axes", kernels: list[str]) -> None:
    across = round(math.sqrt(len(kernels) / 2))
    tall, step = len(kernels) // 2 // across, KERNEL + 1
    canvas = np.full((2 * tall * step + 2, across * step - 1, 3), 255, np.uint8)
    for number, digits in enumerate(kernels):
        row, column = divmod(number, across)
        top = row * step + (3 if row >= tall else 0)
        kernel = np.frombuffer(bytes.fromhex(digits), np.uint8).reshape(KERNEL, KERNEL, 3)
        canvas[top : top + KERNEL, column * step : column * step + KERNEL] = kernel
    axes.imshow(canvas)
    axes.grid(visible=False)
    middles = [(tall * step - 1) / 2, (tall * step - 1) / 2 + tall * step + 3]
    axes.set_yticks(middles, ["tower 1", "tower 2"], rotation=90, va="center")
    axes.tick_params(length=0)
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.set_title("conv1 with two towers, seed 0", fontsize=11)


CLAIM = Counted(
    "towers_specialise",
    rule="In each network the distance of the halves' mean colour index is set against those of 2000 random splits of "
    "the same kernels. Judged is how many of their standard deviations further apart it is with two towers than "
    "without, with Welch's 95 % interval over the seeds: wholly above 0 it holds if each network with two towers is "
    "beyond chance (p below 0.05), and in direction if not each is; wholly below 0 it does not hold; else it is "
    "undecided: not at this scale.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
    needs_data=True,
    reports=lambda settings: len(TOWERS) * (settings.seeds or SCALES[settings.budget][2]),
)
