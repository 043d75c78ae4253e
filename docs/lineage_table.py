"""Write the README's table of the lineage from `lit_cnns.papers`: `python docs/lineage_table.py`."""

from pathlib import Path

from lit_cnns import papers

README = Path(__file__).parent.parent / "README.md"
START, END = "<!-- lineage:start (python docs/lineage_table.py) -->\n", "<!-- lineage:end -->\n"
SHOWN = [
    *("lenet5_1998", "alexnet", "alexnet_cifar_13pct", "zfnet", "nin_cifar10"),
    *("vgg_d", "vgg_e", "vgg_cifar", "googlenet", "googlenet_cifar"),
    *("bn_inception", "inception_v3"),
    *("resnet18_a", "resnet34_b", "resnet50", "resnet152", "plain34", "resnet20_cifar", "resnet110_cifar"),
    *("inception_v4", "inception_resnet_v2", "preresnet200", "preresnet164_cifar"),
]


def error(row: dict) -> str:
    """The paper's own error of one network, with its conditions: the first that `papers/` lists."""
    if row.get("adaptation"):
        return "not in the paper: an adaptation to small pictures"
    result = row["results"][0]
    figures = [f"{kind} {result[f'{kind}_error']}%" for kind in ("top1", "top5") if f"{kind}_error" in result]
    return f"{', '.join(figures).replace('top', 'top-')} ({result['dataset']}, {result['protocol']})"


def amount(count: int) -> str:
    """A count in three digits: 60.0 k, 25.6 M, 15.5 G."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= unit:
            return f"{count / unit:#.3g}".rstrip(".") + name
    return str(count)


def table() -> str:
    rows, other_names = papers.rows(), {name: alias for alias, name in papers.aliases().items()}
    lines = ["| network | year | error as its paper prints it | parameters | MACs |", "|---|---|---|--:|--:|"]
    for name in SHOWN:
        row = rows[name]
        params, macs = amount(row["params"]["total"]), amount(row["macs"]["total"])
        names = f"`{name}`, `{other_names[name]}`" if name in other_names else f"`{name}`"
        lines.append(f"| {names} | {row['paper']['year']} | {error(row)} | {params} | {macs} |")
    return "\n".join(lines) + "\n"


def written_into(text: str) -> str:
    """The text with the table between its two marks."""
    before, rest = text.split(START)
    return before + START + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(written_into(README.read_text()))
