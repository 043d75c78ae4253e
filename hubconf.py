"""The lineage through torch.hub: `torch.hub.load("DIR_OR_REPOSITORY", "alexnet", num_classes=10)`.

Every network and alias of `lit-cnns models` is an entry point. It gives the plain `nn.Module` under the paper's layer
names, initialised as its paper says. torch.hub lists what is callable here and has no underscore.
"""

from pathlib import Path as _Path

from torch import nn

from lit_cnns import papers
from lit_cnns.checkpoints import load as _load
from lit_cnns.lineage import LINEAGE
from lit_cnns.lineage import build as _build

dependencies = ["torch", "torchvision", "lightning", "torchmetrics", "yaml", "timm"]
SHIPPED = {path.stem: path for path in sorted(_Path(__file__).parent.glob("demo/lit_cnns_demo/checkpoints/*.ckpt"))}


def _trained(name: str) -> nn.Module:
    """The network with the weights that ship in the lab."""
    rows = {stem: row for stem in SHIPPED for row in LINEAGE if stem.rpartition("_")[0] == row}
    found = [SHIPPED[stem] for stem, row in rows.items() if row == papers.canonical(name)]
    if not found:
        raise ValueError(
            f"No trained weights of {name} ship: those of {', '.join(sorted(rows.values()))} do. `lit-cnns convert` "
            "and `lit-cnns pull` bring others."
        )
    return _load(found[0]).net


def _entry_point(name: str):
    def network(pretrained: bool = False, **arguments) -> nn.Module:
        if not pretrained:
            return _build(name, **arguments).net
        if arguments:
            raise ValueError(
                f"With pretrained=True the network is as it was trained; leave {', '.join(arguments)} out."
            )
        return _trained(name)

    row = papers.row(name)
    title = row["paper"].get("title", "")
    cls = LINEAGE[papers.canonical(name)][0]
    network.__name__ = network.__qualname__ = name
    network.__doc__ = f"""{papers.canonical(name)}: {title} ({row["paper"].get("year", "")}).

    Args:
        pretrained: with weights that ship, for those networks that have them.
        arguments: of `{cls.__name__}`, such as num_classes and in_channels.

    {cls.__doc__}"""
    return network


globals().update({_name: _entry_point(_name) for _name in (*LINEAGE, *papers.aliases())})
