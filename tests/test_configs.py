"""Every YAML that ships can be parsed, dumped and built, and says what it expects."""

import csv
import re
from pathlib import Path
from statistics import mean

import lightning as L
import pytest
import torch
import yaml
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser

import lit_cnns.data
import lit_cnns.lineage
from lit_cnns import LINEAGE, papers
from lit_cnns.recipes import config_names, find_config
from lit_cnns.verification import Expectation

NETWORKS = [name for name in config_names() if not name.startswith("trainer/")]
DOCS = Path(__file__).parent.parent / "docs"
PUBLISHED = re.compile(r"the (?:paper|model zoo)(?P<unconfirmed> \(unconfirmed\))?, (?P<figure>.*)")
NOBODY = "no published figure for this recipe"


@pytest.fixture(scope="module")
def parser():
    parser = LightningArgumentParser(exit_on_error=False)
    parser.add_lightning_class_args(L.LightningModule, "model", subclass_mode=True, required=False)
    parser.add_lightning_class_args(L.LightningDataModule, "data", subclass_mode=True, required=False)
    parser.add_lightning_class_args(L.Trainer, "trainer")
    parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
    parser.add_argument("--expects", type=dict | None)
    parser.add_argument("--init_from", type=str | None)
    parser.add_argument("--init_layers", type=list[str])
    parser.add_argument("--fast", type=bool, default=False)
    return parser


@pytest.mark.parametrize("name", NETWORKS)
def test_a_recipe_is_parsed_dumped_and_its_network_built(parser, name):
    config = parser.parse_path(find_config(name))
    assert yaml.safe_load(parser.dump(config))["data"]["class_path"] == config.data.class_path
    cls = getattr(lit_cnns.lineage, config.model.class_path.rpartition(".")[2])
    with torch.device("meta"):
        module = cls(**config.model.init_args)
    data = getattr(lit_cnns.data, config.data.class_path.rpartition(".")[2])(**config.data.init_args)
    assert data.global_batch_size == config.data.init_args.global_batch_size
    network = name.split("/")[0]
    built, arguments = LINEAGE[network]
    assert type(module) is built
    assert {key: module.hparams[key] for key in arguments} == arguments


@pytest.mark.parametrize("name", [name for name in config_names() if name.startswith("trainer/")])
def test_an_overlay_is_parsed_on_top_of_a_recipe(parser, name):
    overlay = yaml.safe_load(find_config(name).read_text())
    assert set(overlay) <= {"trainer", "fast"}
    dumped = yaml.safe_load(parser.dump(parser.parse_path(find_config(name))))["trainer"]
    assert _contains(dumped, overlay["trainer"])


def _contains(whole, part):
    if isinstance(part, dict):
        names = {key: key.removesuffix("+") for key in part}  # callbacks+ appends
        return all(names[key] in whole and _contains(whole[names[key]], value) for key, value in part.items())
    if isinstance(part, list):
        return all(any(_contains(one, other) for one in whole) for other in part)
    return whole == part


def test_every_network_with_a_recipe_of_its_paper_has_its_yaml():
    have = {name.split("/")[0] for name in NETWORKS}
    assert set(LINEAGE) <= have


def expectation(name):
    return Expectation.of(yaml.safe_load(find_config(name).read_text())["expects"])


def published(name):
    """The papers' figures for the network, by what an expectation's source names them."""
    results = papers.row(name.split("/")[0])["results"]
    own = [r for r in results if r.get("models") == 1 and "re-training" not in r.get("note", "")]
    return {f"{r['dataset']}, {r['protocol']}": r for r in own}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_recipe_expects_is_what_was_published_or_measured(name):
    expected = expectation(name)
    if found := PUBLISHED.fullmatch(expected.source):
        result = published(name)[found["figure"]]
        for key, value in (("top1", expected.top1), ("top5", expected.top5)):
            assert value == (pytest.approx(100 - result[f"{key}_error"]) if f"{key}_error" in result else None)
        assert bool(found["unconfirmed"]) == bool(result.get("unconfirmed"))
        assert expected.protocol == result.get("views", expected.protocol)
        assert expected.scales == result.get("sides", [])
        assert expected.pictures == (50_000 if result["dataset"].startswith("ILSVRC") else 10_000)
    elif expected.source.startswith("measured here"):
        line = next(line for line in (DOCS / "results.md").read_text().splitlines() if recipe_row(name, line))
        shares = re.findall(r"([\d.]+)%", line)
        assert expected.top1 == float(shares[-1])  # the last column of shares is the test's
    else:
        assert (expected.source, expected.figures) == (NOBODY, {})


def recipe_row(name, line):
    """Whether a line of docs/results.md is a recipe's; the table of the digits has the network alone."""
    return line.startswith((f"| `{name}`", f"| `{name.removesuffix('/digits')}` |"))


@pytest.mark.parametrize("name", [name for name in NETWORKS if expectation(name).by_epoch])
def test_milestones_are_the_mean_of_the_curves_that_were_measured(name):
    curves = []
    for path in DOCS.glob(f"results/{name.replace('/', '_')}_[0-9].csv"):
        with path.open(newline="") as file:
            curves.append({int(row["epoch"]): 100 * float(row["val/top1"]) for row in csv.DictReader(file)})
    for epoch, figure in expectation(name).by_epoch.items():
        assert figure == pytest.approx(mean(curve[epoch] for curve in curves), abs=0.006)


def test_every_curve_that_was_measured_gives_its_recipe_milestones():
    stems = {re.sub(r"_\d$", "", path.stem) for path in DOCS.glob("results/*.csv")}
    assert stems == {name.replace("/", "_") for name in NETWORKS if expectation(name).by_epoch}
