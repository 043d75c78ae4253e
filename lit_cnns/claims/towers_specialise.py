"""AlexNet, Section 6.1: the kernels of one tower become blind to colour, those of the other do not."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from lit_cnns import features
from lit_cnns.initialisation import initialise
from lit_cnns.models import LocalResponseNorm

from . import training
from .claim import Counted, Results, Settings
from .drawing import COLOURS, panels
from .judging import Verdict
from .looking import batches, error, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, MAPS, BATCH, RATE = 32, 32, 64, 0.02
SCALES = {"quick": (2000, 6, 2), "standard": (8000, 12, 4), "full": (None, 60, 8)}  # pictures, epochs, seeds
SPLITS = 2000  # random splits of the same kernels
CHANCE = 0.05
TOWERS = {"two towers": 2, "one": 1}


def network(towers: int, classes: int) -> nn.Sequential:
    """A small network with AlexNet's order of things: towers apart until conv3, each normalised on its own."""
    return nn.Sequential(
        nn.Conv2d(3, MAPS, 7, padding=3),
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


def find(settings: Settings) -> Results:
    """Train networks with towers and without on colour pictures; the colour index of each kernel of conv1.

    Raises:
        ValueError: there are no colour pictures.
    """
    count, epochs, seeds = SCALES[settings.budget]
    pictures = training.read(settings.data, SIDE).first(count)
    images, labels = _all(pictures.train)
    tested = _all(pictures.test)
    if images.shape[1] != 3:
        raise ValueError(f"Kernels are told apart by colour on colour pictures; those of {settings.data} are grey.")
    steps = epochs * (len(labels) // BATCH)
    found: dict[str, list[dict[str, object]]] = {}
    for name, towers in TOWERS.items():
        for seed in range(settings.seeds or seeds):
            torch.manual_seed(seed)
            net = network(towers, int(labels.max()) + 1)
            initialise(net, "he_fan_in")
            train(net, batches(images, labels, BATCH, seed), steps, RATE, 5e-4, decays_to=0.01)
            index = features.colour_index(features.first_kernels(net).weight).tolist()
            run = {"index": index, "test_error": error(net, *tested)}
            found.setdefault(name, []).append(run)
            settings.report(f"towers_specialise: {name}, seed {seed}: test error {run['test_error']:.1f} %")
    return {"data": training.description(settings.data), "budget": settings.budget, "runs": found}


def _all(pictures: training.TensorSet) -> tuple[Tensor, Tensor]:
    images, labels, _ = pictures.__getitems__((0, torch.arange(len(pictures))))
    return images.float() / 127.5 - 1, labels.long()


def apart(index: list[float]) -> tuple[float, float]:
    """How far the two halves' mean colour indices lie apart, and how often a random split has them as far."""
    values = torch.tensor(index)
    half = len(values) // 2
    own = float((values[:half].mean() - values[half:].mean()).abs())
    generator = torch.Generator().manual_seed(0)
    mixed = torch.stack([values[torch.randperm(len(values), generator=generator)] for _ in range(SPLITS)])
    chance = (mixed[:, :half].mean(1) - mixed[:, half:].mean(1)).abs()
    return own, (1 + int((chance >= own - 1e-9).sum())) / (1 + SPLITS)


def decide(results: Results) -> Verdict:
    """Apply the rule."""
    found = {name: [apart(run["index"]) for run in runs] for name, runs in results["runs"].items()}
    told = {name: ", ".join(f"{gap:.2f} (p = {p:.2g})" for gap, p in values) for name, values in found.items()}
    sentence = (
        f"Means of the colour index of the two halves of conv1 lie apart, seed by seed, by {told['two towers']} with "
        f"two towers and by {told['one']} without; on {results['data']}."
    )
    certain = [p < CHANCE for _, p in found["two towers"]]
    by_chance = [p < CHANCE for _, p in found["one"]]
    if all(certain) and not any(by_chance):
        return Verdict("holds", sentence)
    if sum(certain) > sum(by_chance):
        return Verdict("holds in direction", sentence)
    return Verdict("not at this scale", sentence)


def picture(results: Results, figure: "Figure") -> None:
    """Draw the colour index of each kernel by its half, with and without towers."""
    places = panels(figure, 2)
    for axes, (name, runs) in zip(places, results["runs"].items(), strict=True):
        for seed, run in enumerate(runs):
            half = len(run["index"]) // 2
            for part, colour in ((0, COLOURS[0]), (1, COLOURS[1])):
                values = run["index"][part * half : (part + 1) * half]
                place = seed + 0.3 * part - 0.15
                axes.plot([place] * half, values, "o", color=colour, alpha=0.45, markersize=5)
                axes.plot([place - 0.1, place + 0.1], [sum(values) / half] * 2, color=colour, linewidth=3)
        axes.set_xticks(range(len(runs)), [f"seed {seed}" for seed in range(len(runs))])
        axes.set(xlabel=f"conv1 of a network with {'two towers' if name != 'one' else 'one tower'}", ylim=(0, 1))
    places[0].set(ylabel="colour index of a kernel (0 grey, 1 pure colour)")
    handles = [places[0].plot([], [], "o", color=colour)[0] for colour in COLOURS[:2]]
    figure.legend(handles, ["first half of the kernels", "second half"], loc="outside upper center", ncols=2)


CLAIM = Counted(
    "towers_specialise",
    rule="In each seed the difference of the halves' mean colour index is set against those of 2000 random splits of "
    "the same kernels (p below 0.05 is no chance). It holds if every network with two towers is beyond chance and none "
    "without; in direction if more of the former are; all else is undecided: not at this scale.",
    find=find,
    decide=decide,
    picture=picture,
    kind="looking",
    needs_data=True,
)
