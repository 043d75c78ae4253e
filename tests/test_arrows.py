"""The rooms of the house and the arrows between them: who may import whom, read from the source."""

import ast
import re
import sys
from importlib import import_module
from inspect import getsourcefile
from pathlib import Path

import pytest

import lit_cnns

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lit_cnns"
DEMO = ROOT / "demo" / "lit_cnns_demo"

# room: the rooms of ours it may import. A room stands below every room it imports.
ROOMS: dict[str, set[str]] = {
    "models": set(),
    "papers": set(),
    "evaluation": set(),
    "features": set(),
    "optimisation": set(),
    "initialisation": set(),
    "recipes": {"papers"},
    "sharded": set(),
    "checkpoint_io": set(),
    "fast": set(),
    "classifier": {"evaluation", "optimisation", "initialisation"},
    "lineage": {"models", "papers", "classifier", "optimisation", "initialisation"},  # a name means what the papers say
    "guests": {"classifier"},
    "data": {"papers", "evaluation", "checkpoint_io"},
    "checkpoints": {"checkpoint_io", "classifier", "lineage", "guests", "data", "sharded"},
    "runs": {"checkpoint_io", "checkpoints"},
    "weights": {"papers", "models", "classifier", "lineage", "guests", "checkpoints"},
    "interruption": {"checkpoint_io"},
    "verification": {
        *(
            "evaluation",
            "optimisation",
            "recipes",
            "classifier",
            "lineage",
            "data",
            "checkpoints",
            "runs",
            "interruption",
        )
    },
    "callbacks": {"features", "runs"},
}
ROOMS["claims"] = {
    *("papers", "models", "evaluation", "features", "checkpoint_io", "fast", "classifier", "initialisation", "lineage"),
    *("guests", "data", "checkpoints", "runs"),
}
ROOMS["fabric"] = {"classifier", "optimisation", "recipes", "lineage", "data", "checkpoints"}
for last in ("commands", "cli", "__main__"):
    ROOMS[last] = set(ROOMS)

ONLY = {
    "models": {"torch", "triton"},  # what torch compiles with for GPUs; see OPTIONAL
    "papers": {"yaml"},
    "evaluation": {"torch"},
    "optimisation": {"torch", "timm"},
    "initialisation": {"torch"},
    "recipes": {"yaml"},
    "sharded": {"torch"},
    "fast": {"torch"},
}
INSTALLED_WITH_US = {
    *("torch", "torchvision", "lightning", "torchmetrics", "timm", "jsonargparse", "yaml", "sklearn", "tensorboard"),
    *("PIL", "numpy", "tqdm"),
}
OPTIONAL = {"lit_cnns.models.response_norm_gpu": "triton"}  # files that need a package: imported like the package
PUBLIC_ROOMS = {"features", "papers", "evaluation", "recipes", "claims", "checkpoints", "runs", "data", "weights"}

Import = tuple[str, str | None, int]  # module, the name taken from it, line


def imports(path: Path, top_level_only: bool = False) -> list[Import]:
    """Every import of a file, those inside functions too, with relative ones spelt out."""
    base = PACKAGE.parent if path.is_relative_to(PACKAGE) else DEMO.parent
    package = path.relative_to(base).parent.parts

    def spelt_out(node: ast.ImportFrom) -> str:
        above = package[: len(package) - node.level + 1] if node.level else ()
        return ".".join((*above, *([node.module] if node.module else [])))

    tree = ast.parse(path.read_text())
    found: list[Import] = []
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, None, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(spelt_out(node), alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "lit_cnns":
            found.append(("lit_cnns", node.attr, node.lineno))  # through the door: lit_cnns.LitVGG
    return found


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def room_imported(module: str, name: str | None) -> str | None:
    """The room that an import of ours leads to; None for the door itself (`import lit_cnns`, its version)."""
    parts = module.split(".")
    if len(parts) > 1:
        return parts[1]
    if name is None or name.startswith("__"):
        return None
    return lit_cnns._HOMES.get(name, f"lit_cnns.{name}").split(".")[1]


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


everything_inside = pytest.mark.parametrize("path", files(PACKAGE), ids=named)


def test_every_arrow_points_upwards():
    rooms = list(ROOMS)
    assert all(ROOMS[room] <= set(rooms[:place]) for place, room in enumerate(rooms))


def test_every_file_stands_in_a_room_of_the_table():
    assert {room_of(path) for path in files(PACKAGE)} <= set(ROOMS)


@everything_inside
def test_a_room_imports_only_the_rooms_it_may(path):
    room = room_of(path)
    ours = [
        (room_imported(module, name), line)
        for module, name, line in imports(path)
        if module.split(".")[0] == "lit_cnns"
    ]
    wrong = [f"line {line}: {room} imports {other}" for other, line in ours if other not in {None, room, *ROOMS[room]}]
    assert not wrong


@everything_inside
def test_a_room_takes_from_others_only_what_it_may(path):
    room = room_of(path)
    others = {module.split(".")[0]: line for module, _, line in imports(path)}
    others = {name: line for name, line in others.items() if name not in sys.stdlib_module_names and name != "lit_cnns"}
    if room in ONLY:
        assert set(others) <= ONLY[room]
    assert "gradio" not in others
    assert room == "commands" or "lit_cnns_demo" not in others


@everything_inside
def test_an_optional_package_is_imported_inside_the_function_that_uses_it(path):
    at_the_top = {OPTIONAL.get(module, module.split(".")[0]) for module, _, _ in imports(path, top_level_only=True)}
    own = OPTIONAL.get(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert at_the_top - sys.stdlib_module_names - {"lit_cnns", own} <= INSTALLED_WITH_US


def paper(path: Path) -> tuple[float, str]:
    """The date (year.month) and name of a model file's paper, by its docstring: arXiv's, or the year and last line."""
    if path.stem == "network":  # what all networks share
        return 0.0, ""
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    if arxiv := re.search(r"arXiv (\d\d)(\d\d)\.\d+", docstring):
        return float(f"20{arxiv[1]}.{arxiv[2]}"), arxiv[0]
    years = re.findall(r"\b(?:19|20)\d\d\b", docstring)
    assert years, f"{named(path)} does not say of what year its paper is"
    return float(years[0]), docstring.splitlines()[-1]


def is_older(other: Path, path: Path) -> bool:
    """Whether a file's paper may build on the other's: an older one, or the same."""
    return paper(other)[0] < paper(path)[0] or paper(other) == paper(path)


@pytest.mark.parametrize(
    "path",
    [path for path in files(PACKAGE / "models") if path.stem not in {"__init__", "network"}],
    ids=lambda path: path.stem,
)
def test_a_network_is_built_only_on_older_papers(path):
    for module, name, line in imports(path):
        if module.startswith("lit_cnns"):
            other = PACKAGE / "models" / f"{(module.split('.')[2:] or [name])[0]}.py"
            assert is_older(other, path), f"line {line}: {other.stem} is not older than {path.stem}"


RECIPES = [path for path in files(PACKAGE / "lineage") if path.stem != "__init__"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_stands_on_its_own_paper_and_older_ones(path):
    own = PACKAGE / "models" / path.name
    assert own.is_file(), f"{path.stem} is no family of models/"
    for module, name, line in imports(path):
        if module == "lit_cnns.models":
            other = Path(getsourcefile(getattr(import_module(module), name)))
        elif module.startswith("lit_cnns.lineage"):
            other = PACKAGE / "models" / f"{(module.split('.')[2:] or [name])[0]}.py"
        else:
            continue
        assert is_older(other, own), f"line {line}: {name} of {other.stem} is not older than {path.stem}"


@pytest.mark.parametrize("path", files(DEMO), ids=named)
def test_the_demo_uses_only_the_door_and_what_public_rooms_offer(path):
    for module, name, line in imports(path):
        if module.split(".")[0] != "lit_cnns":
            continue
        where = f"line {line}: from {module} import {name}"
        if name is None:
            assert module == "lit_cnns" or module.removeprefix("lit_cnns.") in PUBLIC_ROOMS, where
        elif module == "lit_cnns":
            assert name in {*lit_cnns.__all__, *PUBLIC_ROOMS}, where
        else:
            assert module.removeprefix("lit_cnns.") in PUBLIC_ROOMS, where
            assert name in import_module(module).__all__, where


@pytest.mark.parametrize("path", files(DEMO), ids=named)
def test_the_demo_takes_nothing_private_from_a_room_it_imported_whole(path):
    rooms = {name for module, name, _ in imports(path) if module == "lit_cnns" and name in PUBLIC_ROOMS}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in rooms:
            room = import_module(f"lit_cnns.{node.value.id}")
            assert node.attr in room.__all__, f"line {node.lineno}: {node.value.id}.{node.attr}"
