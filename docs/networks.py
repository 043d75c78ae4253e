"""Write docs/networks/*.md, a page for each family of `lit_cnns.papers` and an index: `python docs/networks.py`."""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from comparison import page as comparison_page
from comparison import plain
from lineage_table import SHOWN, amount, error

import lit_cnns
from lit_cnns import LINEAGE, papers
from lit_cnns.commands.description import arguments_of, describe
from lit_cnns.models.network import Network
from lit_cnns.papers.words import branches, folded, measured, operation, settings, size, told

FOLDER = Path(__file__).parent / "networks"
MADE = "<!-- made by `python docs/networks.py` from lit_cnns/papers/*.yaml: not to be edited -->\n"
TITLES = {
    "lenet": "LeNet-5",
    "alexnet": "AlexNet",
    "zfnet": "ZFNet",
    "nin": "Network in Network",
    "vgg": "VGG",
    "googlenet": "GoogLeNet",
    "inception": "Inception v2, v3, v4 and Inception-ResNet",
    "resnet": "ResNet and pre-activation ResNet",
    "resnet_cifar": "ResNets for CIFAR",
}
Row = dict[str, Any]


def sentence(text: str) -> str:
    return f"{text[:1].upper()}{plain(text[1:]).rstrip('.')}." if text else ""


def table(head: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A Markdown table; columns whose head ends in a colon are flush right."""
    names = head.split(" | ")
    yield f"| {' | '.join(name.rstrip(':') for name in names)} |"
    yield f"|{'|'.join('--:' if name.endswith(':') else '---' for name in names)}|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def cited(paper: Row) -> str:
    place = f"arXiv [{paper['arxiv']}](https://arxiv.org/abs/{paper['arxiv']})" if paper["arxiv"] else ""
    year = "" if paper["venue"].endswith(str(paper["year"])) else f" ({paper['year']})"
    place = place or (f"doi [{paper['doi']}](https://doi.org/{paper['doi']})" if paper.get("doi") else "")
    return ", ".join(filter(None, (paper["authors"], f"*{paper['title']}*", f"{paper['venue']}{year}", place)))


def depth(row: Row) -> str:
    return str(row["weight_layers"].get("counted") or row["weight_layers"]["paper"])


def home(cls: type) -> str:
    """Where a class is imported from."""
    return "lit_cnns" if cls.__name__ in lit_cnns.__all__ else "lit_cnns.lineage"


def overview(networks: list[Row]) -> Iterator[str]:
    rows = []
    for row in networks:
        cls, arguments = LINEAGE[row["name"]]
        called = f"`{cls.__name__}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})`"
        names = ", ".join([f"[`{row['name']}`](#{row['name']})", *(f"`{alias}`" for alias in row["aliases"])])
        counts = [f"{row[key]['total']:,}" for key in ("params", "macs")]
        rows.append([names, called, size(row["input_size"]), depth(row), *counts])
    yield from table("network | class | picture | weight layers: | parameters: | MACs:", rows)


def use(networks: list[Row]) -> Iterator[str]:
    first = next(row["name"] for row in networks if row["name"] in SHOWN)
    names = [row["name"] for row in networks]
    cls, arguments = LINEAGE[first]
    net = net_class(cls, arguments.get("variant")).__name__
    second = names[(names.index(first) + 1) % len(names)]
    config = networks[names.index(first)]["configs"][0]
    yield "```console"
    yield f"lit-cnns info {first}"
    yield f"lit-cnns diff {first} {second}"
    yield f"lit-cnns fit --config {config}"
    yield "```\n\n```python"
    yield f"from {home(cls)} import {cls.__name__}  # the network with its paper's recipe, for any Trainer"
    yield f"from lit_cnns.models import {net}  # the network alone, in plain torch"
    yield "from lit_cnns import build\n"
    yield f'module = build("{first}", num_classes=10)'
    yield "```"


@functools.cache
def net_class(cls: type, variant: str | None) -> type[Network]:
    """The plain network inside a module of the lineage, whatever its depth."""
    name = next(name for name, (of, row) in LINEAGE.items() if of is cls and row.get("variant") == variant)
    with torch.device("meta"):
        return type(lit_cnns.build(name).net)


def departure(name: str) -> str:
    """What the docstring of a network says that it does otherwise than its paper."""
    cls, arguments = LINEAGE[name]
    return net_class(cls, arguments.get("variant")).departure()


def layers(row: Row) -> Iterator[str]:
    def cells(layer: Row) -> list[str]:
        counts = [f"{layer[key]:,}" if layer.get(key) else "" for key in ("params", "macs")]
        field = layer.get("receptive_field", {"size": "", "stride": ""})
        seen = [str(field["size"]), str(field["stride"])]
        return [layer["name"], operation(layer), settings(layer), size(layer["out"]), *counts, *seen]

    total = ["**total**", "", "", "", *(f"**{row[key]['total']:,}**" for key in ("params", "macs")), "", ""]
    head = "layer | op | settings | out: | parameters: | MACs: | sees: | jump:"
    yield from table(head, [*map(cells, folded(row["layers"])), total])
    for aux in row.get("aux_heads", []):
        yield f"\n`{aux['name']}`, at `{aux['attached_to']}`, in training alone: {aux['params']:,} parameters.\n"
        yield from table(head.partition(" | sees")[0], [cells(layer)[:6] for layer in aux["layers"]])
    if row["modules"]:
        yield "\n```text"
        for name, module in row["modules"].items():
            given = arguments_of(name, row["layers"])
            yield " ".join([name, *given])
            yield from (f"  {line}" for line in branches(module, given))
        yield "```"


def recipe(row: Row) -> Iterator[str]:
    for key, value in row["recipe"].items():
        yield f"- {key.replace('_', ' ')}: {plain(told(value))}"


def results(row: Row) -> Iterator[str]:
    figures = [[str(result.get(f"{kind}_error", "")) for kind in ("top1", "top5")] for result in row["results"]]
    said = [[result["dataset"], plain(measured(result))] for result in row["results"]]
    yield from table(
        "top-1 error, %: | top-5 error, %: | pictures | protocol",
        [[*a, *b] for a, b in zip(figures, said, strict=True)],
    )


def choices(row: Row) -> Iterator[str]:
    for choice in row["ambiguities"]:
        yield f"- {plain(choice['issue'])}"
        yield f"  - **{plain(choice['choice'])}**"
        yield f"  - because: {plain(choice['why'])}"


def network(row: Row, told_before: dict[str, str]) -> Iterator[str]:
    """The section of one network; what an earlier one of the page tells in the same words is referred to."""
    yield f"\n## `{row['name']}`\n"
    counts = f"{amount(row['params']['total'])} parameters, {amount(row['macs']['total'])} MACs"
    yield f"{depth(row)} weight layers, {counts}. {sentence(row['paper'].get('note', ''))}".rstrip()
    lines = [*layers(row)]
    if row["name"] in SHOWN:
        yield from ["", *lines]
    else:
        yield from ["\n<details><summary>Layers</summary>\n", *lines, "\n</details>"]
    yield from _once("Where it departs from its paper", [sentence(departure(row["name"]))], row["name"], told_before)
    yield from _once("The paper's recipe", [*recipe(row)], row["name"], told_before)
    if row["configs"]:
        yield f"\n**Configurations that ship**: {', '.join(f'`{name}`' for name in row['configs'])}."
    if row["results"]:
        yield "\n**Published errors** (as printed there; not measured here)\n"
        yield from results(row)
    yield from _once("What the paper leaves open, and what was chosen", [*choices(row)], row["name"], told_before)


def _once(head: str, lines: list[str], name: str, told_before: dict[str, str]) -> Iterator[str]:
    if not any(lines):
        return
    earlier = told_before.setdefault("\n".join([head, *lines]), name)
    if earlier != name:
        yield f"\n**{head}**: as of [`{earlier}`](#{earlier})."
    else:
        yield from [f"\n**{head}**\n", *lines]


def family_page(family: str) -> str:
    networks = [describe(name) for name, row in papers.rows().items() if row["family"] == family]
    sources = dict.fromkeys(cited(row["paper"]) for row in networks)
    lines = [f"# {TITLES[family]}\n", MADE, *(f"- {source}" for source in sources), ""]
    lines += [*overview(networks), "", "How to read these tables: [all networks](README.md).\n", *use(networks)]
    told_before: dict[str, str] = {}
    for row in networks:
        lines += network(row, told_before)
    return "\n".join(lines) + "\n"


INDEX = """One page a family, oldest first: what the paper says, layer by layer, and where the code had to choose.
[Paper, ours, torchvision, timm](comparison.md) sets the counts side by side and explains every difference.

- **out**: maps x height x width after the layer and its activation, for one picture.
- **settings**: kernel, maps, `/2` for stride 2, then padding, groups, batch norm (BN), activation. `x3` after an op:
  three equal blocks in one row, counted together.
- **MACs**: multiply-accumulates of convolutions and fully connected layers for one picture. Half of what is often
  called FLOPs.
- **sees**: the receptive field, side in pixels of the window of the picture that can change one unit. It can be
  larger than the picture: the window then hangs over its edge, into padding. **jump**: pixels from one unit's window
  to the next one's.
- **errors**: in percent, as the paper prints them, with its protocol. Nothing on these pages was measured here.

What holds the pages to the code: `tests/models/test_tables.py` builds each of the {count} networks and compares its
parameters and multiply-accumulates, those of every row and the shape that it puts out, and every convolution inside
every module. `tests/features/test_receptive_field.py` follows the built networks and compares what each row sees.
`tests/test_documents.py` makes these pages anew and compares them with the files.

What the layers of a network of your own see:

```python
from torch import nn
from lit_cnns.features import receptive_fields

net = nn.Sequential(nn.Conv2d(3, 8, 7, stride=2), nn.MaxPool2d(3, 2))
receptive_fields(net, (3, 64, 64))["1"]  # size (11, 11), stride (4, 4), offset (0, 0), in pixels
```
"""


def paper_error(row: Row) -> str:
    """The first error that the paper itself prints; none where only others measured the network."""
    own = papers.own_results(row)
    return error({**row, "results": own}) if own or row.get("adaptation") else ""


def index_page() -> str:
    lines = ["# The networks\n", MADE + "\n" + INDEX.format(count=len(papers.rows()))]
    for family in papers.families():
        networks = [row for row in papers.rows().values() if row["family"] == family]
        lines.append(f"### [{TITLES[family]}]({family}.md)\n")
        rows = []
        for row in networks:
            names = [name for name, of in papers.aliases().items() if of == row["name"]]
            shown = ", ".join([f"[`{row['name']}`]({family}.md#{row['name']})", *(f"`{name}`" for name in names)])
            figures = [str(row["paper"]["year"]), depth(row), *(amount(row[k]["total"]) for k in ("params", "macs"))]
            rows.append([shown, *figures, paper_error(row)])
        lines += [*table("network | year: | weight layers: | parameters: | MACs: | error as printed", rows), ""]
    return "\n".join(lines)


def pages() -> dict[str, str]:
    """File name to text."""
    found = {f"{family}.md": family_page(family) for family in papers.families()}
    return {"README.md": index_page(), "comparison.md": comparison_page(), **found}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
