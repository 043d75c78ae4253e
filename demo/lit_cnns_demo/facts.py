"""What is known of a network of the lineage: its paper, counts, departures, layers, and the way to its checkpoint."""

from collections.abc import Iterator
from html import escape
from typing import Any

from . import cards
from .languages import spoken
from .shelf import Shelf


def facts(shelf: Shelf, name: str) -> dict[str, Any]:
    """The facts in plain values.

    Args:
        shelf: whose checkpoints of the network are listed.
        name: the network's, or an alias.

    Raises:
        ValueError: no such network.
    """
    from lit_cnns import papers
    from lit_cnns.recipes import config_names

    row = papers.row(name)
    name = row["name"]
    return {
        "network": name,
        "paper": row["paper"],
        "parameters": row["params"]["total"],
        "macs": row["macs"]["total"],
        "results": papers.own_results(row),
        "departure": bare(name).departure(),
        "layers": papers.layer_table(name),
        "checkpoints": [{"id": id, "label": shelf.labels[id]} for id in checkpoints_of(shelf, name)],
        "commands": [f"lit-cnns fit --config {one}" for one in config_names() if one.startswith(f"{name}/")],
    }


def bare(name: str) -> Any:
    """A network of the lineage without memory for its weights.

    Raises:
        ValueError: no such network.
    """
    import torch

    from lit_cnns import build

    with torch.device("meta"):
        return build(name).net


def checkpoints_of(shelf: Shelf, name: str) -> list[str]:
    """The ids of a network's checkpoints on the shelf."""
    return [entry.id for entry in shelf.entries if entry.name == name]


@spoken
def about_html(shelf: Shelf, name: str) -> str:
    """The facts as HTML, the layers in a column of their own.

    Raises:
        ValueError: no such network.
    """
    known = facts(shelf, name)
    paper, departure = known["paper"], known["departure"]
    counts = f"{cards.amount(known['parameters'])} parameters, {cards.amount(known['macs'])} MACs"
    parts = [
        f'<div class="lab-heading"><h3>{escape(known["network"])}</h3>'
        f"<p>{escape(paper['authors'])}: <cite>{escape(paper['title'])}</cite>, {escape(paper['venue'])}</p></div>",
        f"<p><b>{counts}</b></p>",
        *(f"<p>{escape(text)}</p>" for text in _errors(known["results"])),
        f"<p><b>Departs from its paper:</b> {escape(departure or 'in nothing that is known')}</p>",
        _way(known),
    ]
    said = f'<div class="lab-about">{"".join(parts)}</div>'
    return f'<div class="lab-columns lab-wide">{said}<div class="lab-about">{_layers(known["layers"])}</div></div>'


def _errors(results: list[dict[str, Any]]) -> Iterator[str]:
    from lit_cnns.papers import words

    for result in results[:3]:
        figures = [f"top-{k} error {result[f'top{k}_error']} %" for k in (1, 5) if f"top{k}_error" in result]
        yield f"Its paper prints {', '.join(figures)} ({result['dataset']}, {words.measured(result)})."


def _way(known: dict[str, Any]) -> str:
    """How one comes to a checkpoint of a network."""
    if there := known["checkpoints"]:
        labels = "".join(f"<li>{escape(one['label'])}</li>" for one in there)
        return f"<p><b>In the list:</b></p><ul>{labels}</ul>"
    commands = escape("\n".join(known["commands"]))
    return f"<p><b>No checkpoint here.</b> What trains one:</p><pre>{commands}</pre>"


def _layers(rows: list[dict[str, Any]]) -> str:
    from lit_cnns.papers import words

    body = "".join(
        f"<tr><th scope='row'>{escape(layer['name'])}</th><td>{escape(words.operation(layer))}</td>"
        f"<td>{escape(words.settings(layer))}</td><td>{words.size(layer['out'])}</td>"
        f"<td>{layer.get('params') or 0:,}</td></tr>"
        for layer in words.folded(rows)
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("layer", "op", "settings", "out", "parameters"))
    return (
        f'<div class="lab-scroll" tabindex="0"><table class="lab-layers"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
