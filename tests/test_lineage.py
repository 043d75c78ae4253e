"""One contract over the whole lineage, and the papers' hyperparameters as defaults."""

import inspect

import pytest
import torch
import yaml

import lit_cnns
from lit_cnns import LINEAGE, papers
from lit_cnns.checkpoints import load, save_slim
from lit_cnns.optimisation import check_schedule
from lit_cnns.recipes import config_names, find_config

SMALLEST = ["lenet5_1998", "lenet5_modern", "alexnet_cifar_13pct", "vgg_cifar", "googlenet_cifar", "resnet20_cifar"]


def on_meta(name, **arguments):
    with torch.device("meta"):
        return lit_cnns.build(name, **arguments)


@pytest.mark.parametrize("name", LINEAGE)
def test_logits_have_one_shape_in_train_and_eval(name):
    module = on_meta(name, num_classes=7)
    pictures = torch.empty(2, module.net.in_channels, module.net.image_size, module.net.image_size, device="meta")
    for mode in (True, False):
        module.train(mode)
        assert module(pictures).shape == (2, 7)


@pytest.mark.parametrize("name", SMALLEST)
@pytest.mark.parametrize("channels", [1, 4])
def test_every_parameter_gets_a_gradient_whatever_the_channels(name, channels):
    torch.manual_seed(0)
    module = lit_cnns.build(name, num_classes=7, in_channels=channels)
    side = module.net.image_size
    module.loss(torch.randn(4, channels, side, side), torch.tensor([0, 3, 5, 6])).backward()
    assert [n for n, p in module.named_parameters() if p.grad is None or not p.grad.isfinite().all()] == []


@pytest.mark.parametrize("name", SMALLEST)
def test_it_comes_back_from_its_path_with_the_same_logits(name, tmp_path):
    module = lit_cnns.build(name, num_classes=7).eval()
    save_slim(module, tmp_path / "net.ckpt", half=False)
    pictures = torch.randn(2, module.net.in_channels, module.net.image_size, module.net.image_size)
    with torch.no_grad():
        torch.testing.assert_close(load(tmp_path / "net.ckpt")(pictures), module(pictures))


def test_what_a_class_fixes_for_its_parent_is_no_argument_of_its_checkpoint():
    class Steady(LINEAGE["resnet20_cifar"][0]):
        def __init__(self, depth: int = 20, **training):
            super().__init__(depth, 3, momentum=0.5, **training)

    assert Steady(lr=0.2).describe()["args"] == {"depth": 20, "lr": 0.2}


@pytest.mark.parametrize("name", ["lenet5_1998", "googlenet_cifar", "alexnet_cifar_11pct"])
def test_soft_labels_of_one_class_cost_what_the_class_costs(name):
    module = lit_cnns.build(name).eval()
    side, labels = module.net.image_size, torch.tensor([1, 4])
    pictures = torch.randn(2, module.net.in_channels, side, side)
    soft = torch.nn.functional.one_hot(labels, 10).float()
    torch.testing.assert_close(module.loss(pictures, labels), module.loss(pictures, soft))


def test_auxiliary_heads_cost_three_tenths_each():
    module = lit_cnns.build("googlenet_cifar").eval()
    pictures, labels = torch.randn(2, 3, 32, 32), torch.tensor([1, 4])
    costs = {k: module.criterion(v, labels).mean() for k, v in module.net.all_logits(pictures).items()}
    torch.testing.assert_close(module.loss(pictures, labels), costs["main"] + 0.3 * (costs["aux1"] + costs["aux2"]))


def test_lenet5_of_1998_costs_what_equation_9_says():
    module = lit_cnns.build("lenet5_1998", rubbish=2.0)
    distances = torch.tensor([[1.0, 5.0, 3.0]])
    expected = 1.0 + torch.log(torch.exp(torch.tensor([-2.0, -1.0, -5.0, -3.0])).sum())
    torch.testing.assert_close(module.criterion(-distances, torch.tensor([0]))[0], expected)


@pytest.mark.parametrize("name", ["lenet5_1998", "lenet5_modern"])
def test_a_picture_that_cannot_be_read_costs_nothing(name):
    module = lit_cnns.build(name)
    costs = module.criterion(torch.tensor([[-3.0] * 9 + [-1.0]] * 2), torch.tensor([9, -100]), smoothing=0.1)
    assert costs[1] == 0
    assert costs[0] > 0


def test_lenet5_of_1998_smooths_its_labels_when_asked():
    logits, label = -torch.arange(10.0)[None], torch.tensor([0])
    costs = [lit_cnns.build("lenet5_1998").criterion(logits, label, share).item() for share in (0.0, 0.2)]
    assert costs[1] - costs[0] == pytest.approx(0.2 * 4.5)  # a fifth of the label costs the mean distance, 4.5, more


@pytest.mark.parametrize("name", [n for n in LINEAGE if "adaptation" not in papers.row(n)])
def test_optimiser_defaults_are_the_papers(name):
    recipe, module = papers.row(name)["recipe"], on_meta(name)
    for ours, theirs in (("lr", "lr"), ("momentum", "momentum"), ("weight_decay", "weight_decay")):
        if isinstance(recipe.get(theirs), int | float) and not (name == "lenet5_1998" and ours == "lr"):
            assert getattr(module, ours) == recipe[theirs]
    assert module.optimizer == "sgd"
    check_schedule(module.schedule, module.schedule_args)


def test_googlenet_takes_from_bvlc_what_its_paper_leaves_out():
    module = on_meta("googlenet")
    assert (module.lr, module.momentum, module.weight_decay) == (0.01, 0.9, 2e-4)
    assert (module.schedule, module.schedule_args) == ("decay", {"factor": 0.96, "every": 8})


def test_the_cifar_alexnets_decay_their_last_three_layers_alone_and_their_biases_learn_twice_as_fast():
    groups = lit_cnns.build("alexnet_cifar_11pct").parameter_groups()
    assert [g["weight_decay"] for g in groups] == [0, 0, 0.004, 0.004, 0.01, 0]
    assert groups[-1]["lr"] == pytest.approx(0.002)


def test_alexnet_starts_with_biases_of_one_where_the_paper_has_them():
    net = lit_cnns.build("alexnet_one_gpu_half", num_classes=2).net
    ones = [
        name for name, layer in net.named_children() if getattr(layer, "bias", None) is not None and layer.bias[0] == 1
    ]
    assert ones == ["conv2", "conv4", "conv5", "fc6", "fc7"]
    assert float(net.conv1.weight.detach().std()) == pytest.approx(0.01, rel=0.05)


IMAGENET = [n for n in config_names() if n.endswith("/imagenet")]


@pytest.mark.parametrize("name", IMAGENET)
def test_imagenet_yamls_have_the_papers_batch_and_length(name):
    config, recipe = yaml.safe_load(find_config(name).read_text()), papers.row(name.split("/")[0])["recipe"]
    if isinstance(recipe.get("batch_size"), int):
        assert config["data"]["init_args"]["global_batch_size"] == recipe["batch_size"]
    if isinstance(recipe.get("epochs"), int):
        assert config["trainer"]["max_epochs"] == recipe["epochs"]


def test_build_takes_aliases_and_16_means_d():
    assert on_meta("vgg16").hparams.config == "D"
    with pytest.raises(ValueError, match="did you mean"):
        lit_cnns.build("alexnett")


def test_plain_values_alone_are_arguments():
    for cls in {cls for cls, _ in LINEAGE.values()}:
        kinds = {p.annotation for p in inspect.signature(cls.__init__).parameters.values()}
        assert kinds <= {str, int, float, bool, inspect.Parameter.empty} | {
            p.annotation for p in inspect.signature(cls.__init__).parameters.values() if p.kind is p.VAR_KEYWORD
        }
