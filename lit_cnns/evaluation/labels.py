"""Which classes of one network are which of another's, or of a data set's."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

# Names of one class in published label sets that no rule leads to each other: CIFAR-10 (Krizhevsky 2009, Section 3.1),
# STL-10 (Coates, Ng, Lee 2011), torchvision's lists of MNIST and FashionMNIST, and its ImageNet beside timm's.
SAME = {
    "car": "automobile",
    "aeroplane": "airplane",
    "t-shirt": "t-shirt/top",
    "crane bird": "crane",
    "maillot tank suit": "maillot",
} | {
    f"{digit} - {word}": str(digit)
    for digit, word in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
}


def canonical(name: str) -> str:
    """A class's name without what differs between lists: case, underscores, synonyms after a comma, and `SAME`."""
    plain = " ".join(name.replace("_", " ").lower().split(",")[0].split())
    return SAME.get(plain, plain)


def label_map(names: Sequence[str], into: Sequence[str]) -> list[int]:
    """For each of some classes its number among others, -1 for one that is not there.

    Names are matched as they are written, else in canonical form. A name that stands in both lists several times
    (ImageNet has two cranes) is matched in the lists' order.

    Args:
        names: the classes that are looked up.
        into: the classes they are looked up in.
    """
    found = [-1] * len(names)
    for spelling in (canonical, str):
        there = _places(into, spelling)
        for name, places in _places(names, spelling).items():
            if len(there[name]) == len(places):
                for place, number in zip(places, there[name], strict=True):
                    found[place] = number
    return found


def share_classes(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether two lists name the same classes, in any order."""
    there = label_map(first, second)
    return len(first) == len(second) > 0 and sorted(there) == list(range(len(second)))


def groups(class_names: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Put those who share their classes together, in the order in which they come.

    Args:
        class_names: for each network the names of its classes; those without names stand alone.
    """
    found: list[list[str]] = []
    for one, names in class_names.items():
        home = next((group for group in found if share_classes(class_names[group[0]], names)), None)
        if home is None:
            found.append([one])
        else:
            home.append(one)
    return found


def _places(names: Sequence[str], spelling: Callable[[str], str]) -> defaultdict[str, list[int]]:
    places = defaultdict(list)
    for place, name in enumerate(names):
        places[spelling(str(name))].append(place)
    return places
