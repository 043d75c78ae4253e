"""The checkout as a repository of torch.hub."""

import ast
from pathlib import Path

import pytest
import torch

import lit_cnns
from lit_cnns import papers
from lit_cnns.lineage import LINEAGE

ROOT = Path(__file__).parent.parent


def loaded(name, **arguments):
    return torch.hub.load(str(ROOT), name, source="local", **arguments)


@pytest.fixture
def cached(tmp_path):
    """The checkout where torch.hub would have put it: `list` and `help` know no folders."""
    before = torch.hub.get_dir()
    torch.hub.set_dir(tmp_path)
    (tmp_path / "owner_lit-cnns_main").symlink_to(ROOT)
    yield {"github": "owner/lit-cnns:main", "skip_validation": True, "trust_repo": True}
    torch.hub.set_dir(before)


def test_every_network_and_alias_is_an_entry_point_and_nothing_else(cached):
    assert set(torch.hub.list(**cached)) == {*LINEAGE, *papers.aliases()}


def test_help_says_what_the_paper_is_and_what_can_be_set(cached):
    told = torch.hub.help(model="vgg16", **cached)
    assert "vgg_d: Very Deep Convolutional Networks" in told
    assert "num_classes" in told


def test_a_network_is_the_plain_one_under_the_papers_names():
    net = loaded("lenet5", num_classes=4, in_channels=3)
    assert net(torch.randn(2, 3, 32, 32)).shape == (2, 4)
    assert next(name for name, _ in net.named_children()) == "C1"
    with torch.device("meta"):
        assert sum(p.numel() for p in loaded("alexnet", pretrained=False).parameters()) == 60_965_224


def test_weights_that_ship_come_along():
    net = loaded("resnet20_cifar", pretrained=True)
    shipped = lit_cnns.load(ROOT / "demo/lit_cnns_demo/checkpoints/resnet20_cifar_cifar10.ckpt")
    torch.testing.assert_close(net.state_dict(), shipped.net.state_dict())


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("alexnet", {}, "No trained weights of alexnet ship: those of .*resnet20_cifar"),
        ("resnet20_cifar", {"num_classes": 3}, "leave num_classes out"),
    ],
)
def test_weights_that_do_not_ship_are_not_promised(name, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        loaded(name, pretrained=True, **arguments)


def test_its_dependencies_are_those_of_the_package():
    module = ast.parse((ROOT / "hubconf.py").read_text())
    (needed,) = [
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "dependencies"
    ]
    assert {"torch", "lightning", "torchmetrics", "timm"} <= set(needed)
