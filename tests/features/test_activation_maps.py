"""Class activation maps equal captum's, cost no gradient before their layer, and leave the network as it was."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import pytest
import torch
from captum.attr import LayerGradCam, LayerGradientXActivation
from torch import Tensor, nn

from lit_cnns.features import LayerInfo, cam, grad_cam, hires_cam, last_maps, layers
from lit_cnns.models import GoogLeNetSmall, NiN, VGGSmall


def averaged(inplace: bool = False) -> nn.Sequential:
    """Two convolutions whose means are weighed once."""
    torch.manual_seed(0)
    chain = [
        *(("conv1", nn.Conv2d(3, 8, 3)), ("relu1", nn.ReLU(inplace)), ("pool1", nn.MaxPool2d(2))),
        *(("conv2", nn.Conv2d(8, 6, 3)), ("relu2", nn.ReLU(inplace)), ("gap", nn.AdaptiveAvgPool2d(1))),
        *(("flatten", nn.Flatten()), ("fc", nn.Linear(6, 5))),
    ]
    return nn.Sequential(OrderedDict(chain)).eval()


PICTURE = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("target", [0, 3])
@pytest.mark.parametrize(
    ("net", "layer"),
    [(averaged(), "conv2"), (averaged(), "pool1"), (VGGSmall(), "relu3_2"), (GoogLeNetSmall(), "inception_5b")],
    ids=["averaged", "early", "vgg", "googlenet"],
)
def test_grad_cam_and_hires_cam_equal_captum(net: nn.Module, layer: str, target: int) -> None:
    net.eval()
    module = net.get_submodule(layer)
    theirs = LayerGradCam(net, module).attribute(PICTURE, target=target, relu_attributions=True)[0, 0]
    torch.testing.assert_close(grad_cam(net, PICTURE, layer, target).values, theirs.detach(), rtol=1e-4, atol=1e-7)
    theirs = LayerGradientXActivation(net, module).attribute(PICTURE, target=target)[0].sum(0).relu()
    torch.testing.assert_close(hires_cam(net, PICTURE, layer, target).values, theirs.detach(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("net", [averaged(), NiN(), GoogLeNetSmall()], ids=["averaged", "nin", "googlenet"])
def test_the_mean_of_cam_is_the_logit_without_its_bias(net: nn.Module) -> None:
    net.eval()
    layer = last_maps(layers(net, (3, 32, 32)))
    assert layer
    bias = net.fc.bias if hasattr(net, "fc") else torch.zeros(10)
    for target in (0, 4):
        logit = net(PICTURE)[0, target] - bias[target]
        torch.testing.assert_close(cam(net, PICTURE, layer, target).values.mean(), logit.detach(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("kind", [averaged, NiN, GoogLeNetSmall])
def test_cam_of_a_network_in_half_precision_is_near_that_in_full(
    kind: Callable[[], nn.Module], dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    net = kind().eval()
    layer = last_maps(layers(net, (3, 32, 32)))
    assert layer
    full = cam(net, PICTURE, layer, 2).values
    half = cam(net.to(dtype), PICTURE.to(dtype), layer, 2).values
    torch.testing.assert_close(half, full, rtol=0.1, atol=0.1 * float(full.abs().max()))
    with pytest.raises(ValueError, match="not made so from"):
        cam(VGGSmall().eval().to(dtype), PICTURE.to(dtype), "relu3_2")


def test_grad_cam_of_averaged_maps_is_what_cam_has_above_zero_over_the_number_of_places() -> None:
    net = averaged()
    generalised, original = grad_cam(net, PICTURE, "relu2", 2).values, cam(net, PICTURE, "relu2", 2).values
    torch.testing.assert_close(generalised, original.relu() / original.numel())


def test_cam_of_a_network_with_hidden_layers_at_its_end_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"logits of VGGSmall are not made so from 'relu3_2'.*Grad-CAM"):
        cam(VGGSmall(), PICTURE, "relu3_2")
    with pytest.raises(ValueError, match="not made so from 'pool1'"):
        cam(averaged(), PICTURE, "pool1")


def test_the_likeliest_class_is_taken_where_none_is_named_and_its_probability_told() -> None:
    net = averaged()
    share = net(PICTURE)[0].softmax(0).detach()
    found = grad_cam(net, PICTURE, "conv2")
    assert found.target == int(share.argmax())
    assert found.probability == pytest.approx(float(share.max()), rel=1e-5)


def test_what_follows_in_place_does_not_reach_the_maps() -> None:
    plain, inplace = averaged(), averaged(inplace=True)
    inplace.load_state_dict(plain.state_dict())
    for layer in ("conv1", "conv2"):
        assert torch.equal(grad_cam(plain, PICTURE, layer).values, grad_cam(inplace, PICTURE, layer).values)


def test_the_network_keeps_its_modes_gradients_and_hooks() -> None:
    net = averaged().train()
    net.pool1.eval()
    frozen = net.conv1.weight.requires_grad_(False)
    for method in (grad_cam, hires_cam, cam):
        method(net, PICTURE, "relu2")
        with pytest.raises(ValueError, match="classes 0 to 4, not 5"):
            method(net, PICTURE, "relu2", 5)
    assert net.training
    assert not net.pool1.training
    assert not frozen.requires_grad
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())
    assert torch.is_grad_enabled()
    with torch.no_grad():
        grad_cam(net, PICTURE, "relu2")
        assert not torch.is_grad_enabled()


def test_nothing_before_the_layer_is_part_of_the_graph() -> None:
    seen: list[bool] = []
    net = averaged()
    for layer in (net.conv1, net.conv2, net.fc):
        layer.register_forward_hook(lambda _module, _inputs, output: seen.append(output.requires_grad))
    grad_cam(net, PICTURE, "pool1")
    assert seen == [False, True, True]


def test_threads_that_share_a_network_get_their_own_maps() -> None:
    net = averaged()
    pictures = [torch.randn(1, 3, 32, 32) for _ in range(6)]
    alone = [grad_cam(net, picture, "conv2").values for picture in pictures]
    found: dict[int, list[Tensor]] = {}

    def work(number: int) -> None:
        found[number] = [grad_cam(net, pictures[number], "conv2").values for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(one, alone[number]) for number, own in found.items() for one in own)
    assert len(found) == 6


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [("fc", r"'fc' gives \[5\], not maps"), ("fc9", "no layer 'fc9'"), ("aux1.conv", "'aux1.conv' is not reached")],
)
def test_a_layer_without_maps_is_refused_with_a_sentence(layer: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        grad_cam(GoogLeNetSmall() if "." in layer else averaged(), PICTURE, layer)


def test_two_pictures_at_once_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"One picture is looked at, \[1, C, H, W\], not \[2, 3, 32, 32\]"):
        grad_cam(averaged(), PICTURE.repeat(2, 1, 1, 1), "conv2")


def test_the_layer_that_is_chosen_is_the_last_block_with_maps_and_no_pool() -> None:
    assert last_maps(layers(averaged(), (3, 32, 32))) == "relu2"
    assert last_maps(layers(GoogLeNetSmall(), (3, 32, 32))) == "inception_5b"
    dropped = [LayerInfo("relu5", "ReLU", (4, 6, 6)), LayerInfo("drop5", "Dropout", (4, 6, 6))]
    assert last_maps(dropped) == "relu5"
    assert last_maps([LayerInfo("C5", "Conv2d", (120, 1, 1)), LayerInfo("F6", "Linear", (84,))]) is None
