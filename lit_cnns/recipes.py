"""The YAML recipes that ship, by name: `<network>/<data>[_<recipe>]`, and `trainer/` overlays."""

import difflib
from pathlib import Path
from typing import Any

import yaml

from lit_cnns import papers

__all__ = ["config_names", "find_config", "read_config"]

# the working folder, the wheel, the checkout
CONFIG_FOLDERS = (Path("configs"), Path(__file__).parent / "configs", Path(__file__).parents[1] / "configs")


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
    for section in ("trainer", "checkpoint", "predictions"):
        if not isinstance(contents.get(section, {}), dict):
            raise ValueError(f"{path}: `{section}` holds settings, `name: value` each, not {contents[section]!r}.")
    return contents
