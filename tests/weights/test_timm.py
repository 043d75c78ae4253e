"""The lineage as timm's programs meet it: its registry, its way of asking for features, its way of changing a head."""

import copy
import functools
import math
import pickle
import subprocess
import sys

import pytest
import timm
import torch
from timm.data import resolve_data_config
from timm.models import group_parameters

from lit_cnns.checkpoints import save_slim
from lit_cnns.lineage import LINEAGE, build
from lit_cnns.weights.timm_models import REGISTERED, told

SMALL = [
    *("lenet5_1998", "lenet5_modern", "alexnet_cifar_13pct", "alexnet_cifar_11pct", "nin_cifar10", "vgg_cifar"),
    *("googlenet_cifar", "plain20_cifar", "resnet20_cifar", "resnet20_cifar_b", "preresnet110_cifar"),
]
AVERAGED = [
    name for name in SMALL if name not in ("lenet5_1998", "lenet5_modern", "vgg_cifar") and "alexnet" not in name
]
DEEPEST = {"resnet1202_cifar", "preresnet1001_cifar"}
small = pytest.mark.parametrize("name", SMALL)
LARGE = ["alexnet", "zfnet", "vgg_a", "googlenet", "inception_v3", "resnet18_b"]
every = pytest.mark.parametrize(
    "name",
    [
        name if name in (*SMALL, *LARGE) else pytest.param(name, marks=pytest.mark.slow)
        for name in LINEAGE
        if name not in DEEPEST
    ],
)


def create(name, **kwargs):
    torch.manual_seed(0)
    return timm.create_model(REGISTERED[name], **kwargs).eval()


def laid_out(name, **kwargs):
    return timm.create_model(REGISTERED[name], device="meta", init="torch", **kwargs).eval()


@functools.cache
def as_registered(name):
    return laid_out(name)


def pictures(net, count=2):
    channels, height, width = net.pretrained_cfg["input_size"]
    first = next(net.parameters())
    return torch.rand(count, net.in_chans or channels, height, width).to(first.device)


def test_a_name_that_timm_has_keeps_its_meaning_and_ours_begins_with_lit():
    before = subprocess.run(
        [sys.executable, "-c", "import timm; print(*timm.list_models())"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(REGISTERED) == set(LINEAGE)
    assert {theirs for name, theirs in REGISTERED.items() if name != theirs} == {
        f"lit_{name}" for name in LINEAGE if name in before
    }
    assert "resnet50" in before
    assert not set(REGISTERED.values()) & set(before)
    assert set(before) | set(REGISTERED.values()) == set(timm.list_models())


def test_a_network_is_listed_and_built_with_the_tag_lit():
    assert "alexnet.lit" in timm.list_models("alexnet*", include_tags=True)
    assert timm.get_pretrained_cfg("alexnet.lit").architecture == "alexnet"
    assert sum(p.numel() for p in timm.create_model("alexnet.lit", device="meta").parameters()) == 60_965_224


@every
def test_its_weights_have_the_names_and_shapes_of_ours(name):
    with torch.device("meta"):
        ours = build(name, init="torch").net.state_dict()
    theirs = as_registered(name).state_dict()
    main_path = {key: value.shape for key, value in ours.items() if not key.startswith("aux")}
    assert {key: value.shape for key, value in theirs.items()} == main_path


@every
def test_timm_is_told_what_the_network_says_itself(name):
    net = as_registered(name)
    said = timm.get_pretrained_cfg(f"{REGISTERED[name]}.lit")
    assert said.input_size == (net.in_channels, net.image_size, net.image_size)
    assert (said.num_classes, said.fixed_input_size) == (net.num_classes, net.largest is not None)
    assert {key: net.pretrained_cfg.get(key) for key in told(net)} == told(net)


@every
def test_features_stop_where_the_head_begins_and_have_the_size_that_is_told(name):
    net = as_registered(name)
    features = net.forward_features(pictures(net))
    assert features.shape == (2, net.num_features, *net.pretrained_cfg["pool_size"])
    assert net.forward_head(features, pre_logits=True).shape == (2, net.head_hidden_size)
    assert net.forward_head(features).shape == (2, net.num_classes)


@every
def test_features_of_several_sizes_are_what_feature_info_lists(name):
    net = laid_out(name, features_only=True)
    side = timm.get_pretrained_cfg(REGISTERED[name]).input_size[-1]
    channels = timm.get_pretrained_cfg(REGISTERED[name]).input_size[0]
    maps = net(torch.empty(1, channels, side, side, device="meta"))
    assert [m.shape[1] for m in maps] == net.feature_info.channels()
    assert len(maps) >= 3
    reductions = net.feature_info.reduction()
    assert reductions == sorted(set(reductions))
    for found, reduction in zip(maps, reductions, strict=True):
        assert side / (2 * reduction) < found.shape[-1] <= math.ceil(side / reduction) + 1


@small
def test_the_logits_are_those_of_our_network_with_the_same_weights(name):
    ours = build(name).net.eval()
    net = create(name)
    net.load_state_dict({key: value for key, value in ours.state_dict().items() if not key.startswith("aux")})
    images = pictures(net)
    with torch.no_grad():
        expected = ours(images)
        assert (net(images) - expected).abs().max() < 1e-4 * expected.abs().max()


@small
def test_every_parameter_gets_a_gradient(name):
    net = create(name, num_classes=42).train()
    logits = net(pictures(net))
    logits.mean().backward()
    assert logits.shape == (2, 42)
    assert not [key for key, parameter in net.named_parameters() if parameter.grad is None]


@small
def test_intermediate_maps_are_those_of_features_only(name):
    net, listed = create(name), create(name, features_only=True)
    listed.load_state_dict(net.state_dict(), strict=False)
    images = pictures(net)
    with torch.no_grad():
        last, maps = net.forward_intermediates(images)
        torch.testing.assert_close(last, net.forward_features(images))
        torch.testing.assert_close(maps, listed(images))
        early = net.forward_intermediates(images, indices=[0, -2], stop_early=True, intermediates_only=True)
        torch.testing.assert_close(early, [maps[0], maps[-2]])
        torch.testing.assert_close(net.forward_intermediates(images, 1, intermediates_only=True), maps[-1:])


@small
def test_a_pruned_network_gives_the_same_maps_and_has_no_other_weights(name):
    net = create(name)
    images = pictures(net)
    with torch.no_grad():
        maps = net.forward_intermediates(images, intermediates_only=True)
        for place in range(len(maps)):
            pruned = copy.deepcopy(net)
            assert pruned.prune_intermediate_layers([place]) == [place]
            torch.testing.assert_close(pruned.forward_features(images), maps[place])
    assert not set(pruned.state_dict()) & {key for key in net.state_dict() if key.startswith(net.classifier)}


@small
def test_the_classifier_can_be_changed_and_taken_away(name):
    net = create(name)
    images = pictures(net)
    with torch.no_grad():
        maps = net.forward_features(images)
        seen = net.forward_head(maps, pre_logits=True)
        net.reset_classifier(0)
        torch.testing.assert_close(net(images), seen)
        net.reset_classifier(0, "")
        torch.testing.assert_close(net(images), maps)
        net.reset_classifier(5)
        assert net(images).shape == (2, 5)
        assert net.num_classes == 5
        assert create(name, num_classes=0)(images).shape == seen.shape
        assert create(name, num_classes=0, global_pool="")(images).shape == maps.shape


@pytest.mark.parametrize("name", AVERAGED)
def test_a_network_that_averages_its_maps_can_take_their_maximum(name):
    net = create(name, global_pool="max")
    images = pictures(net)
    with torch.no_grad():
        maps = net.forward_features(images)
        torch.testing.assert_close(net.forward_head(maps, pre_logits=True), maps.amax((2, 3)))
        net.reset_classifier(5)
        torch.testing.assert_close(net.forward_head(maps, pre_logits=True), maps.amax((2, 3)))
        net.reset_classifier(5, "avg")
        torch.testing.assert_close(net.forward_head(maps, pre_logits=True), maps.mean((2, 3)))


@pytest.mark.parametrize(
    ("name", "kwargs", "sentence"),
    [
        ("vgg_cifar", {"global_pool": "avg"}, "goes with global_pool 'flatten', '', not 'avg'"),
        ("resnet20_cifar", {"global_pool": ""}, "no classes: num_classes=0, or a pool"),
        ("alexnet", {"img_size": 64}, "takes pictures of 224 to 227 pixels a side, not 64 x 64"),
        ("alexnet", {"img_size": (224, 227)}, "square pictures"),
    ],
)
def test_what_a_network_cannot_be_is_refused(name, kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        laid_out(name, **kwargs)


def test_an_argument_that_a_network_does_not_have_is_refused():
    with pytest.raises(TypeError, match=r"vgg_cifar has the arguments .*, not \['lr'\]"):
        laid_out("vgg_cifar", lr=0.1)


def test_arguments_that_change_a_network_are_its_own():
    assert "bn1_1" in dict(laid_out("vgg_d", batch_norm=True).named_children())
    assert laid_out("vgg_cifar", img_size=40)(torch.empty(1, 3, 40, 40, device="meta")).shape == (1, 10)
    assert laid_out("alexnet", img_size=227)(torch.empty(1, 3, 227, 227, device="meta")).shape == (1, 1000)
    assert laid_out("resnet20_cifar", in_chans=1).conv1.in_channels == 1
    assert laid_out("alexnet", drop_rate=0.1).drop6.p == 0.1
    assert laid_out("alexnet").drop6.p == 0.5


@small
def test_less_memory_for_maps_gives_the_same_gradients(name):
    gradients = []
    for enable in (False, True):
        net = create(name, drop_rate=0.0).train()
        net.set_grad_checkpointing(enable)
        torch.manual_seed(1)
        net(pictures(net)).square().mean().backward()
        gradients.append([parameter.grad for parameter in net.parameters()])
    torch.testing.assert_close(*gradients)


@small
def test_layers_are_grouped_from_the_first_to_the_last(name):
    net = laid_out(name)
    for coarse in (False, True):
        groups = group_parameters(net, net.group_matcher(coarse), reverse=True)
        order = [groups[key] for key, _ in net.named_parameters()]
        assert order == sorted(order)
        assert len(set(order)) == max(order) + 1 >= 3
        assert len(set(order)) <= len(net.stages) + 1 or not coarse


@small
def test_it_is_copied_and_pickled_whole(name):
    net = create(name)
    images = pictures(net)
    with torch.no_grad():
        for again in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            torch.testing.assert_close(again(images), net(images))


@pytest.mark.parametrize("way", ["getter", "hook", "dict"])
@small
def test_timm_gets_at_its_features_in_other_ways_too(name, way):
    net = create(name, features_only=True, feature_cls=way)
    with torch.no_grad():
        maps = net(torch.rand(1, *timm.get_pretrained_cfg(REGISTERED[name]).input_size))
    assert [m.shape[1] for m in (maps.values() if way == "dict" else maps)] == net.feature_info.channels()


@pytest.mark.parametrize("name", ["lenet5_1998", "alexnet_cifar_11pct", "googlenet_cifar", "resnet20_cifar"])
def test_its_features_can_be_traced(name):
    net = create(name, features_only=True, feature_cls="fx")
    images = torch.rand(1, *timm.get_pretrained_cfg(REGISTERED[name]).input_size)
    with torch.no_grad():
        assert [m.shape[1] for m in net(images)] == net.feature_info.channels()


def test_it_is_exported_whole():
    net = create("googlenet_cifar")
    program = torch.export.export(net, (pictures(net),)).module()
    with torch.no_grad():
        images = pictures(net)
        torch.testing.assert_close(program(images), net(images))


def test_trained_weights_are_not_promised_where_there_are_none():
    with pytest.raises(RuntimeError, match="No pretrained weights exist for resnet20_cifar"):
        timm.create_model("resnet20_cifar.lit", pretrained=True)


@pytest.mark.parametrize("name", ["googlenet_cifar", "lenet5_1998"])
@pytest.mark.parametrize("half", [True, False])
def test_a_checkpoint_of_ours_is_a_file_of_weights_to_timm(name, half, tmp_path):
    module = build(name, num_classes=10).eval()
    save_slim(module, tmp_path / "net.ckpt", half=half)
    opened = create(name, pretrained=True, pretrained_cfg_overlay={"file": str(tmp_path / "net.ckpt")})
    other = create(name, pretrained=True, num_classes=3, pretrained_cfg_overlay={"file": str(tmp_path / "net.ckpt")})
    images = pictures(opened)
    with torch.no_grad():
        torch.testing.assert_close(
            opened(images), module(images), atol=2e-2 if half else 1e-5, rtol=2e-2 if half else 1e-5
        )
        torch.testing.assert_close(other.forward_features(images), opened.forward_features(images))
    assert other(images).shape == (2, 3)


def test_timm_knows_how_a_picture_is_prepared():
    config = resolve_data_config({}, model=laid_out("alexnet"))
    assert (config["input_size"], config["crop_pct"]) == ((3, 224, 224), 0.875)
