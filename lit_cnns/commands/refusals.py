"""What jsonargparse says of a wrong setting, in one sentence: what came, what is allowed, what to do."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module

import lightning as L

import lit_cnns
from lit_cnns.callbacks import PredictionTable
from lit_cnns.interruption import BestCheckpoint

CLASSES = {"trainer": L.Trainer, "checkpoint": BestCheckpoint, "predictions": PredictionTable}
SECTIONS = (
    "model",
    "data",
    "trainer",
    "checkpoint",
    "predictions",
    "optimizer",
    "lr_scheduler",
    "fast",
    "seed_everything",
    "ckpt_path",
    "resume",
    "save_every",
    "peer_timeout",
    "init_from",
    "init_layers",
    "protocol",
    "scales",
    "expects",
)


def _near(word: str, allowed: Iterable[str]) -> str:
    names = sorted(set(allowed))
    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"allowed are {', '.join(names)}."


def _named(path: str) -> type:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def _arguments(cls: type) -> list[str]:
    found = {n for base in cls.__mro__ for n in inspect.signature(base.__init__).parameters}  # type: ignore[misc]
    return sorted(found - {"self", "args", "kwargs", "training", "common", "net"})


def _subclasses(cls: type) -> Iterator[type]:
    children: list[type] = cls.__subclasses__()
    for child in children:
        yield child
        yield from _subclasses(child)


def _no_argument(found: re.Match) -> str:
    cls, (key, *_) = _named(found[1]), found[2].split(".")
    return f"{cls.__name__} has no argument {key!r}; {_near(key, [*_arguments(cls), 'init_args'])}"


def _no_setting(found: re.Match) -> str:
    section, _, rest = found[1].partition(".")
    if section in CLASSES and rest:
        option = rest.split(".")[0]
        allowed = inspect.signature(CLASSES[section]).parameters
        return f"{section} has no setting {option!r}; {_near(option, allowed)}"
    return f"There is no setting {section!r}; {_near(section, SECTIONS)}"


def _no_class(found: re.Match) -> str:
    base = _named(found["base"])
    path = found["path"] or found["other"]
    names = [cls.__name__ for cls in _subclasses(base) if not cls.__name__.startswith("_")]
    ours = [name for name in names if name in lit_cnns.__all__]
    reason = f" ({' '.join(found['reason'].split())})" if found["reason"] else ""
    near = _near(path.rpartition(".")[2], ours or names)
    return f"There is no {base.__name__} {path!r}{reason}; {near}"


def _wrong_value(found: re.Match) -> str:
    kinds = dict.fromkeys(re.findall(r"Expected an? <class '(?:\w+\.)*(\w+)'>", found["problem"]))
    kinds.pop("NoneType", None)
    value = re.search(r"(?:Got value|Given value): ?(.*)", found["problem"])
    words = re.findall(r"Expected an? typing\.Literal\[(.*?)\]", found["problem"])
    if words and value:
        allowed = dict.fromkeys(word.strip(" '") for group in words for word in group.split(","))
        return f"{found['key']} is one of {', '.join(allowed)}, not {value[1]!r}."
    if not kinds or not value:
        return f"{found['key']} cannot be used: {' '.join(found['problem'].split())}"
    return f"{found['key']} is of type {' or '.join(kinds)}, not {value[1]!r}."


def _nothing_said(found: re.Match) -> str:
    parts = [part for part in ("model", "data") if f".{part}" in found["parts"]]
    example = "--config lenet5_modern/digits" if found["verb"] == "fit" else "--ckpt_path best"
    options = " and ".join(f"--{part} CLASS" for part in parts)
    return f"Nothing says which {' and which '.join(parts)} to {found['verb']}: give {options}, or e.g. {example}."


_BASE = r"Subtypes: \[(?:list\[|<class ')(?P<base>[\w.]+).*?"
RULES: list[tuple[str, Callable[[re.Match[str]], str]]] = [
    (r"class_path '([\w.]+)':\s+(?:Group '[^']*' does not accept|Option) '([\w.]+)'", _no_argument),
    (r"(?:does not accept option '|unrecognized arguments: --)([\w.]+)", _no_setting),
    (r"class_path '[\w.]+':\s+Parser key \"(?P<key>[\w.]+)\":(?P<problem>.*)", _wrong_value),
    (
        _BASE + r"(?:string: (?P<path>[\w.]+)|class_path '(?P<other>[\w.]+)':\s+)(?P<reason>[^\n]*)\n",
        _no_class,
    ),
    (
        r"Subtypes: \[<class '[\w.]*?(?P<base>\w+)'.*not correspond to a subclass of.*Given value: (?P<value>[^\n]*)",
        lambda found: f"{found['value']} is not a {found['base']}.",
    ),
    (r"Parser key \"(?P<key>[\w.]+)\":(?P<problem>.*)", _wrong_value),
    (r"arguments are required: (?P<parts>(?P<verb>\w+)\..*)", _nothing_said),
    (
        r"No supported gpu backend found",
        lambda found: "There is no GPU that torch can use here: --config trainer/cpu trains on the processor.",
    ),
    # what a constructor says itself
    (
        r"Errors:\s+- (?P<own>.*?)\s+- Expected a <class 'NoneType'>",
        lambda found: " ".join(found["own"].split()),
    ),
]


def refusal(message: str) -> str:
    """One sentence for an error message of the parser; any other sentence stays as it is."""
    message = "Problem with".join(message.split("Problem with")[:2])  # of several classes tried, the first
    for pattern, sentence in RULES:
        if found := re.search(pattern, message, re.DOTALL):
            return sentence(found)
    return " ".join(message.split())
