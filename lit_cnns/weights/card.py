"""The README of a repository: a model card in the Hub's form."""

import json
from typing import Any

from torch import Tensor

from lit_cnns import papers
from lit_cnns.classifier import LitClassifier
from lit_cnns.guests import LitTimm
from lit_cnns.lineage import name_of


def card(module: LitClassifier, name: str, licence: str) -> str:
    """What the network is, how well it did, how it was trained, and how it is opened.

    Args:
        module: the network.
        name: of the repository.
        licence: of the weights.
    """
    parts = [
        "---",
        "tags: [image-classification, timm, lit-cnns]",
        "library_name: timm",
        "pipeline_tag: image-classification",
        f"license: {licence}",
        "---",
        "",
        f"# {name.rpartition('/')[2]}",
        "",
        _network(module),
        "",
        *_table("Figures, of the last evaluation", module.metrics),
        *_table("Trained with", {key: value for key, value in module.arguments.items() if value is not None}),
        *_table("Data", {"class": module.data_description.get("class"), **module.data_description.get("args", {})}),
        *_table("Pictures", module.preprocessing),
        "## Opening it",
        "",
        *_ways(name, isinstance(module, LitTimm)),
    ]
    return "\n".join(parts) + "\n"


def _network(module: LitClassifier) -> str:
    count = sum(parameter.numel() for parameter in module.net.parameters())
    row = papers.rows().get(name_of(module) or "")
    paper = "{authors}, {title}, {year}".format(**row["paper"]) if row else ""
    source = f" ({paper})" if row and not row.get("adaptation") else ""
    classes = f"{module.num_classes} classes: {', '.join(module.class_names[:20])}" if module.class_names else ""
    more = " ..." if len(module.class_names) > 20 else ""
    return (
        f"`{type(module).__name__}`{source}, {count:,} parameters, {classes or f'{module.num_classes} classes'}{more}."
    )


def _table(title: str, rows: dict[str, Any]) -> list[str]:
    filled = {key: _short(value) for key, value in rows.items() if value is not None and value != []}
    if not filled:
        return []
    lines = [f"| {key} | {value if isinstance(value, str) else json.dumps(value)} |" for key, value in filled.items()]
    return [f"## {title}", "", "| | |", "|---|---|", *lines, ""]


def _short(value: Any) -> Any:
    nested = isinstance(value, Tensor) or (isinstance(value, list) and value and isinstance(value[0], list))
    return "a picture" if nested else value


def _ways(name: str, timms_own: bool) -> list[str]:
    registered = [] if timms_own else ["import lit_cnns.weights.timm_models  # pip install lit-cnns"]
    return [
        "```python",
        "import timm",
        *registered,
        "",
        f'model = timm.create_model("hf-hub:{name}", pretrained=True)',
        "```",
        "",
        f"or, as a checkpoint for `lit-cnns classify`, `demo` and `fit --init_from`: `lit-cnns pull {name} net.ckpt`.",
    ]
