"""Digits, MNIST and CIFAR: sizes, splits, normalisation, and files that are missing or wrong."""

import gzip
import pickle
import struct

import numpy as np
import pytest
import torch
from jsonargparse import ArgumentParser

from lit_cnns.data import CIFAR10, CIFAR100, MNIST, Digits, FashionMNIST, ImageFolder, ImageNet
from lit_cnns.data.module import stratified


def first_batch(data, train: bool = True):
    data.setup("fit")
    batch = next(iter(data.train_dataloader() if train else data.val_dataloader()))
    return data.prepare_batch(batch, train)


def test_the_named_split_of_the_digits_is_stratified_and_whole():
    split = Digits.split()
    assert {name: len(part) for name, part in split.items()} == {"train": 1257, "val": 180, "test": 360}
    assert torch.cat(list(split.values())).sort().values.tolist() == list(range(1797))
    data = Digits()
    data.setup("fit")
    data.setup("test")
    for part, each in (("val", 18), ("test", 36)):
        assert (torch.bincount(data.sets[part].labels) - each).abs().max() <= 1


def test_another_split_seed_gives_another_split():
    assert not torch.equal(Digits.split()["test"], Digits.split(1)["test"])
    assert torch.equal(Digits.split()["test"], Digits.split()["test"])


@pytest.mark.parametrize("side", [8, 16, 24, 32])
def test_digits_come_in_any_size_scaled_from_black_to_white(side):
    data = Digits(image_size=side)
    images, labels = first_batch(data)
    assert images.shape == (128, 1, side, side)
    assert labels.dtype == torch.int64
    assert data.sets["train"].images.min() == 0
    assert data.sets["train"].images.max() >= 250


def test_normalised_digits_have_mean_0_and_deviation_1_before_they_are_enlarged():
    data = Digits(image_size=8, global_batch_size=1257)
    images, _ = first_batch(data)
    assert images.mean().abs() < 0.01
    assert (images.std() - 1).abs() < 0.01


def test_stratified_parts_keep_each_classs_share():
    labels = torch.tensor([0] * 70 + [1] * 20 + [2] * 10)
    rest, chosen = stratified(labels, 11, seed=0)
    assert torch.bincount(labels[chosen]).tolist() == [8, 2, 1]
    assert sorted([*rest.tolist(), *chosen.tolist()]) == list(range(100))


def write_mnist(root, packed: bool = True):
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for part, count in (("train", 40), ("t10k", 12)):
        images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            data = (
                struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
            )
            path = folder / (f"{name}.gz" if packed else name)
            path.write_bytes(gzip.compress(data) if packed else data)
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_read_from_its_authors_files_packed_or_not(tmp_path, packed):
    write_mnist(tmp_path, packed)
    data = MNIST(root=str(tmp_path), val_size=10, global_batch_size=10)
    images, _ = first_batch(data)
    assert images.shape == (10, 1, 32, 32)
    data.setup("test")
    assert [len(data.sets[part]) for part in ("train", "val", "test")] == [30, 10, 12]
    assert torch.bincount(data.sets["val"].labels).tolist() == [1] * 10


def test_mnists_ground_is_minus_a_tenth_and_its_ink_1_175(tmp_path):
    write_mnist(tmp_path)
    images, _ = first_batch(MNIST(root=str(tmp_path), val_size=0, global_batch_size=40))
    assert images.min().item() == pytest.approx(-0.1, abs=1e-6)
    assert images.max().item() == pytest.approx(1.175, abs=1e-6)
    assert (images[:, :, :2] == images[0, 0, 0, 0]).all()


def test_without_a_validation_part_the_test_set_validates_and_all_is_trained_on(tmp_path):
    write_mnist(tmp_path)
    data = MNIST(root=str(tmp_path), val_size=0)
    data.setup("fit")
    assert [len(data.sets[part]) for part in ("train", "val")] == [40, 12]


def test_a_cut_mnist_file_is_refused_by_name(tmp_path):
    folder = write_mnist(tmp_path, packed=False)
    path = folder / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.*Fetch it again"):
        MNIST(root=str(tmp_path)).setup("fit")


@pytest.mark.parametrize("kind", [MNIST, FashionMNIST, CIFAR10, CIFAR100])
def test_missing_files_are_named_with_the_place_they_belong(tmp_path, kind):
    with pytest.raises(
        ValueError, match=f"{kind.title} is not complete in .*{kind.folder}.*Pass download: true, or put"
    ):
        kind(root=str(tmp_path)).setup("fit")


def test_the_real_mnist_has_its_sizes(shared):
    data = MNIST(root=str(shared / "data"))
    data.setup("fit")
    data.setup("test")
    assert [len(data.sets[part]) for part in ("train", "val", "test")] == [55_000, 5_000, 10_000]


def write_cifar(root, folder: str, files: dict[str, int], key: str):
    (root / folder).mkdir(parents=True)
    for number, (name, count) in enumerate(files.items()):
        data = np.full((count, 3072), number, dtype=np.uint8)
        data[:, 1024:2048] = 200  # the green plane
        with open(root / folder / name, "wb") as file:
            pickle.dump({"data": data, key: [i % 10 for i in range(count)]}, file, protocol=2)


def test_cifar_10_is_read_from_its_authors_files(tmp_path):
    parts = {f"data_batch_{number}": 20 for number in range(1, 6)}
    write_cifar(tmp_path, "cifar-10-batches-py", {**parts, "test_batch": 10}, "labels")
    data = CIFAR10(root=str(tmp_path), val_size=20, global_batch_size=16)
    images, _ = first_batch(data)
    assert images.shape == (16, 3, 32, 32)
    data.setup("test")
    assert [len(data.sets[part]) for part in ("train", "val", "test")] == [80, 20, 10]
    assert data.sets["test"].images[0, :, 0, 0].tolist() == [5, 200, 5]
    assert torch.bincount(data.sets["val"].labels).tolist() == [2] * 10


def test_cifar_100_is_read_from_its_authors_files(tmp_path):
    write_cifar(tmp_path, "cifar-100-python", {"train": 40, "test": 10}, "fine_labels")
    data = CIFAR100(root=str(tmp_path), val_size=0, global_batch_size=8)
    assert first_batch(data, train=False)[0].shape == (8, 3, 32, 32)
    assert data.num_classes == 100


def test_a_smaller_cifar_is_a_random_crop_in_training_and_the_central_one_otherwise(tmp_path):
    parts = {f"data_batch_{number}": 20 for number in range(1, 6)}
    write_cifar(tmp_path, "cifar-10-batches-py", {**parts, "test_batch": 10}, "labels")
    data = CIFAR10(root=str(tmp_path), image_size=24, crop_padding=0, val_size=0, global_batch_size=16)
    assert first_batch(data)[0].shape == (16, 3, 24, 24)
    assert first_batch(data, train=False)[0].shape[2:] == (24, 24)
    assert data.preprocessing["resize"] == 32


class Harmful:
    def __reduce__(self):
        return print, ("this must not run",)


def test_a_cifar_file_with_code_in_it_is_refused_and_nothing_runs(tmp_path, capsys):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    for name in CIFAR10.files:
        (folder / name).write_bytes(pickle.dumps({"data": Harmful()}))
    with pytest.raises(ValueError, match=r"data_batch_1 is not a file of CIFAR .*builtins\.print"):
        CIFAR10(root=str(tmp_path)).setup("fit")
    assert "must not run" not in capsys.readouterr().out


def test_mean_and_std_need_one_number_a_channel():
    with pytest.raises(ValueError, match="one number a channel: 3 here, not 1"):
        CIFAR10(mean=(0.5,))


def test_a_training_set_smaller_than_a_global_batch_is_refused():
    data = Digits(global_batch_size=2000)
    data.setup("fit")
    with pytest.raises(ValueError, match="1257 pictures, fewer than one global batch of 2000"):
        data.train_dataloader()


@pytest.mark.parametrize("kind", [Digits, MNIST, FashionMNIST, CIFAR10, CIFAR100, ImageFolder, ImageNet])
def test_a_data_module_is_whole_when_constructed_and_says_what_it_is(kind):
    data = kind(flip=True, seed=4)
    described = data.description
    assert described["class"] == kind.__name__
    assert described["args"]["flip"] is True
    assert described["args"]["seed"] == 4
    assert not {"root", "num_workers", "download"} & set(described["args"])
    assert kind(**described["args"]).description == described
    assert data.preprocessing["channels"] == data.in_channels == len(data.preprocessing["mean"])
    assert data.image_size > 0


@pytest.mark.parametrize("kind", [Digits, MNIST, FashionMNIST, CIFAR10, CIFAR100, ImageFolder, ImageNet])
def test_every_argument_reaches_the_command_line_with_its_help(kind):
    parser = ArgumentParser()
    parser.add_class_arguments(kind, "data")
    parsed = parser.parse_args(["--data.global_batch_size=64", "--data.mixup=0.2"]).data
    assert (parsed.global_batch_size, parsed.mixup, parsed.color_pca) == (64, 0.2, 0.0)
    assert all(action.help for action in parser._actions)
