"""Write the table of the lineage into both READMEs from `lit_cnns.papers`: `python docs/lineage_table.py`."""

from pathlib import Path
from typing import NamedTuple

from lit_cnns import papers

ROOT = Path(__file__).parent.parent


ADAPTED = "not in the paper: an adaptation to small pictures"


class Words(NamedTuple):
    """What the table says in a language, beside names, figures and the papers' own protocols."""

    head: str
    adapted: str


READMES = {
    ROOT / "README.md": Words(
        "| network | year | error as its paper prints it | parameters | MACs |",
        ADAPTED,
    ),
    ROOT / "README.ko.md": Words(
        "| 신경망 | 연도 | 논문에 적힌 오차 | 매개변수 | MACs |",
        "논문에 없음: 작은 사진에 맞춘 신경망",
    ),
}
START, END = "<!-- lineage:start (python docs/lineage_table.py) -->\n", "<!-- lineage:end -->\n"
SHOWN = [
    *("lenet5_1998", "alexnet", "alexnet_cifar_13pct", "zfnet", "nin_cifar10"),
    *("vgg_d", "vgg_e", "vgg_cifar", "googlenet", "googlenet_cifar"),
    *("bn_inception", "inception_v3"),
    *("resnet18_a", "resnet34_b", "resnet50", "resnet152", "plain34", "resnet20_cifar", "resnet110_cifar"),
    *("inception_v4", "inception_resnet_v2", "preresnet200", "preresnet164_cifar"),
]


def error(row: dict, adapted: str = ADAPTED) -> str:
    """The paper's own error of one network, with its conditions: the first that `papers/` lists."""
    if row.get("adaptation"):
        return adapted
    result = row["results"][0]
    figures = [f"{kind} {result[f'{kind}_error']}%" for kind in ("top1", "top5") if f"{kind}_error" in result]
    return f"{', '.join(figures).replace('top', 'top-')} ({result['dataset']}, {result['protocol']})"


def amount(count: int) -> str:
    """A count in three digits: 60.0 k, 25.6 M, 15.5 G."""
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= unit:
            return f"{count / unit:#.3g}".rstrip(".") + name
    return str(count)


def table(words: Words) -> str:
    rows, other_names = papers.rows(), {name: alias for alias, name in papers.aliases().items()}
    lines = [words.head, "|---|---|---|--:|--:|"]
    for name in SHOWN:
        row = rows[name]
        params, macs = amount(row["params"]["total"]), amount(row["macs"]["total"])
        names = f"`{name}`, `{other_names[name]}`" if name in other_names else f"`{name}`"
        lines.append(f"| {names} | {row['paper']['year']} | {error(row, words.adapted)} | {params} | {macs} |")
    return "\n".join(lines) + "\n"


def written_into(text: str, words: Words) -> str:
    """The text with the table between its two marks."""
    before, rest = text.split(START)
    return before + START + table(words) + END + rest.split(END)[1]


if __name__ == "__main__":
    for readme, words in READMES.items():
        readme.write_text(written_into(readme.read_text(), words))
