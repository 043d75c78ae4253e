"""Caffe's models say in our networks what Caffe's own layers say: blue, green, red from 0 to 255, less a mean."""

from pathlib import Path

import caffe_files
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from caffe_files import Layer
from sklearn.datasets import load_sample_image
from torch import Tensor

from lit_cnns.data import read_image, to_batch
from lit_cnns.weights import convert, read_mean
from lit_cnns.weights.protobuf import Damaged, fields, floats, whole_numbers


class Caffe:
    """Caffe's layers, obvious and slow, which note what they were called and with which random weights."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.random = np.random.default_rng(0)

    def conv(self, x: Tensor, name: str, maps: int, kernel: int, bias: bool = True, **how: int) -> Tensor:
        inputs = x.shape[1] // how.get("groups", 1)
        weight = self.random.normal(0, (2 / (inputs * kernel**2)) ** 0.5, (maps, inputs, kernel, kernel))
        blobs = (weight, self.random.normal(0, 0.1, maps)) if bias else (weight,)
        self.layers.append(Layer(name, "Convolution", blobs))
        return F.conv2d(x, *(torch.from_numpy(blob).float() for blob in blobs), **how)

    def full(self, x: Tensor, name: str, units: int) -> Tensor:
        x = x.flatten(1)
        blobs = self.random.normal(0, x.shape[1] ** -0.5, (units, x.shape[1])), self.random.normal(0, 0.1, units)
        self.layers.append(Layer(name, "InnerProduct", blobs))
        return x @ torch.from_numpy(blobs[0]).float().T + torch.from_numpy(blobs[1]).float()

    def norm(self, x: Tensor, name: str) -> Tensor:
        self.layers.append(Layer(name, "LRN"))
        return F.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1.0)

    def pool(self, x: Tensor, name: str, **how: int) -> Tensor:
        self.layers.append(Layer(name, "Pooling"))
        return F.max_pool2d(x, 3, **{"stride": 2, "ceil_mode": True, **how})

    def batch_norm(self, x: Tensor, bn: str, scale: str) -> Tensor:
        """Two layers: running sums with what to divide them by, then gamma and beta."""
        factor, maps = 0.5, x.shape[1]
        mean, var = x.mean((0, 2, 3)) + 0.1, x.var((0, 2, 3)) + 0.2
        self.layers.append(Layer(bn, "BatchNorm", (mean.numpy() * factor, var.numpy() * factor, np.array([factor]))))
        gamma, beta = self.random.uniform(0.5, 1.5, maps), self.random.normal(0, 0.2, maps)
        self.layers.append(Layer(scale, "Scale", (gamma, beta)))
        gamma, beta = (torch.from_numpy(v).float()[:, None, None] for v in (gamma, beta))
        return (x - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt() * gamma + beta


def photographs(side: int, mean: tuple[float, float, float]) -> tuple[list[Tensor], Tensor]:
    """Two of them as anybody has them, and as Caffe wants them: blue, green, red, 0 to 255, less a mean."""
    whole = [np.ascontiguousarray(load_sample_image(name)[:side, :side]) for name in ("china.jpg", "flower.jpg")]
    bgr = torch.from_numpy(np.stack([picture[:, :, ::-1] for picture in whole])).permute(0, 3, 1, 2).float()
    return [read_image(picture) for picture in whole], bgr - torch.tensor(mean)[:, None, None]


def alexnet(caffe: Caffe, x: Tensor, pool_first: bool = False) -> Tensor:
    x = caffe.conv(x, "conv1", 96, 11, stride=4).relu()
    for place, maps in ((1, 256), (2, 384)):
        steps = [lambda x, p=place: caffe.norm(x, f"norm{p}"), lambda x, p=place: caffe.pool(x, f"pool{p}")]
        for step in reversed(steps) if pool_first else steps:
            x = step(x)
        kernel = {"padding": 2, "groups": 2} if place == 1 else {"padding": 1}
        x = caffe.conv(x, f"conv{place + 1}", maps, 5 if place == 1 else 3, **kernel).relu()
    x = caffe.conv(x, "conv4", 384, 3, padding=1, groups=2).relu()
    x = caffe.pool(caffe.conv(x, "conv5", 256, 3, padding=1, groups=2).relu(), "pool5")
    return caffe.full(caffe.full(caffe.full(x, "fc6", 4096).relu(), "fc7", 4096).relu(), "fc8", 10)


def caffenet(caffe: Caffe, x: Tensor) -> Tensor:
    return alexnet(caffe, x, pool_first=True)


def vgg(caffe: Caffe, x: Tensor) -> Tensor:
    for stage, (maps, depth) in enumerate(((64, 1), (128, 1), (256, 2), (512, 2), (512, 2)), 1):
        for place in range(1, depth + 1):
            x = caffe.conv(x, f"conv{stage}_{place}", maps, 3, padding=1).relu()
        x = F.max_pool2d(x, 2)
    return caffe.full(caffe.full(caffe.full(x, "fc6", 4096).relu(), "fc7", 4096).relu(), "fc8", 10)


MODULES = {  # bvlc_googlenet: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(caffe: Caffe, x: Tensor) -> Tensor:
    x = caffe.conv(x, "conv1/7x7_s2", 64, 7, stride=2, padding=3).relu()
    x = caffe.norm(caffe.pool(x, "pool1/3x3_s2"), "pool1/norm1")
    x = caffe.conv(x, "conv2/3x3_reduce", 64, 1).relu()
    x = caffe.norm(caffe.conv(x, "conv2/3x3", 192, 3, padding=1).relu(), "conv2/norm2")
    x = caffe.pool(x, "pool2/3x3_s2")
    for name, (one, reduce3, three, reduce5, five, pool) in MODULES.items():
        name = f"inception_{name}"
        first = caffe.conv(x, f"{name}/1x1", one, 1).relu()
        second = caffe.conv(x, f"{name}/3x3_reduce", reduce3, 1).relu()
        second = caffe.conv(second, f"{name}/3x3", three, 3, padding=1).relu()
        third = caffe.conv(x, f"{name}/5x5_reduce", reduce5, 1).relu()
        third = caffe.conv(third, f"{name}/5x5", five, 5, padding=2).relu()
        fourth = caffe.pool(x, f"{name}/pool", stride=1, padding=1)
        fourth = caffe.conv(fourth, f"{name}/pool_proj", pool, 1).relu()
        x = torch.cat([first, second, third, fourth], 1)
        if name in ("inception_3b", "inception_4e"):
            x = caffe.pool(x, "pool3/3x3_s2")
    return caffe.full(x.mean((2, 3)), "loss3/classifier", 10)


def nin(caffe: Caffe, x: Tensor) -> Tensor:
    x = caffe.conv(x, "conv1", 96, 11, stride=4).relu()
    x = caffe.conv(caffe.conv(x, "cccp1", 96, 1).relu(), "cccp2", 96, 1).relu()
    x = caffe.conv(caffe.pool(x, "pool0"), "conv2", 256, 5, padding=2).relu()
    x = caffe.conv(caffe.conv(x, "cccp3", 256, 1).relu(), "cccp4", 256, 1).relu()
    x = caffe.conv(caffe.pool(x, "pool2"), "conv3", 384, 3, padding=1).relu()
    x = caffe.conv(caffe.conv(x, "cccp5", 384, 1).relu(), "cccp6", 384, 1).relu()
    x = caffe.conv(caffe.pool(x, "pool3"), "conv4-1024", 1024, 3, padding=1).relu()
    x = caffe.conv(caffe.conv(x, "cccp7-1024", 1024, 1).relu(), "cccp8-1024", 10, 1).relu()
    return x.mean((2, 3))


def resnet50(caffe: Caffe, x: Tensor) -> Tensor:
    def step(x: Tensor, block: str, branch: str, maps: int, kernel: int, **how: int) -> Tensor:
        x = caffe.conv(x, f"res{block}_{branch}", maps, kernel, bias=False, **how)
        return caffe.batch_norm(x, f"bn{block}_{branch}", f"scale{block}_{branch}")

    x = caffe.conv(x, "conv1", 64, 7, stride=2, padding=3)  # this one alone has a bias there
    x = caffe.pool(caffe.batch_norm(x, "bn_conv1", "scale_conv1").relu(), "pool1")
    for stage, (maps, letters) in enumerate(((64, "abc"), (128, "abcd"), (256, "abcdef"), (512, "abc")), 2):
        for letter in letters:
            stride = 2 if letter == "a" and stage > 2 else 1
            way = step(x, f"{stage}{letter}", "branch1", 4 * maps, 1, stride=stride) if letter == "a" else x
            y = step(x, f"{stage}{letter}", "branch2a", maps, 1, stride=stride).relu()
            y = step(y, f"{stage}{letter}", "branch2b", maps, 3, padding=1).relu()
            x = (way + step(y, f"{stage}{letter}", "branch2c", 4 * maps, 1)).relu()
    return caffe.full(x.mean((2, 3)), "fc1000", 10)


@pytest.mark.parametrize(
    ("network", "v1", "side", "mean", "built"),
    [
        (googlenet, True, 64, (104, 117, 123), {}),
        (nin, False, 64, (104.00699, 116.66877, 122.67892), {}),
        (resnet50, False, 128, (104.00699, 116.66877, 122.67892), {"depth": 50, "stride_on": "1x1", "pool1": "ceil"}),
        pytest.param(
            *(alexnet, True, 227, (104.00699, 116.66877, 122.67892), {"variant": "bvlc"}), marks=pytest.mark.slow
        ),
        pytest.param(
            *(caffenet, False, 227, (104.00699, 116.66877, 122.67892), {"variant": "caffenet"}), marks=pytest.mark.slow
        ),
        pytest.param(*(vgg, True, 224, (103.939, 116.779, 123.68), {"config": "A"}), marks=pytest.mark.slow),
    ],
)
def test_a_caffe_model_has_its_function_here_on_plain_pictures(tmp_path, network, v1, side, mean, built):
    caffe = Caffe()
    pictures, bgr = photographs(side, mean)
    with torch.inference_mode():
        expected = network(caffe, bgr)
        path = caffe_files.write(tmp_path / "net.caffemodel", caffe.layers, v1)
        module, _ = convert(str(path), resize=side, crop=side)
        found = module(to_batch(pictures, module.preprocessing))
    largest = float(expected.abs().max())
    assert float((expected[0] - expected[1]).abs().max()) > 0.02 * largest  # they are told apart at all
    torch.testing.assert_close(found, expected, atol=1e-4 * largest, rtol=0)
    assert built.items() <= module.arguments.items()
    assert module.num_classes == 10


def test_the_deeper_resnets_blocks_are_counted_by_letter_and_number():
    from lit_cnns.weights.dialects.caffe import RESNET

    for theirs, ours in {
        "res4a_branch1.weight": "conv4_1.shortcut.conv.weight",
        "bn4a_branch1.running_mean": "conv4_1.shortcut.bn.running_mean",
        "res4b22_branch2b.weight": "conv4_23.conv2.weight",
        "scale3b7_branch2c.bias": "conv3_8.bn3.bias",
        "bn_conv1.running_var": "bn1.running_var",
    }.items():
        assert RESNET.in_our_names(theirs, ()) == ours


def test_a_mean_picture_is_cropped_like_the_pictures_and_is_red_green_blue(tmp_path):
    mean = np.arange(3 * 6 * 6, dtype=np.float32).reshape(3, 6, 6)
    found = read_mean(caffe_files.write_mean(tmp_path / "mean.binaryproto", mean))
    torch.testing.assert_close(found[0] * 255, torch.from_numpy(mean[2]))
    caffe = Caffe()
    pictures, bgr = photographs(64, (0, 0, 0))
    mean = np.random.default_rng(1).uniform(90, 130, (3, 80, 80)).astype(np.float32)
    with torch.inference_mode():
        expected = nin(caffe, bgr - torch.from_numpy(mean)[:, 8:72, 8:72])
        path = caffe_files.write(tmp_path / "net.caffemodel", caffe.layers)
        picture = read_mean(caffe_files.write_mean(tmp_path / "mean.binaryproto", mean))
        module, _ = convert(str(path), resize=64, crop=64, mean=picture)
        found = module(to_batch(pictures, module.preprocessing))
    torch.testing.assert_close(found, expected, atol=1e-4 * float(expected.abs().max()), rtol=0)


def test_numbers_may_stand_alone_or_packed():
    values = np.array([1.5, -2.0, 3.25])
    for packed in (True, False):
        assert floats(fields(caffe_files.blob(values, legacy=False, packed=packed))[5]).tolist() == values.tolist()
    assert whole_numbers([7, memoryview(b"\x01\xac\x02")]) == [7, 1, 300]


@pytest.mark.parametrize("bad", [b"\x80", b"\xa2\x06\xff\xff\xff\x7f", b"\x0b\x0c", b"\x02\x01a", b"\xff" * 12])
def test_bytes_that_are_no_message_are_refused(bad):
    with pytest.raises(Damaged):
        fields(bad)


def test_a_model_that_is_cut_short_or_empty_is_refused_with_a_sentence(tmp_path: Path):
    caffe = Caffe()
    nin(caffe, torch.zeros(1, 3, 64, 64))
    whole = caffe_files.write(tmp_path / "net.caffemodel", caffe.layers[:3]).read_bytes()
    for size, sentence in ((len(whole) // 2, "damaged"), (3, "damaged"), (0, "no layer with weights")):
        (tmp_path / "cut.caffemodel").write_bytes(whole[:size])
        with pytest.raises(ValueError, match=sentence):
            convert(str(tmp_path / "cut.caffemodel"))
