"""What `validate` and `test` found, beside what the papers print for the same network and protocol."""

from typing import Any, NamedTuple

from lit_cnns import papers
from lit_cnns.classifier import LitClassifier
from lit_cnns.data import ImageData
from lit_cnns.lineage import name_of


class _Set(NamedTuple):
    data: str
    splits: tuple[str, ...]
    classes: int
    pictures: int


SETS = {  # as the papers' results name them
    "ILSVRC-2012 val": _Set("ImageNet", ("val", "test"), 1000, 50_000),
    "CIFAR-10 test": _Set("CIFAR10", ("test",), 10, 10_000),
    "CIFAR-100 test": _Set("CIFAR100", ("test",), 100, 10_000),
    "MNIST test": _Set("MNIST", ("test",), 10, 10_000),
}


def set_of(data: ImageData, split: str) -> str | None:
    """The set that the papers' results name and this split is, by its class and all of its pictures."""
    here = (type(data).__name__, data.num_classes, len(data.sets[split]))
    for name, known in SETS.items():
        if split in known.splits and here == (known.data, known.classes, known.pictures):
            return name
    return None


def lines(model: LitClassifier, data: ImageData, split: str, protocol: str, all_of_it: bool = True) -> list[str]:
    """A heading, the errors found here, those that were published, and whether they can be compared.

    Args:
        model: after the test.
        data: what it was tested on.
        split: val or test.
        protocol: by which.
        all_of_it: False where the run was limited to some batches.
    """
    name, here = name_of(model), set_of(data, split) if all_of_it else None
    sides = data.protocol.sides if data.protocol else (data.preprocessing["resize"] or data.image_size,)
    views = data.protocol.views if data.protocol else 1
    pictures = f"{'' if all_of_it else 'a part of '}the {len(data.sets[split]):,} pictures"
    errors = {f"top{k}_error": f"{100 - 100 * model.metrics[f'{split}/top{k}']:.2f}" for k in (1, 5)}
    found = [
        f"{name or type(model).__name__} on {pictures} of {type(data).__name__} {split} ({data.num_classes} classes), "
        f"{protocol} ({views} view{'s' * (views > 1)}, shorter side {', '.join(map(str, sides))}):",
        f"  here       {_errors(errors)}",
    ]
    if name is None:
        return [*found, "  No paper has this network: its arguments are not those of a row of `lit-cnns models`."]
    published = [r for r in papers.row(name).get("results", []) if _same_protocol(r, protocol, sides)]
    published = [r for r in published if r["dataset"] == here] or published
    found += [_published(r) for r in published]
    if not published:
        return [*found, f"  Nothing is published for {name} by this protocol; `lit-cnns info {name}` has what is."]
    if published[0]["dataset"] != here:
        found.append("  The published errors are of other pictures: these figures cannot be compared with them.")
    return found


def test_row(model: LitClassifier, data: ImageData, split: str, protocol: str) -> dict[str, Any]:
    """What was found, as a row of the run's `tests.csv`; `scales` are the shorter sides, blank for the plain crop."""
    return {
        "data": type(data).__name__,
        "split": split,
        "protocol": protocol,
        "scales": " ".join(map(str, data.protocol.sides)) if data.protocol else "",
        "pictures": len(data.sets[split]),
        **{name: f"{model.metrics[f'{split}/{name}']:.6f}" for name in ("loss", "top1", "top5")},
    }


def _same_protocol(result: dict[str, Any], protocol: str, sides: tuple[int, ...]) -> bool:
    same = result.get("views") == protocol and result.get("models", 1) == 1
    return same and tuple(result.get("sides", sides)) == sides


def _errors(figures: dict[str, Any]) -> str:
    known = [f"top-{k} error {figures[f'top{k}_error']} %" for k in (1, 5) if f"top{k}_error" in figures]
    return ", ".join(known)


def _published(result: dict[str, Any]) -> str:
    remark = result.get("source") or result.get("note")
    words = [result["dataset"], result["protocol"], *([remark] if remark else [])]
    words += ["unconfirmed"] if result.get("unconfirmed") else []
    return f"  {'published' if remark else 'paper':<11}{_errors(result)} ({', '.join(words)})"
