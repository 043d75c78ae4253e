"""The YAML recipes that ship, by name: `<network>/<data>[_<recipe>]`, and `trainer/` overlays."""

import difflib
from pathlib import Path
from typing import Any

import yaml

from lit_cnns import papers

__all__ = ["changes", "config_names", "find_config", "read_config", "settings"]

# the working folder, the wheel, the checkout
CONFIG_FOLDERS = (Path("configs"), Path(__file__).parent / "configs", Path(__file__).parents[1] / "configs")

NO_MATTER = ("root", "num_workers", "download", "in_memory", "on_broken", "seed", "decoder")  # arguments of data
TRAINING = (  # settings of the trainer that change what is learnt
    *("max_epochs", "max_steps", "max_time", "precision", "gradient_clip_val", "gradient_clip_algorithm"),
    *("limit_train_batches", "overfit_batches", "callbacks"),
)
UNSET: tuple[Any, ...] = (None, -1, 0.0, [], {})  # what Lightning writes where nothing was told


def config_names() -> list[str]:
    """The configurations that ship or lie in the working folder, as `--config` takes them."""
    return sorted({str(p.relative_to(d).with_suffix("")) for d in CONFIG_FOLDERS for p in d.glob("*/*.yaml")})


def find_config(name: str) -> Path:
    """The file of a configuration: a path, or a name such as `lenet5_modern/digits` or `vgg16/imagenet`.

    Raises:
        ValueError: neither; the nearest names are given.
    """
    network, slash, data = name.partition("/")
    proper = f"{papers.aliases().get(network, network)}{slash}{data}"  # vgg16/imagenet is vgg_d/imagenet
    for path in (Path(name), *(folder / f"{proper}{suffix}" for folder in CONFIG_FOLDERS for suffix in ("", ".yaml"))):
        if path.is_file():
            return path
    near = difflib.get_close_matches(name, config_names(), n=3, cutoff=0.4)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise ValueError(f"There is no configuration {name!r}, neither a file nor one that ships.{hint}")


def read_config(path: Path) -> dict[str, Any]:
    """A configuration as plain values.

    Raises:
        ValueError: the file is not YAML, or not a mapping.
    """
    try:
        contents = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(contents, dict):
        raise ValueError(f"{path} holds no settings; a configuration has `model`, `data` and `trainer`.")
    for section in ("trainer", "checkpoint", "predictions", "expects"):
        if not isinstance(contents.get(section, {}), dict) and (section, contents[section]) != ("expects", None):
            raise ValueError(f"{path}: `{section}` holds settings, `name: value` each, not {contents[section]!r}.")
    return contents


def settings(config: dict[str, Any]) -> dict[str, Any]:
    """What shapes a training, by one name each: `model` and `data` (classes), `model.lr`, `trainer.max_epochs`."""
    found: dict[str, Any] = {}
    for part in ("model", "data"):
        told = config.get(part) or {}
        if isinstance(told, dict):
            found[part] = str(told.get("class_path", "")).rpartition(".")[2]
            found |= {f"{part}.{k}": v for k, v in (told.get("init_args") or {}).items() if k not in NO_MATTER}
    trainer = config.get("trainer") or {}
    found |= {f"trainer.{key}": trainer[key] for key in TRAINING if key in trainer}
    found |= {key: config[key] for key in ("optimizer", "lr_scheduler", "init_from", "init_layers") if config.get(key)}
    return found


def changes(config: dict[str, Any], recipe: dict[str, Any], defaults: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where a run's settings are not those of a recipe: name -> (the recipe's, the run's).

    Args:
        config: the run's, every argument spelt out.
        recipe: as it ships.
        defaults: of arguments that the recipe leaves to its classes, by the names of `settings`.
    """
    here, there = settings(config), {**defaults, **settings(recipe)}
    differ = {name: (there.get(name), value) for name, value in here.items() if not _same(there.get(name), value)}
    return {name: pair for name, pair in differ.items() if name != "trainer.callbacks" or _callbacks(pair[0], pair[1])}


def _same(one: Any, other: Any) -> bool:
    one, other = (list(value) if isinstance(value, tuple) else value for value in (one, other))
    return one == other or (one in UNSET and other in UNSET)


def _callbacks(there: Any, here: Any) -> bool:
    """Whether callbacks differ, in their kinds or in what the recipe says of them."""
    there, here = there or [], here or []
    if [_kind(callback) for callback in there] != [_kind(callback) for callback in here]:
        return True
    pairs = zip((c.get("init_args") or {} for c in there), (c.get("init_args") or {} for c in here), strict=True)
    return any(own.get(key) != value for told, own in pairs for key, value in told.items())


def _kind(callback: dict[str, Any]) -> str:
    return str(callback["class_path"]).rpartition(".")[2]
