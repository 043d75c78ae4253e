"""What a unit of a layer sees: by arithmetic, by the papers' tables, and by the gradient that reaches the picture."""

import pytest
import torch
from torch import Tensor, nn

import lit_cnns
from lit_cnns import papers
from lit_cnns.features import ReceptiveField, capture, receptive_fields
from lit_cnns.lineage import LINEAGE

DEEPEST = ("resnet1202_cifar", "preresnet1001_cifar")
# sizes at the last maps as A. Araujo, W. Norris, J. Sim, Computing Receptive Fields of Convolutional Neural Networks
# (Distill 2019) gives them
PUBLISHED = {
    ("alexnet", "pool5"): 195,
    ("vgg16", "pool5"): 212,
    ("resnet50", "conv5_3"): 483,
    ("resnet101", "conv5_3"): 1027,
    ("resnet152", "conv5_3"): 1507,
    ("inception_v2", "inception_5b"): 699,
    ("inception_v3", "mixed_7c"): 1311,
    ("inception_v4", "inception_c_3"): 2071,
    ("inception_resnet_v2", "conv_final"): 3039,
}


def square(size: int, stride: int, offset: int) -> ReceptiveField:
    return ReceptiveField((size, size), (stride, stride), (offset, offset))


def on_meta(name: str) -> nn.Module:
    with torch.device("meta"):
        return lit_cnns.build(name).net


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in DEEPEST else n for n in LINEAGE])
def test_the_network_sees_what_its_papers_rows_say(name):
    found = receptive_fields(on_meta(name), papers.row(name)["input_size"])
    expected = {layer: square(*field) for layer, field in papers.receptive_fields(name).items()}
    assert {layer: found[layer] for layer in expected} == expected


@pytest.mark.parametrize(("name", "layer"), PUBLISHED)
def test_the_last_maps_see_what_was_published_of_them(name, layer):
    assert papers.receptive_fields(name)[layer].size == PUBLISHED[name, layer]


@pytest.mark.parametrize(
    ("name", "layer", "expected"),
    [
        ("vgg16", "conv5_3", (196, 16, -90)),
        ("alexnet", "conv5", (163, 16, -64)),
        ("lenet5", "C5", (32, 4, 0)),  # the whole picture
        ("vgg16", "fc6", (404, 32, -90)),  # 7 x 7 units of pool5, as when it slides in the dense test
    ],
)
def test_fields_that_can_be_counted_by_hand(name, layer, expected):
    assert papers.receptive_fields(name)[layer] == expected


def positive(net: nn.Module) -> nn.Module:
    """The same windows, but every pixel that a unit can see raises it: no weight below 0, means in place of maxima."""
    for parent in list(net.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.MaxPool2d):
                pool = nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode)
                setattr(parent, name, pool)
    for parameter in net.parameters():
        nn.init.uniform_(parameter, 0.5, 1.0)
        parameter.data /= max(1, parameter[0].numel())
    return net.double().eval()


def reached(net: nn.Module, layer: str, picture: Tensor) -> tuple[list[tuple[int, int]], list[int]]:
    """First and last pixel, along height and width, that the middle unit of a layer hears of, and that unit's place."""
    picture = picture.requires_grad_()
    found: dict[str, Tensor] = {}
    hook = net.get_submodule(layer).register_forward_hook(lambda _m, _i, output: found.update(map=output))
    net(picture)
    hook.remove()
    place = [side // 2 for side in found["map"].shape[2:]] or [0, 0]
    unit = found["map"][(0, slice(None), *place)] if found["map"].ndim == 4 else found["map"][0]
    heard = torch.autograd.grad(unit.sum(), picture)[0][0].sum(0) > 0
    rows, columns = heard.any(1).nonzero(), heard.any(0).nonzero()
    return [(int(line[0]), int(line[-1])) for line in (rows, columns)], place


def expected_reach(field: ReceptiveField, place: list[int], sides: tuple[int, ...]) -> list[tuple[int, int]]:
    starts = [offset + at * stride for offset, at, stride in zip(field.offset, place, field.stride, strict=True)]
    ends = [start + size - 1 for start, size in zip(starts, field.size, strict=True)]
    return [(max(0, start), min(side - 1, end)) for start, end, side in zip(starts, ends, sides, strict=True)]


WINDOWS = nn.Sequential(
    nn.Conv2d(1, 2, (1, 7), padding=(0, 3)),
    nn.Conv2d(2, 2, 3, dilation=(2, 1), stride=(1, 2)),
    nn.ZeroPad2d((1, 2, 3, 0)),
    nn.AvgPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True),
    nn.MaxPool2d(3, 2, dilation=2),
)


class Branches(nn.Module):
    """A wide and a narrow way, and one around both."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Sequential(nn.Conv2d(2, 1, 3, padding=1), nn.Conv2d(1, 1, 5, 2, padding=2))
        self.narrow = nn.Conv2d(2, 1, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        wide = self.wide(x)
        narrow = nn.functional.pad(self.narrow(x), (0, 1, 0, 1))[:, :, : wide.shape[2], : wide.shape[3]]
        return torch.cat((wide, narrow), 1) + x[:, :, 1::2, 1::2]


def test_kernels_strides_paddings_and_dilations_of_either_axis_reach_what_the_gradient_reaches():
    net = positive(WINDOWS)
    fields = receptive_fields(net, (1, 61, 67))
    for layer, field in fields.items():
        found, place = reached(net, layer, torch.rand(1, 1, 61, 67, dtype=torch.float64))
        assert found == expected_reach(field, place, (61, 67)), layer


def test_where_ways_join_the_field_holds_those_of_all():
    net = positive(nn.Sequential(nn.Conv2d(1, 2, 3), Branches(), nn.Conv2d(2, 1, 3, 2)))
    fields = receptive_fields(net, (1, 42, 42))
    assert fields["1.narrow"].size < fields["1.wide"].size
    for layer in ("0", "1.wide", "1.narrow", "1", "2"):
        found, place = reached(net, layer, torch.rand(1, 1, 42, 42, dtype=torch.float64))
        assert found == expected_reach(fields[layer], place, (42, 42)), layer


@pytest.mark.parametrize(
    "name", ["lenet5_modern", "alexnet_cifar_13pct", "nin_cifar10", "vgg_cifar", "googlenet_cifar", "resnet20_cifar"]
)
def test_the_gradient_reaches_what_the_arithmetic_says_in_every_layer_of(name):
    torch.manual_seed(0)
    net, size = positive(lit_cnns.build(name).net), papers.row(name)["input_size"]
    picture = torch.rand(1, *size, dtype=torch.float64)
    fields = receptive_fields(net, size)
    for layer in papers.layer_table(name):
        if layer["op"] != "lrn":
            found, place = reached(net, layer["name"], picture)
            assert found == expected_reach(fields[layer["name"]], place, tuple(size[1:])), layer["name"]


def test_the_middle_of_vggs_conv5_3_hears_of_196_pixels_and_pool5_of_212():
    chain = [
        module if not isinstance(module, nn.Conv2d) else nn.Conv2d(1, 1, 3, padding=1)
        for module in on_meta("vgg16")[:31]
    ]
    net = positive(nn.Sequential(*chain))
    picture = torch.rand(1, 1, 448, 448, dtype=torch.float64)
    for layer, size in (("28", 196), ("30", 212)):
        (rows, columns), _ = reached(net, layer, picture)
        assert rows[1] - rows[0] + 1 == columns[1] - columns[0] + 1 == size


def test_channels_may_lie_last_for_a_while():
    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm, self.linear = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8), nn.Linear(8, 5)
            self.next = nn.Conv2d(5, 2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.next(self.linear(self.norm(self.conv(x).permute(0, 2, 3, 1))).permute(0, 3, 1, 2))

    fields = receptive_fields(Turned(), (3, 32, 32))
    assert fields["linear"] == square(4, 4, 0)
    assert fields["next"] == square(12, 4, 0)


def test_a_gate_over_the_whole_map_lets_every_unit_see_it_all():
    class Gate(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * x.mean((2, 3), keepdim=True).sigmoid()

    net = nn.Sequential(nn.Conv2d(1, 2, 3), Gate(), nn.Conv2d(2, 2, 3, 2))
    assert receptive_fields(net, (1, 16, 16))["1"] == square(16, 1, 0)


@pytest.mark.parametrize(
    "enlarging",
    [nn.Upsample(scale_factor=2), nn.ConvTranspose2d(2, 2, 2, 2), nn.ReflectionPad2d(1)],
    ids=["upsampled", "transposed", "mirrored"],
)
def test_what_has_no_one_window_is_refused_with_the_reason(enlarging):
    with pytest.raises(ValueError, match="receptive fields are told of"):
        receptive_fields(nn.Sequential(nn.Conv2d(1, 2, 3), enlarging), (1, 8, 8))


def test_a_network_is_left_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).train()
    receptive_fields(net, (1, 8, 8))
    assert net.training
    with capture(net, ["0"]) as maps:
        net(torch.zeros(1, 1, 8, 8))
    assert maps["0"].shape == (1, 2, 6, 6)
