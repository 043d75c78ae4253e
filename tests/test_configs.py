"""Every YAML that ships can be parsed, dumped and built."""

import lightning as L
import pytest
import torch
import yaml
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser

import lit_cnns.data
import lit_cnns.lineage
from lit_cnns import LINEAGE
from lit_cnns.recipes import config_names, find_config

NETWORKS = [name for name in config_names() if not name.startswith("trainer/")]


@pytest.fixture(scope="module")
def parser():
    parser = LightningArgumentParser(exit_on_error=False)
    parser.add_lightning_class_args(L.LightningModule, "model", subclass_mode=True, required=False)
    parser.add_lightning_class_args(L.LightningDataModule, "data", subclass_mode=True, required=False)
    parser.add_lightning_class_args(L.Trainer, "trainer")
    parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
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
        return all(key in whole and _contains(whole[key], value) for key, value in part.items())
    return whole == part


def test_every_network_with_a_recipe_of_its_paper_has_its_yaml():
    have = {name.split("/")[0] for name in NETWORKS}
    assert set(LINEAGE) <= have
