"""Several networks on the same pictures: how many each has right, where they disagree, what they confuse."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lit_cnns.evaluation.labels import label_map

UNLABELLED = -1
ELSEWHERE = -1  # an answer that is none of the data's classes
Pictures = list[Tensor]


@dataclass(frozen=True)
class Contestant:
    """A network that is compared.

    Args:
        answer: pictures uint8 (C, H, W) to logits (B, K).
        class_names: of its K classes.
    """

    answer: Callable[[Pictures], Tensor]
    class_names: Sequence[str]


@dataclass(frozen=True)
class Answers:
    """What one network said of each picture.

    Args:
        class_names: of its own classes.
        into: the data's number of each of its classes, `ELSEWHERE` where the data have none.
        classes: (N,), its likeliest class, in its own numbers.
        probabilities: (N,), of that class.
        of_label: (N,), the probability of the picture's label; 0 where there is none.
        in_top5: (N,), whether the label is among its five likeliest.
    """

    class_names: list[str]
    into: Tensor
    classes: Tensor
    probabilities: Tensor
    of_label: Tensor
    in_top5: Tensor

    @property
    def predicted(self) -> Tensor:
        """The likeliest class in the data's numbers, `ELSEWHERE` where it is none of them."""
        return self.into[self.classes]

    def name(self, picture: int) -> str:
        """What it calls a picture."""
        return self.class_names[int(self.classes[picture])]


@dataclass(frozen=True)
class Comparison:
    """Networks on the same pictures.

    Args:
        class_names: of the data, or none where the pictures have no labels.
        labels: (N,), the data's numbers, `UNLABELLED` where unknown.
        answers: of each network.
        strangers: the networks that do not know the data's classes, with how many of them they lack.
    """

    class_names: list[str]
    labels: Tensor
    answers: dict[str, Answers]
    strangers: dict[str, int] = field(default_factory=dict)

    @property
    def scored(self) -> list[str]:
        """The networks that can be right: those that know all of the data's classes."""
        return [name for name in self.answers if self.class_names and name not in self.strangers]

    def hits(self, name: str) -> Tensor:
        """Which pictures a network has right, (N,)."""
        return self.answers[name].predicted == self.labels

    def top1(self, name: str) -> tuple[int, int]:
        """How many pictures a network has right, and of how many."""
        return int(self.hits(name).sum()), len(self.labels)

    def top5(self, name: str) -> tuple[int, int]:
        """Of how many pictures the label is among a network's five likeliest classes."""
        return int(self.answers[name].in_top5.sum()), len(self.labels)

    def confusion(self, name: str) -> Tensor:
        """Pictures by label and answer, (K, K + 1); the last column are answers that are none of the data's classes."""
        count = len(self.class_names)
        predicted = self.answers[name].predicted
        columns = torch.where(predicted == ELSEWHERE, count, predicted)
        return torch.bincount(self.labels * (count + 1) + columns, minlength=count * (count + 1)).view(count, count + 1)

    def by_class(self, name: str) -> list[tuple[int, int]]:
        """For each class of the data, how many of its pictures a network has right, and of how many."""
        table = self.confusion(name)
        return list(zip(table.diagonal().tolist(), table.sum(1).tolist(), strict=True))

    def mistakes(self, name: str, most: int = 24) -> list[int]:
        """The pictures a network has wrong, the surest of its wrong answers first."""
        wrong = (~self.hits(name)).nonzero()[:, 0]
        order = self.answers[name].probabilities[wrong].argsort(descending=True, stable=True)
        return wrong[order[:most]].tolist()

    def disagreements(self, names: Sequence[str]) -> list[int]:
        """The pictures on which some networks do not all say the same, those with most different answers first.

        Where that is equal, those first of which all are surest.

        Args:
            names: networks that share their classes.
        """
        if len(names) < 2:
            return []
        first = self.answers[names[0]].class_names
        said = torch.stack([self._in_terms_of(first, name) for name in names])
        different = (said.sort(dim=0).values.diff(dim=0) != 0).sum(0) + 1
        surest = torch.stack([self.answers[name].probabilities for name in names]).amin(0)
        order = (different.double() + surest.double() / 2).argsort(descending=True, stable=True)
        return order[different[order] > 1].tolist()

    def agreement(self, names: Sequence[str]) -> tuple[int, int]:
        """On how many pictures all of some networks say the same, and of how many."""
        return len(self.labels) - len(self.disagreements(names)), len(self.labels)

    def as_data(self) -> dict[str, Any]:
        """Counts, intervals, confusion and single answers in plain values."""
        networks: dict[str, dict[str, Any]] = {}
        for name, answers in self.answers.items():
            networks[name] = {
                "answers": [answers.name(picture) for picture in range(len(self.labels))],
                "probabilities": answers.probabilities.tolist(),
            }
            if name in self.scored:
                right, count = self.top1(name)
                networks[name] |= {
                    "top1": {"right": right, "of": count, "interval": interval(right, count)},
                    "top5": {"right": self.top5(name)[0], "of": count, "interval": interval(*self.top5(name))},
                    "confusion": self.confusion(name).tolist(),
                }
        labels = [self.class_names[label] for label in self.labels.tolist()] if self.class_names else None
        return {
            "classes": self.class_names,
            "labels": labels,
            "pictures": len(self.labels),
            "networks": networks,
            "unknown_classes": self.strangers,
        }

    def _in_terms_of(self, class_names: Sequence[str], name: str) -> Tensor:
        answers = self.answers[name]
        return torch.tensor(label_map(answers.class_names, class_names))[answers.classes]


def comparing(
    contestants: Mapping[str, Contestant],
    batches: Iterable[tuple[Pictures, Tensor]],
    class_names: Sequence[str] = (),
) -> Iterator[Comparison]:
    """Show pictures to networks, and give after each batch the comparison so far.

    Each picture is read once, whatever the number of networks. To stop is to ask no further: what was given is whole.

    Args:
        contestants: the networks, by name.
        batches: pictures uint8 (C, H, W) of any shape, and their labels (B,), `UNLABELLED` where unknown.
        class_names: of the data; none for pictures without labels.

    Raises:
        ValueError: there is no network.
    """
    if not contestants:
        raise ValueError("A comparison needs one network or more.")
    found: dict[str, list[tuple[Tensor, ...]]] = {name: [] for name in contestants}
    maps = {name: torch.tensor(label_map(one.class_names, class_names)) for name, one in contestants.items()}
    back = {name: torch.tensor([*label_map(class_names, one.class_names), -1]) for name, one in contestants.items()}
    lacking = {name: int((numbers[:-1] < 0).sum()) for name, numbers in back.items()}
    shown = torch.empty(0, dtype=torch.long)
    for pictures, labels in batches:
        shown = torch.cat([shown, labels])
        for name, one in contestants.items():
            found[name].append(_answers(one.answer(pictures), back[name][labels]))
        answers = {}
        for name, parts in found.items():
            found[name] = [tuple(torch.cat(column) for column in zip(*parts, strict=True))]
            answers[name] = Answers([*contestants[name].class_names], maps[name], *found[name][0])
        strangers = {name: count for name, count in lacking.items() if count}
        yield Comparison([*class_names], shown, answers, strangers)


def interval(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The range in which a share of `right` of `count` lies with 95 % (Wilson 1927), which holds for few pictures, too.

    Args:
        right: how many.
        count: of how many; of none, nothing is known.
        z: standard deviations to each side; 1.96 are 95 %.
    """
    if count == 0:
        return 0.0, 1.0
    share, squared = right / count, z * z / count
    middle = (share + squared / 2) / (1 + squared)
    half = z * math.sqrt(share * (1 - share) / count + squared / (4 * count)) / (1 + squared)
    return max(0.0, middle - half), min(1.0, middle + half)


def _answers(logits: Tensor, labels: Tensor) -> tuple[Tensor, ...]:
    """Likeliest classes, their probabilities, those of the labels (-1 for none), and whether these are in the top 5."""
    probabilities = logits.detach().float().cpu().softmax(1)
    values, classes = probabilities.max(1)
    known = labels >= 0
    of_label = probabilities.gather(1, labels.clamp(min=0)[:, None])[:, 0] * known
    best = probabilities.topk(min(5, probabilities.shape[1]), dim=1).indices
    return classes, values, of_label, ((best == labels[:, None]).any(1)) & known
