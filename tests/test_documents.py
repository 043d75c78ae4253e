"""The generated documents: what their scripts make is what lies there, and a reader can follow it."""

import re
import sys
from pathlib import Path

import pytest
import torch

from lit_cnns import papers

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "networks"
PAGES = sorted(FOLDER.glob("*.md"))
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)

sys.path.insert(0, str(ROOT / "docs"))
try:
    import comparison
    import networks
finally:
    sys.path.pop(0)


def test_the_pages_of_the_networks_are_what_the_papers_data_make():
    made = networks.pages()
    assert {page.name for page in PAGES} == set(made), "python docs/networks.py"
    for page in PAGES:
        assert page.read_text() == made[page.name], f"{page.name}: python docs/networks.py"


def test_every_network_has_its_section_with_each_of_its_rows():
    for name, row in papers.rows().items():
        sections = re.split(r"^## ", (FOLDER / f"{row['family']}.md").read_text(), flags=re.MULTILINE)
        section = next(text for text in sections if text.startswith(f"`{name}`"))
        for layer in row["layers"]:
            if layer.get("repeat", 1) == 1 and "module" not in layer:
                assert f"| {layer['name']} | {layer['op']} |" in section


@every_page
def test_what_a_page_links_to_is_there(page):
    for file, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", page.read_text()):
        if "://" not in file:
            target = page.parent / file if file else page
            heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert not anchor or anchor in {
                head.lower().replace("`", "").replace(" ", "-").rstrip("?") for head in heads
            }


@every_page
def test_no_cell_of_a_table_is_wider_than_a_reader_takes_in(page):
    cells = [cell for line in page.read_text().splitlines() if line.startswith("|") for cell in line.split(" | ")]
    assert max(map(len, cells), default=0) <= 170


@every_page
def test_the_python_of_a_page_runs(page):
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        with torch.device("meta"):
            exec(block, {})


@pytest.mark.parametrize(
    ("words", "count", "agrees"),
    [
        ("60000", 60_000, True),
        ("133 million", 132_863_336, True),
        ("60 million", 60_965_224, False),
        ("3.6e9", 3_644_493_824, True),
        ("3.6e9", 3_663_761_408, False),
        ("0.27M", 269_722, True),
        ("6797.7K with K = 1024", 6_998_552, False),
        ("about 30% more than GoogLeNet", 2_018_851_840, False),
    ],
)
def test_a_count_agrees_with_a_printed_figure_that_it_rounds_to(words, count, agrees):
    assert comparison.stated({"params": {"paper": words}}, "params").agrees(count) == agrees


@pytest.mark.parametrize("kind", ["params", "macs"])
def test_a_papers_figure_that_differs_is_refused_without_a_reason(kind):
    row = {**papers.row("zfnet"), kind: {"total": 10, "paper": "20"}}
    with pytest.raises(ValueError, match=r"zfnet: the paper's 20 .* has no note why"):
        comparison.reasons(row)


def test_a_namesakes_count_that_differs_is_refused_without_a_reason():
    row = papers.row("vgg_d")
    checks = [{**check, "params": 1, "why": ""} for check in row["crosschecks"]]
    with pytest.raises(ValueError, match=r"torchvision\.vgg16 differs"):
        comparison.reasons({**row, "crosschecks": checks})
