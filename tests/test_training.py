"""Every YAML that ships trains: a batch of it, on a few made-up pictures in the layout of its data."""

import gc
import pickle
import shutil
import struct

import numpy as np
import pytest
import yaml
from PIL import Image

from lit_cnns import build
from lit_cnns.checkpoints import save_slim
from lit_cnns.cli import main
from lit_cnns.recipes import config_names, find_config

NETWORKS = [name for name in config_names() if not name.startswith("trainer/")]
COUNT = 10
ONCE = [
    *("--config", "trainer/debug", "--data.global_batch_size", "2", "--data.num_workers", "0"),
    *("--trainer.limit_train_batches", "1", "--trainer.limit_val_batches", "1", "--trainer.logger", "false"),
    *("--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false", "--trainer.max_steps", "1"),
]


def folders(root):
    """Two classes of pictures of odd shapes."""
    for split in ("train", "val"):
        for name, number in (("n01", 0), ("n02", 1)):
            (root / split / name).mkdir(parents=True)
            for place in range(2):
                pixels = np.random.default_rng(number).integers(0, 255, (340, 330 + 40 * place, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{place}.png")


def cifar(root, folder, files, key):
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name in files:
        pixels = np.random.default_rng(0).integers(0, 255, (COUNT, 3072), dtype=np.uint8)
        contents = {"data": pixels, key: list(range(COUNT))}
        (root / folder / name).write_bytes(pickle.dumps(contents, protocol=2))


def mnist(root, folder):
    (root / folder / "raw").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (COUNT, 28, 28), dtype=np.uint8)
    for part in ("train", "t10k"):
        for name, values in (("images-idx3", pixels), ("labels-idx1", np.arange(COUNT, dtype=np.uint8))):
            head = struct.pack(f">{1 + values.ndim}I", 0x800 + values.ndim, *values.shape)
            (root / folder / "raw" / f"{part}-{name}-ubyte").write_bytes(head + values.tobytes())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    folders(root)
    cifar(root, "cifar-10-batches-py", [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"], "labels")
    cifar(root, "cifar-100-python", ["train", "test"], "fine_labels")
    mnist(root, "MNIST")
    mnist(root, "FashionMNIST")
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_recipe_trains_a_batch(name, pictures, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = yaml.safe_load(find_config(name).read_text())
    data, options = said["data"]["class_path"].rpartition(".")[2], [*ONCE]
    if data == "StreamedImages":
        assert main(["data", "prepare", str(pictures), "chunks", "--form", "chunks", "--workers", "1"]) == 0
        pictures = tmp_path / "chunks"
    if data != "Digits":
        options += ["--data.root", str(pictures)]
    if data in ("CIFAR10", "CIFAR100", "MNIST", "FashionMNIST"):
        options += ["--data.val_size", "0"]
    if said.get("init_from"):
        source = "vgg_a" if "init_layers" in said else name.split("/")[0]
        save_slim(build(source, num_classes=2), tmp_path / "trained.ckpt")
        options += ["--init_from", "trained.ckpt"]
    try:
        assert main(["fit", "--config", name, *options]) == 0
    finally:
        gc.collect()  # a Trainer and its network hold each other
        shutil.rmtree(tmp_path)  # VGG's checkpoint alone has more than a gigabyte
