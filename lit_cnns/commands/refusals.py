"""What jsonargparse says of a wrong setting, in one sentence: what came, what is allowed, what to do."""

import difflib
import inspect
import re
from collections.abc import Iterable
from importlib import import_module

import lightning as L

SECTIONS = (
    "model",
    "data",
    "trainer",
    "checkpoint",
    "predictions",
    "optimizer",
    "lr_scheduler",
    "seed_everything",
    "ckpt_path",
    "protocol",
    "scales",
)


def _near(word: str, allowed: Iterable[str]) -> str:
    names = sorted(set(allowed))
    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else f"allowed are {', '.join(names)}."


def _arguments(cls: type) -> list[str]:
    found = {n for base in cls.__mro__ for n in inspect.signature(base.__init__).parameters}  # type: ignore[misc]
    return sorted(found - {"self", "args", "kwargs", "training", "common", "net"})


def refusal(message: str) -> str:
    """One sentence for an error message of the parser."""
    if found := re.search(r"class_path '([\w.]+)':\s+(?:Group '[^']*' does not accept|Option) '([\w.]+)'", message):
        module, _, name = found[1].rpartition(".")
        arguments = _arguments(getattr(import_module(module), name))
        return f"{name} has no argument {found[2]!r}; {_near(found[2], arguments)}"
    if found := re.search(r"(?:does not accept option '|unrecognized arguments: --)([\w.]+)", message):
        section, _, rest = found[1].partition(".")
        if section == "trainer" and rest:
            option = rest.split(".")[0]
            return f"trainer has no setting {option!r}; {_near(option, inspect.signature(L.Trainer).parameters)}"
        return f"There is no setting {section!r}; {_near(section, SECTIONS)}"
    if found := re.search(r"class_path '([\w.]+)':\s+(.+)", message):
        name = found[1].rpartition(".")[2]
        import lit_cnns

        return f"{found[1]} cannot be used ({found[2].strip()}); {_near(name, lit_cnns.__all__)}"
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return " ".join(
        line for line in lines if not line.startswith(("Subtypes", "Given value type", "- Expected a <class"))
    )
