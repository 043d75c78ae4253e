"""AlexNet: two towers, response normalisation, a grid that hangs over; locally connected layers for CIFAR-10."""

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from lit_cnns.models import AlexNet, AlexNetCifar, LocalResponseNorm
from lit_cnns.models.alexnet import CeilConv2d, LocalConv2d

CONSTANTS = [(5, 1e-4, 0.75, 2.0), (5, 1e-4, 0.75, 1.0), (9, 1e-3, 0.75, 1.0), (3, 0.5, 0.6, 1.5)]


@pytest.fixture(scope="module")
def towers() -> nn.Sequential:
    return AlexNet(num_classes=2).double()[:14]  # conv1 to relu5


@pytest.mark.parametrize("constants", CONSTANTS)
@pytest.mark.parametrize("maps", [2, 12])
def test_response_normalisation_is_torchs(constants, maps):
    x = torch.randn(3, maps, 4, 5).mul_(3).requires_grad_()
    torchs = nn.LocalResponseNorm(*constants)(x)
    ours = LocalResponseNorm(*constants)(x)
    torch.testing.assert_close(ours, torchs)
    weights = torch.randn_like(ours)
    torch.testing.assert_close(*(torch.autograd.grad((y * weights).sum(), x)[0] for y in (ours, torchs)))


@pytest.mark.parametrize("constants", CONSTANTS)
@pytest.mark.parametrize("towers", [1, 2])
def test_response_normalisation_has_the_right_gradient(constants, towers):
    norm = LocalResponseNorm(*constants, towers=towers)
    assert gradcheck(norm, torch.randn(2, 8, 2, 3, dtype=torch.float64).mul_(3).requires_grad_())


def test_response_normalisation_stays_within_its_tower():
    x = torch.randn(2, 10, 3, 3)
    halves = [nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0)(half) for half in x.chunk(2, 1)]
    torch.testing.assert_close(LocalResponseNorm(5, towers=2)(x), torch.cat(halves, 1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_response_normalisation_computes_half_precision_in_single(dtype):
    x = (torch.randn(2, 8, 3, 3) * 30).to(dtype).requires_grad_()  # squares beyond the range of float16
    y = LocalResponseNorm(5, 1.0)(x)
    assert y.dtype == dtype
    torch.testing.assert_close(y, LocalResponseNorm(5, 1.0)(x.float()).to(dtype))
    y.sum().backward()
    assert x.grad.dtype == dtype
    assert x.grad.isfinite().all()


def test_response_normalisation_keeps_channels_last():
    x = torch.randn(2, 8, 4, 4).to(memory_format=torch.channels_last)
    assert LocalResponseNorm(5)(x).is_contiguous(memory_format=torch.channels_last)


def test_a_window_without_a_middle_is_refused():
    with pytest.raises(ValueError, match="odd, not 4"):
        LocalResponseNorm(4)


def test_a_tower_cannot_see_the_other_before_conv3(towers):
    picture = torch.randn(1, 3, 67, 67, dtype=torch.float64)
    first_tower_of_conv1 = towers[:1](picture).detach().requires_grad_()
    pool2 = towers[1:8](first_tower_of_conv1)
    seen = torch.autograd.grad(pool2[:, :128].sum(), first_tower_of_conv1, retain_graph=True)[0].abs().sum((0, 2, 3))
    assert (seen[:48] > 0).any()
    assert (seen[48:] == 0).all()
    conv3 = towers[8:9](pool2)
    seen = torch.autograd.grad(conv3[:, :192].sum(), first_tower_of_conv1)[0].abs().sum((0, 2, 3))
    assert (seen[48:] > 0).any()


@pytest.mark.parametrize(("start", "stop"), [(10, 11), (12, 13)])  # conv4, conv5
def test_conv4_and_conv5_stay_within_their_tower(towers, start, stop):
    maps = torch.randn(1, 384, 3, 3, dtype=torch.float64, requires_grad=True)
    out = towers[start:stop](maps)
    out[:, out.shape[1] // 2 :].sum().backward()
    assert (maps.grad[:, :192] == 0).all()


def test_a_picture_of_224_is_one_of_227_with_zeros_at_the_right_and_bottom(towers):
    picture = torch.randn(1, 3, 224, 224, dtype=torch.float64)
    padded = nn.functional.pad(picture, (0, 3, 0, 3))
    conv1 = towers[:1]
    assert conv1(picture).shape[2:] == (55, 55)
    torch.testing.assert_close(conv1(picture), conv1(padded))
    torch.testing.assert_close(conv1(padded), nn.Conv2d.forward(conv1[0], padded))


def test_a_convolution_that_fits_does_not_hang_over():
    conv = CeilConv2d(1, 2, 3, stride=2)
    picture = torch.randn(1, 1, 9, 11)
    torch.testing.assert_close(conv(picture), nn.functional.conv2d(picture, conv.weight, conv.bias, 2))


def test_tanh_takes_the_place_of_relu():
    with torch.device("meta"):
        names = dict(AlexNet(activation="tanh").named_children())
    assert {"tanh1", "tanh5", "tanh7"} < set(names)
    assert not any(name.startswith("relu") for name in names)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({"variant": "caffe"}, "two_towers.*not 'caffe'"), ({"activation": "gelu"}, r"relu.*tanh.*not 'gelu'")],
)
def test_an_unknown_variant_or_activation_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        AlexNet(**arguments)


def test_a_locally_connected_layer_with_equal_kernels_is_a_convolution():
    local, conv = LocalConv2d(3, 4, side=5, kernel_size=3, padding=1), nn.Conv2d(3, 4, 3, padding=1)
    with torch.no_grad():
        local.weight.copy_(conv.weight.flatten(1))
        local.bias.copy_(conv.bias)
    x = torch.randn(2, 3, 5, 5)
    torch.testing.assert_close(local(x), conv(x))


def test_a_locally_connected_layer_has_a_kernel_of_its_own_at_each_place():
    local = LocalConv2d(2, 3, side=4, kernel_size=3, padding=1)
    local(torch.randn(1, 2, 4, 4))[:, :, 1, 2].sum().backward()
    assert local.weight.grad.abs().sum((1, 2)).nonzero().flatten().tolist() == [1 * 4 + 2]


@pytest.mark.parametrize("size", [*range(8, 36, 3), 16, 24, 32])
@pytest.mark.parametrize("variant", ["13pct", "11pct"])
def test_the_cifar_networks_are_built_for_any_size(variant, size):
    with torch.device("meta"):
        net = AlexNetCifar(variant=variant, image_size=size)
        assert net(torch.empty(2, 3, size, size)).shape == (2, 10)


def test_only_the_11_percent_network_normalises():
    kinds = {v: [type(m).__name__ for m in AlexNetCifar(variant=v).children()] for v in ("13pct", "11pct")}
    assert "LocalResponseNorm" not in kinds["13pct"]
    assert kinds["11pct"].count("LocalResponseNorm") == 2


@pytest.mark.slow
def test_response_normalisation_compiles_whole_with_its_backward_pass():
    norm = LocalResponseNorm(5, towers=2)
    x = torch.randn(2, 12, 4, 4).mul_(3).requires_grad_()
    weights = torch.randn_like(x)
    ours, compiled = norm(x), torch.compile(norm, fullgraph=True)(x)
    torch.testing.assert_close(compiled, ours)
    torch.testing.assert_close(*(torch.autograd.grad((y * weights).sum(), x)[0] for y in (compiled, ours)))
