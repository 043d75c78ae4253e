"""Every network is its paper's table: parameters, multiply-accumulates, weight layers, the shape after each row."""

import functools
import math
import re

import pytest
import torch
from torch import nn

from lit_cnns import papers
from lit_cnns.features import count, weight_layers
from lit_cnns.lineage import LINEAGE
from lit_cnns.models import LeNet5

WITH_HEADS = [name for name, row in papers.rows().items() if "aux_heads" in row]
DEEPEST = ("resnet1202_cifar", "preresnet1001_cifar")
every_network = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in DEEPEST else name for name in LINEAGE]
)


@functools.cache
def network(name: str) -> nn.Module:
    cls, arguments = LINEAGE[name]
    with torch.device("meta"):
        return cls(**arguments).net.eval()


def pictures(name: str) -> torch.Tensor:
    return torch.empty(2, *papers.row(name)["input_size"], device="meta")


def outputs(net: nn.Module, run, *inputs) -> dict[str, list[int]]:
    """The shape that each module put out for one picture while `run` ran."""
    shapes = {}

    def keep(name):
        return lambda _module, _inputs, output: shapes.update({name: list(output.shape[1:])})

    hooks = [module.register_forward_hook(keep(name)) for name, module in net.named_modules() if name]
    run(*inputs)
    for hook in hooks:
        hook.remove()
    return shapes


@functools.cache
def main_path(name: str) -> dict[str, list[int]]:
    return outputs(network(name), network(name), pictures(name))


def last_module(row: dict) -> str:
    """The module after which a row of the table is complete: its activation, where it has one."""
    name, act = row["name"], row.get("act", "softmax").removeprefix("scaled_")
    if act == "softmax":  # the loss's
        return name
    return re.sub(r"^(conv|local|fc|bn|C|S|F|(?=cccp))", lambda kind: act if kind[0] else f"{act}_", name)


def norm(row: dict) -> list[str]:
    return [row["name"].replace("conv", "bn")] if row.get("bn") else []


def params(net: nn.Module, *names: str) -> int:
    return sum(p.numel() for name in names for p in net.get_submodule(name).parameters())


def test_every_row_of_the_papers_is_built():
    assert set(papers.rows()) == set(LINEAGE)


@every_network
def test_parameters_and_macs_are_the_tables(name):
    row, found = papers.row(name), count(network(name), papers.row(name)["input_size"])
    assert found.params == row["params"].get("with_aux", row["params"]["total"])
    assert found.macs == row["macs"]["total"]


@every_network
def test_every_layer_puts_out_the_shape_of_its_row(name):
    rows, found = papers.layer_table(name), main_path(name)
    assert {row["name"]: found[last_module(row)] for row in rows} == {row["name"]: row["out"] for row in rows}


@every_network
def test_every_layer_has_the_parameters_of_its_row(name):
    net, rows = network(name), papers.layer_table(name)
    found = {row["name"]: params(net, row["name"], *norm(row)) for row in rows}
    assert found == {row["name"]: row.get("params", 0) for row in rows}


@every_network
def test_every_layer_costs_the_macs_of_its_row(name):
    net, shapes = network(name), main_path(name)

    def macs(path: str, module: nn.Module) -> int:
        if own := getattr(module, "macs", None):
            return own(torch.empty(1, *shapes[path], device="meta"))
        if isinstance(module, nn.Conv2d):
            return module.weight[0].numel() * math.prod(shapes[path])
        return module.weight.numel() if isinstance(module, nn.Linear) else 0

    for row in papers.layer_table(name):
        inside = net.get_submodule(row["name"]).named_modules(prefix=row["name"])
        assert sum(macs(path, module) for path, module in inside) == row.get("macs", 0), row["name"]


def convolution(net: nn.Module, name: str, bn: bool) -> tuple[nn.Conv2d, nn.Module | None]:
    """A convolution inside a module and its batch norm: together under the row's name, or as `conv1` and `bn1`."""
    found = net.get_submodule(name)
    if isinstance(found, nn.Sequential):
        return found.conv, found.bn
    return found, net.get_submodule(name.replace(".conv", ".bn")) if bn else None


@pytest.mark.parametrize(
    "name", [n for n, row in papers.rows().items() if any(x["op"] == "use" for x in row["layers"])]
)
def test_every_convolution_inside_a_module_is_its_row(name):
    net, row = network(name), papers.row(name)
    for layer in (layer for layer in papers.layer_table(name) if layer["op"] == "use"):
        for inner in papers.module_layers(row["family"], layer):
            if inner["op"] == "conv":
                conv, norm = convolution(net, f"{layer['name']}.{inner['name']}", inner.get("bn", False))
                settings = [inner["k"], inner.get("s", 1), inner.get("p", 0)]
                expected = tuple(tuple(x) if isinstance(x, list) else (x, x) for x in settings)
                assert (conv.kernel_size, conv.stride, conv.padding) == expected, inner
                assert (conv.out_channels, conv.bias is not None) == (inner["c"], inner.get("bias", True)), inner
                assert (norm.eps if norm else None) == (inner.get("bn_eps", 1e-5) if inner.get("bn") else None), inner


@every_network
def test_weight_layers_are_the_papers_where_its_table_does_not_count_otherwise(name):
    said = papers.row(name)["weight_layers"]
    assert weight_layers(network(name)) == (said.get("counted") or said["paper"])


@every_network
def test_the_layers_run_in_the_order_of_the_rows(name):
    order = {module: place for place, module in enumerate(main_path(name))}
    places = [order[last_module(row)] for row in papers.layer_table(name)]
    assert places == sorted(places)


@every_network
def test_no_relu_works_in_place(name):
    assert not any(getattr(module, "inplace", False) for module in network(name).modules())


@pytest.mark.parametrize("name", WITH_HEADS)
def test_auxiliary_heads_are_the_tables(name):
    net = network(name)
    found = outputs(net, net.all_logits, pictures(name))
    for head in papers.row(name)["aux_heads"]:
        for row in head["layers"]:
            assert found[f"{head['name']}.{last_module(row)}"] == row["out"]
            own = [f"{head['name']}.{name}" for name in (row["name"], *norm(row))]
            assert params(net, *own) == row.get("params", 0)
        assert params(net, head["name"]) == head["params"]
        assert count(net.get_submodule(head["name"]), head["input_size"]).macs == head["macs"]


@pytest.mark.parametrize("name", WITH_HEADS)
def test_without_heads_a_network_is_the_main_path(name):
    cls, arguments = LINEAGE[name]
    with torch.device("meta"):
        net = cls(**arguments, aux=False).net
    assert params(net, "") == papers.row(name)["params"]["total"]
    assert list(net.all_logits(pictures(name))) == ["main"]


def test_what_is_set_by_hand_in_lenet_is_not_counted_as_trained():
    assert LeNet5().output.codes.numel() == papers.row("lenet5_1998")["params"]["non_trainable"]
