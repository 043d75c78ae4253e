"""The data brings whole pictures to the views of a protocol, and cuts, pads and normalises them as in a plain test."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lightning as L
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from viewing import Net

from lit_cnns.classifier import LitClassifier
from lit_cnns.data import Digits, ImageData, ImageFolder, fit_image, read_image, to_batch
from lit_cnns.data.memory import TensorSet
from lit_cnns.evaluation import Views

SCRIPT = Path(__file__).parent / "viewing.py"
SIZES = {"a": [(40, 30), (33, 60)], "b": [(30, 30), (90, 41), (31, 30)]}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Five photographs' worth of noise in five shapes."""
    folder, draw = tmp_path_factory.mktemp("pictures"), torch.Generator().manual_seed(0)
    for split in ("train", "test"):
        for name, sizes in SIZES.items():
            (folder / split / name).mkdir(parents=True)
            for number, (width, height) in enumerate(sizes):
                pixels = torch.randint(0, 256, (height, width, 3), dtype=torch.uint8, generator=draw).numpy()
                Image.fromarray(pixels).save(folder / split / name / f"{number}.png")
    return folder


@pytest.fixture
def folder(root):
    return ImageFolder(str(root), image_size=24, resize=28, global_batch_size=2, num_workers=0)


def figures(data: ImageData, net: LitClassifier) -> dict[str, float]:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return L.Trainer(**quiet).test(net, datamodule=data, verbose=False)[0]


def batches(data: ImageData) -> list:
    data.setup("test")
    return [data.prepare_batch(batch, train=False) for batch in data.test_dataloader()]


def files(root):
    return sorted((root / "test").rglob("*.png"))


def test_a_folder_brings_whole_pictures_at_the_scales_of_the_protocol(folder, root):
    folder.evaluate_by("multi_scale", [24, 32])
    shapes = [[tuple(p.shape) for p in scaled] for views, _ in batches(folder) for scaled in views.pictures]
    assert shapes[1] == [(3, 43, 24), (3, 58, 32)]  # 33 x 60 pixels
    assert len(shapes) == 5


def test_ten_crop_through_the_trainer_is_ten_views_of_each_file_one_by_one(folder, root):
    net = Net().eval()
    folder.evaluate_by("ten_crop")
    losses, right = [], 0
    for path in files(root):
        picture = fit_image(read_image(path), {**folder.preprocessing, "crop": 28})  # the central square of 28
        views = []
        for top, left in [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]:
            view = picture[:, top : top + 24, left : left + 24]
            plain = {**folder.preprocessing, "resize": None}
            views += [to_batch([view], plain), to_batch([view.flip(2)], plain)]
        with torch.no_grad():
            mean = torch.stack([torch.softmax(net(view), 1) for view in views]).mean(0)[0]
        label = "ab".index(path.parent.name)
        losses.append(-mean[label].log())
        right += int(mean.argmax() == label)
    found = figures(folder, net)
    assert found["test/loss"] == pytest.approx(float(torch.stack(losses).mean()), abs=1e-6)
    assert found["test/top1"] == pytest.approx(right / 5)


def test_center_with_its_own_scale_is_the_plain_test(folder):
    net = Net()
    plain = figures(folder, net)
    folder.evaluate_by("center", [28])
    assert figures(folder, net) == pytest.approx(plain, abs=1e-6)
    folder.evaluate_by("center")
    assert folder.protocol is None
    assert figures(folder, net) == plain


def test_predictions_are_the_averaged_probabilities_in_the_order_of_the_files(folder, root):
    net = Net().eval()
    folder.evaluate_by("dense")
    quiet = {"logger": False, "enable_progress_bar": False, "accelerator": "cpu"}
    found = torch.cat(L.Trainer(**quiet).predict(net, datamodule=folder))
    folder.evaluate_by("dense")
    expected = torch.cat([torch.softmax(net.scores(views), 1) for views, _ in batches(folder)])
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(found.sum(1), torch.ones(5))


def test_workers_change_nothing(root):
    found = []
    for workers in (0, 2):
        data = ImageFolder(str(root), image_size=24, resize=28, global_batch_size=2, num_workers=workers)
        data.evaluate_by("crops_144")
        found.append(figures(data, Net()))
    assert found[0] == found[1]


def test_a_broken_picture_may_be_left_out(root, tmp_path):
    for path in (root / "train").rglob("*.png"):
        to = tmp_path / "test" / path.parent.name / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    (tmp_path / "test" / "a" / "broken.png").write_text("no picture")
    data = ImageFolder(str(tmp_path), image_size=24, resize=28, num_workers=0, on_broken="skip")
    data.evaluate_by("ten_crop")
    ((_, labels),) = batches(data)
    assert sorted(labels.tolist()) == [-100, 0, 0, 1, 1, 1]
    data.on_broken = "raise"
    data.evaluate_by("ten_crop")
    with pytest.raises(ValueError, match=r"broken\.png is not a picture"):
        batches(data)


class Padded(ImageData):
    """Pictures of 8 pixels that the network sees with 2 zero pixels around, as MNIST is padded."""

    class_names = ["dark", "light"]
    world = "noise"
    image_size = 12

    @property
    def preprocessing(self):
        return {"channels": 1, "resize": 8, "crop": 8, "pad": 2, "mean": [0.2], "std": [0.5]}

    def read(self, split):
        images = torch.arange(3 * 64, dtype=torch.uint8).view(3, 1, 8, 8)
        return TensorSet(images if self.tested_whole(split) else F.pad(images, [2] * 4), torch.tensor([0, 1, 0]))


def test_the_padding_of_a_data_set_goes_around_every_view():
    data = Padded(global_batch_size=4)
    ((plain, _),) = batches(data)
    data.evaluate_by("center", [8])
    ((views, _),) = batches(data)
    ((images, owners),) = list(views)
    assert torch.equal(images, plain)
    assert owners.tolist() == [0, 1, 2]


def test_small_sets_are_scaled_from_their_own_pixels():
    data = Digits(image_size=32, global_batch_size=400)
    data.evaluate_by("multi_scale", [32, 40])
    views, _ = batches(data)[0]
    assert [tuple(picture.shape) for picture in views.pictures[0]] == [(1, 32, 32), (1, 40, 40)]
    data.evaluate_by("center")
    ((plain, _),) = batches(data)
    data.evaluate_by("center", [32])
    assert torch.equal(next(iter(batches(data)[0][0]))[0], plain)


def test_training_is_untouched_by_a_protocol(folder):
    folder.evaluate_by("ten_crop")
    folder.setup("fit")
    images, _ = folder.prepare_batch(next(iter(folder.train_dataloader())), train=True)
    assert images.shape == (2, 3, 24, 24)
    assert isinstance(folder.prepare_batch(next(iter(folder.val_dataloader())), train=False)[0], Views)


def test_what_does_not_fit_is_refused_with_a_sentence(folder):
    with pytest.raises(ValueError, match="one of center, ten_crop"):
        folder.evaluate_by("ten crops")
    data = Padded()
    type(data).preprocessing = {"resize": None, "crop": None, "mean": [0.0]}
    with pytest.raises(ValueError, match="Padded's does not"):
        data.evaluate_by("ten_crop")
    type(data).preprocessing = {"resize": 10, "crop": 8, "mean": torch.zeros(1, 8, 8)}
    with pytest.raises(ValueError, match="a mean of one number a channel, not an image"):
        data.evaluate_by("dense")


@pytest.mark.slow
@pytest.mark.ddp
@pytest.mark.parametrize("count", [5, 2])
def test_two_and_three_gloo_processes_measure_what_one_measures(root, tmp_path, count):
    """Five pictures, and two, which leave the third process without any."""
    few = tmp_path / "few"
    for path in files(root)[-count:]:
        (few / "test" / path.parent.name).mkdir(parents=True, exist_ok=True)
        (few / "test" / path.parent.name / path.name).write_bytes(path.read_bytes())
    for name in SIZES:
        (few / "train" / name).mkdir(parents=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(SCRIPT.parents[2])}

    def run(processes: int) -> dict[str, dict[str, float]]:
        command = [sys.executable, SCRIPT, str(processes), few, tmp_path]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads((tmp_path / f"{processes}.json").read_text())

    with ThreadPoolExecutor(3) as pool:
        alone, *others = pool.map(run, (1, 2, 3))
    for several in others:
        for name, figures in alone.items():
            assert several[name]["test/loss"] == pytest.approx(figures["test/loss"], abs=1e-6)
            assert several[name]["test/top1"] == figures["test/top1"]
