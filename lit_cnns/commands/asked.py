"""Which network and which data a command line and its YAML files ask for, and whether a run was of these."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lit_cnns.lineage import LINEAGE


@dataclass
class Part:
    """A network, or data, as far as someone says which.

    Args:
        name: of the class, without its package; empty where nobody says.
        arguments: that are given for it.
    """

    name: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)

    def take(self, said: Any) -> None:
        """What a YAML file says, on top of what is known."""
        if isinstance(said, str):
            said = {"class_path": said}
        if isinstance(said, Mapping):
            self.become(said.get("class_path", self.name))
            self.arguments |= said.get("init_args") or {}

    def become(self, class_path: str) -> None:
        """Of another class the arguments are other ones."""
        name = class_path.rpartition(".")[2]
        if name != self.name:
            self.name, self.arguments = name, {}

    def is_of(self, other: "Part", telling: Iterable[str]) -> bool:
        """Whether nothing that is said here differs there: the class, and the arguments that tell two apart."""
        same = all(
            _spelt(self.arguments[key]) == _spelt(other.arguments[key])
            for key in telling
            if key in self.arguments and key in other.arguments
        )
        return (not self.name or self.name == other.name) and same


@dataclass
class Asked:
    """What is asked for: the network and the data."""

    model: Part = field(default_factory=Part)
    data: Part = field(default_factory=Part)

    @classmethod
    def of(cls, configs: Iterable[Mapping[str, Any]], words: Sequence[str] = ()) -> "Asked":
        """From YAML files in their order, and from what was typed, which comes last."""
        asked = cls()
        for name in ("model", "data"):
            part = getattr(asked, name)
            for config in configs:
                part.take(config.get(name))
            for key, value in options(words):
                if key in (f"--{name}", f"--{name}.class_path"):
                    part.become(value)
                elif key.startswith(f"--{name}."):
                    part.arguments[key.rpartition(".")[2]] = value
        return asked

    def is_of(self, run: "Asked") -> bool:
        """Whether a run was of this network, of the same kind where its class has several, and of these data."""
        kinds = {key for cls, given in LINEAGE.values() if cls.__name__ == run.model.name for key in given}
        return self.model.is_of(run.model, kinds) and self.data.is_of(run.data, ("root",))


def options(words: Sequence[str]) -> Iterable[tuple[str, str]]:
    """(option, value) of words such as `--key value` and `--key=value`."""
    for word, after in zip(words, [*words[1:], ""], strict=False):
        key, equals, value = word.partition("=")
        if key.startswith("--"):
            yield key, value if equals else after


def _spelt(value: Any) -> str:
    """A value as it might be typed: `True` is `true`, and a folder is the same with a slash behind it."""
    return str(value).lower().rstrip("/")
