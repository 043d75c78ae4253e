"""One contract over the whole lineage, and the papers' hyperparameters as defaults."""

import inspect
import re

import lightning as L
import pytest
import torch
import yaml
from torch.utils.data import DataLoader, TensorDataset

import lit_cnns
from lit_cnns import LINEAGE, papers
from lit_cnns.checkpoints import load, save_slim
from lit_cnns.optimisation import check_schedule
from lit_cnns.recipes import config_names, find_config

SMALLEST = [
    *("lenet5_1998", "lenet5_modern", "alexnet_cifar_13pct", "nin_cifar10", "vgg_cifar", "googlenet_cifar"),
    *("bn_inception", "resnet20_cifar", "preresnet110_cifar"),
]


def on_meta(name, **arguments):
    with torch.device("meta"):
        return lit_cnns.build(name, **arguments)


DEEPEST = ("resnet1202_cifar", "preresnet1001_cifar")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in DEEPEST else n for n in LINEAGE])
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


def test_the_one_head_of_inception_v3_costs_four_tenths_and_labels_are_smoothed():
    torch.manual_seed(0)
    module = lit_cnns.build("inception_v3", num_classes=3).eval()
    pictures, labels = torch.randn(1, 3, 299, 299), torch.tensor([1])
    with torch.no_grad():
        costs = {k: module.criterion(v, labels, 0.1).mean() for k, v in module.net.all_logits(pictures).items()}
        torch.testing.assert_close(module.loss(pictures, labels), costs["main"] + 0.4 * costs["aux"])


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


def number(recipe, key):
    """A recipe's figure, where it prints one: bare, or as a value with a note."""
    said = recipe.get(key)
    said = said.get("value") if isinstance(said, dict) else said
    return said if isinstance(said, int | float) else None


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
    for key in ("lr", "momentum", "weight_decay", "label_smoothing"):
        said = number(recipe, key)
        if said is not None and not (name == "lenet5_1998" and key == "lr"):
            assert getattr(module, key) == said
    assert module.optimizer == ("rmsprop_tf" if recipe.get("optimizer", "").startswith("RMSProp") else "sgd")
    check_schedule(module.schedule, module.schedule_args)


@pytest.mark.parametrize("name", ["inception_v3", "inception_v4", "inception_resnet_v2"])
def test_inception_v3_and_its_followers_have_the_papers_rmsprop_and_clip_gradients(name):
    recipe, module = papers.row(name)["recipe"], on_meta(name)
    decay, epsilon = re.match(r"RMSProp, decay ([\d.]+), epsilon ([\d.]+)", recipe["optimizer"]).groups()
    assert module.optimizer_args == {"alpha": float(decay), "eps": float(epsilon)}
    assert recipe["schedule"] == "times 0.94 every two epochs"
    assert (module.schedule, module.schedule_args) == ("decay", {"factor": 0.94, "every": 2})
    trainer = yaml.safe_load(find_config(f"{name}/imagenet").read_text())["trainer"]
    assert trainer["gradient_clip_val"] == number(recipe, "grad_clip")


def test_inception_v2_is_the_run_of_30_times_the_rate_that_falls_6_times_as_fast():
    module, recipe = on_meta("inception_v2"), papers.row("bn_inception")["recipe"]
    assert module.lr == recipe["lr"]["bn_x30"]
    assert module.weight_decay == pytest.approx(on_meta("googlenet").weight_decay / 5)
    assert module.schedule_args["every"] == pytest.approx(on_meta("googlenet").schedule_args["every"] / 6)


def test_inception_v3_starts_from_the_standard_deviations_of_its_released_code():
    net = lit_cnns.build("inception_v3").net
    said = {"conv5": 0.1, "mixed_6a.b3.conv": 0.1, "aux.conv1": 0.1, "aux.conv2": 0.01, "aux.fc": 0.001, "fc": 0.01}
    for layer, std in said.items():
        assert float(net.get_submodule(layer).weight.detach().abs().max()) == pytest.approx(2 * std, rel=0.05)
    assert not hasattr(on_meta("inception_v3", aux=False).net, "aux")  # and so nothing of it to start


def test_the_other_inceptions_start_by_the_rule_of_their_released_code():
    names = ("bn_inception", "inception_v4", "inception_resnet_v2")
    assert [LINEAGE[name][0].PAPER_INIT[0] for name in names] == ["he_fan_in", "he_fan_in", "glorot"]
    conv2 = lit_cnns.build("bn_inception", num_classes=2).net.conv2
    assert float(conv2.weight.detach().std()) == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


@pytest.mark.parametrize("name", ["preresnet110_cifar", "preresnet164_cifar", "preresnet1001_cifar"])
def test_pre_activation_resnets_for_cifar_warm_up_at_a_tenth_for_400_steps(name):
    arguments = on_meta(name).schedule_args
    assert (arguments["warmup"], arguments["warmup_from"], arguments["warmup_shape"]) == (400, 0.1, "constant")
    assert (arguments["milestones"], arguments["unit"]) == ([32_000, 48_000], "step")


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


def test_the_one_tower_alexnet_ends_at_one_250th_of_its_rate():
    module = on_meta("alexnet_owt")
    assert module.schedule_args["milestones"] == [90 / 4, 90 / 2, 90 * 3 / 4]
    assert module.schedule_args["factor"] ** 3 == pytest.approx(1 / 250)


def test_zfnet_scales_back_the_kernels_that_grew_too_large_after_a_step():
    torch.manual_seed(0)
    module = lit_cnns.build("zfnet", num_classes=2)
    optimizer = module.configure_optimizers()
    for layer in (module.net.conv1, module.net.conv3, module.net.fc6):
        layer.weight.detach().mul_(20)  # to a standard deviation of 0.2
    module.net.conv1.weight.detach()[0] = 0.05
    before = module.net.fc6.weight.detach().clone()
    optimizer.step()
    rms = module.net.conv1.weight.detach().square().mean((1, 2, 3)).sqrt()
    assert rms[0] == pytest.approx(0.05)
    assert rms[1:].tolist() == pytest.approx([0.1] * 95)
    assert module.net.conv3.weight.detach().square().mean((1, 2, 3)).sqrt().max() == pytest.approx(0.1)
    assert torch.equal(module.net.fc6.weight, before)


def test_network_in_network_learns_biases_twice_as_fast_and_its_last_layer_at_a_tenth():
    module = on_meta("nin_cifar10")
    rates = [(group["params"][0].ndim, group["lr"]) for group in module.parameter_groups()]
    assert rates == [(4, 0.1)] * 8 + [(4, 0.1 / 10)] + [(1, 0.2)] * 8 + [(1, 0.2 / 10)]
    assert {group["weight_decay"] for group in module.parameter_groups() if group["params"][0].ndim == 1} == {0.0}


def test_zfnet_keeps_its_kernels_small_after_the_steps_of_any_optimiser(monkeypatch):
    module = lit_cnns.build("zfnet", num_classes=2)
    module.net.conv3.weight.detach().mul_(20)
    monkeypatch.setattr(module, "configure_optimizers", lambda: torch.optim.SGD(module.net.conv1.parameters(), lr=1e-3))
    pictures = TensorDataset(torch.zeros(1, 3, 224, 224), torch.tensor([0]))
    L.Trainer(max_steps=1, accelerator="cpu", barebones=True).fit(module, DataLoader(pictures))
    assert module.net.conv3.weight.detach().square().mean((1, 2, 3)).sqrt().max() == pytest.approx(0.1)


@pytest.mark.parametrize(("name", "lr"), [("nin_cifar100", 0.02), ("nin_imagenet", 0.01)])
def test_the_other_networks_in_network_have_one_rate_for_weights_and_twice_it_for_biases(name, lr):
    rates = {(group["params"][0].ndim, group["lr"]) for group in on_meta(name).parameter_groups()}
    assert rates == {(4, lr), (1, 2 * lr)}


def test_network_in_network_decays_by_its_files_figure_over_the_objectives_coefficient():
    assert on_meta("nin_cifar10").weight_decay == pytest.approx(1e-5 / 0.1)
    assert on_meta("nin_cifar100").weight_decay == pytest.approx(0.001 / 2)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("nin_cifar10", {}),
        ("nin_cifar100", {"conv1": 0.001, "cccp1": 0.01, "cccp2": 0.01}),
        ("nin_imagenet", {"conv1": 0.01, "conv3": 0.01, "cccp8": 0.01}),
    ],
)
def test_networks_in_network_start_at_the_standard_deviations_of_their_files(name, others):
    net = lit_cnns.build(name).net
    for layer in ("conv1", "cccp1", "cccp2", "conv3", "cccp5", "cccp8" if name == "nin_imagenet" else "conv2"):
        std = float(net.get_submodule(layer).weight.detach().std())
        assert std == pytest.approx(others.get(layer, 0.05), rel=0.05)


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
