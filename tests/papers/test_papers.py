"""The reader of the papers' data: one name per network, aliases, repeated rows spelt out, sums that add up."""

import subprocess
import sys

import pytest

from lit_cnns import papers
from lit_cnns.evaluation import PROTOCOLS


def test_families_stand_oldest_first():
    assert papers.families()[:2] == ["lenet", "alexnet"]
    years = [row["paper"]["year"] for row in papers.rows().values() if row["name"] in {"alexnet", "vgg_d", "resnet50"}]
    assert years == sorted(years)


def test_every_row_knows_its_name_and_family():
    for name, row in papers.rows().items():
        assert row["name"] == name
        assert row["family"] in papers.families()
        assert {"paper", "input_size", "output_size", "layers", "params", "macs", "recipe"} <= set(row)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("lenet5", "lenet5_1998"),
        ("alexnet", "alexnet"),
        ("vgg11", "vgg_a"),
        ("vgg13", "vgg_b"),
        ("vgg16", "vgg_d"),
        ("vgg19", "vgg_e"),
        ("googlenet", "googlenet"),
        ("resnet18", "resnet18_b"),
        ("resnet34", "resnet34_b"),
        ("resnet50", "resnet50"),
    ],
)
def test_the_common_names_lead_to_the_papers_networks(alias, name):
    assert papers.canonical(alias) == name
    assert papers.row(alias) is papers.row(name)


def test_every_alias_leads_to_a_network_and_hides_none():
    for alias, name in papers.aliases().items():
        assert name in papers.rows()
        assert alias not in papers.rows()


def test_a_result_names_its_protocol_as_evaluation_has_it_and_its_scales_where_it_has_its_own():
    results = [result for row in papers.rows().values() for result in row.get("results", [])]
    assert {result["views"] for result in results if "views" in result} == set(PROTOCOLS)
    for result in results:
        if result.get("views") in ("dense", "multi_scale"):
            assert (len(result["sides"]) > 1) == (result["views"] == "multi_scale")


@pytest.mark.parametrize(("name", "near"), [("resnet5", "resnet50"), ("vgg-16", "vgg16"), ("lenett5", "lenet5")])
def test_an_unknown_name_is_refused_with_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"There is no network '{name}'; did you mean .*{near}"):
        papers.row(name)


def test_a_name_like_no_other_is_refused_with_where_to_look():
    with pytest.raises(ValueError, match=r"no network 'qqqq'; `lit-cnns models` lists all"):
        papers.canonical("qqqq")


def test_repeated_blocks_are_rows_of_their_own():
    names = [row["name"] for row in papers.layer_table("resnet50")]
    assert [name for name in names if name.startswith("conv4")] == [f"conv4_{place}" for place in range(1, 7)]
    assert not any(name.endswith("_rest") for name in names)
    assert len(papers.layer_table("resnet1202_cifar")) == 1 + 3 * 200 + 2


def test_repeated_modules_are_counted_from_one():
    names = [row["name"] for row in papers.layer_table("inception_v4")]
    assert [name for name in names if name.startswith("inception_a")] == [
        f"inception_a_{place}" for place in (1, 2, 3, 4)
    ]


def test_the_rows_inside_a_module_have_its_arguments_in_their_places():
    layer = next(row for row in papers.row("inception_v3")["layers"] if row["name"] == "mixed_6c")
    widths = {row["name"]: row["c"] for row in papers.module_layers("inception", layer) if row["op"] == "conv"}
    assert (widths["b7_reduce"], widths["d7_3"], widths["d7_4"]) == (160, 160, 192)


@pytest.mark.parametrize("name", papers.rows())
@pytest.mark.parametrize("figure", ["params", "macs"])
def test_the_rows_of_a_table_add_up_to_its_total(name, figure):
    row = papers.row(name)
    assert sum(layer.get(figure, 0) for layer in papers.layer_table(name)) == row[figure]["total"]


def test_an_adaptation_says_so():
    assert {name for name, row in papers.rows().items() if row.get("adaptation")} == {"vgg_cifar", "googlenet_cifar"}


def test_the_other_files_are_read_too():
    assert papers.claims()
    assert papers.told()
    assert papers.ilsvrc()


def test_importing_the_reader_reads_nothing_and_imports_neither_torch_nor_yaml():
    code = "import sys; from lit_cnns import papers; assert not {'torch', 'yaml'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_timeline_has_the_figures_of_the_papers_and_no_others():
    points = {point["network"]: point for point in papers.timeline()}
    assert list(points) == list(papers.rows())
    assert points["resnet152"]["top5"] == {"top5_error": 5.71, "dataset": "ILSVRC-2012 val", "protocol": "10-crop"}
    assert (points["lenet5_1998"]["year"], points["lenet5_1998"]["top5"]) == (1998, None)
    assert points["alexnet_bvlc"]["top5"] is None, "what others measured is not the paper's"
    assert points["googlenet"]["weight_layers"] == 22
