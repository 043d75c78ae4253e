"""The YAMLs have what the papers' recipes print, to the detail; the modern ones have what they say."""

import re

import pytest
import yaml

import lit_cnns.data
import lit_cnns.lineage
from lit_cnns import papers
from lit_cnns.recipes import config_names, find_config

NETWORKS = [name for name in config_names() if not name.startswith("trainer/")]
PAPERS = [name for name in NETWORKS if re.search(r"/(imagenet|cifar10|cifar100)$", name)]
MODERN = [name for name in NETWORKS if re.search(r"/(imagenet|cifar10)_modern$", name)]
MAIN = {
    *("alexnet", "zfnet", "nin_imagenet", "vgg_d", "googlenet", "bn_inception", "inception_v3", "inception_v4"),
    *("inception_resnet_v2", "resnet18_b", "resnet34_b", "resnet50_v15", "resnet101", "resnet152", "preresnet152"),
    *("preresnet200", "resnet20_cifar", "resnet56_cifar", "resnet110_cifar", "vgg_cifar", "nin_cifar10"),
}


def read(name):
    return yaml.safe_load(find_config(name).read_text())


def augmented(name):
    """The data of a recipe as it is built."""
    said = read(name)["data"]
    return getattr(lit_cnns.data, said["class_path"].rpartition(".")[2])(**said["init_args"])


def told(name):
    """What the paper says of the network's augmentation."""
    said = papers.row(name.split("/")[0])["recipe"]["augmentation"]
    return said if isinstance(said, str) else " ".join(map(str, said))


def averaging(name):
    callbacks = read(name)["trainer"].get("callbacks", [])
    return [c["init_args"]["decay"] for c in callbacks if c["class_path"].endswith("EMAWeightAveraging")]


WITH_AUGMENTATION = [name for name in PAPERS if "augmentation" in (papers.row(name.split("/")[0]).get("recipe") or {})]


@pytest.mark.parametrize("name", WITH_AUGMENTATION)
def test_the_crops_are_those_the_paper_prints(name):
    text, data = told(name), augmented(name)
    assert data.augmentation.flip
    if found := re.search(r"shorter side drawn from \[(\d+), (\d+)\]", text):
        assert (data.crop.kind, data.crop.resize) == ("shorter_side", (int(found[1]), int(found[2])))
    if "shorter side is S" in text:
        sizes = papers.row(name.split("/")[0])["recipe"]["training_scale"]
        assert sizes["single"].startswith(f"S = {data.crop.resize[0]}")
        assert data.crop.kind == "shorter_side"
    if "random 224x224 crop of the 256x256" in text:
        assert (data.crop.kind, data.crop.side, data.side) == ("central_square", 256, 224)
    if "10 sub-crops" in text:
        assert (data.crop.kind, data.crop.side, data.augmentation.corner_crops) == ("central_square", 256, True)
    if "8% to 100%" in text or "as GoogLeNet" in text or "as for GoogLeNet" in text:
        assert (data.crop.kind, data.crop.scale, data.crop.ratio) == ("random_resized", (0.08, 1.0), (3 / 4, 4 / 3))
    if re.search(r"(4 pixels of|padding 4)", text):
        assert data.augmentation.crop_padding == 4
    if "24x24 crops" in text:
        assert (data.image_size, data.augmentation.crop_padding) == (24, 0)


@pytest.mark.parametrize("name", WITH_AUGMENTATION)
def test_the_colours_are_changed_where_the_paper_does_so(name):
    coloured = re.search("PCA colour|AlexNet RGB shift|AlexNet's colour", told(name))
    assert augmented(name).augmentation.color_pca == (0.1 if coloured else 0.0)


@pytest.mark.parametrize("name", [name for name in PAPERS if re.search(r"(resnet|plain)\d+_cifar/", name)])
def test_the_resnets_for_cifar_have_the_papers_iterations_and_batch(name):
    said, recipe = read(name), papers.row(name.split("/")[0])["recipe"]
    assert said["trainer"]["max_steps"] == recipe["iterations"] == 64_000
    assert said["data"]["init_args"]["global_batch_size"] == recipe["batch_size"]


@pytest.mark.parametrize("name", PAPERS)
def test_weights_are_averaged_where_the_paper_does_so(name):
    recipe = papers.row(name.split("/")[0]).get("recipe") or {}
    if name == "googlenet_separable_conv1/imagenet":  # its row refers to the main model's recipe
        recipe = papers.row("googlenet")["recipe"]
    assert averaging(name) == ([0.9999] if "averaging" in recipe else [])


@pytest.mark.parametrize("name", [name for name in PAPERS if re.search(r"(resnet|plain)\d+_cifar", name)])
def test_resnets_for_cifar_pad_with_zeros_after_the_mean_is_subtracted(name):
    assert augmented(name).augmentation.pad_with == "mean"


@pytest.mark.parametrize("name", ["plain110_cifar", "resnet110_cifar"])
def test_the_110_layers_are_held_at_a_hundredth_for_400_iterations(name):
    recipe, warm = papers.row(name)["recipe"], read(f"{name}/cifar10")["model"]["init_args"]["schedule_args"]
    rate, count = re.match(r"([\d.]+) until .*about (\d+) iterations", recipe["warmup_110"]).groups()
    assert (warm["warmup"], warm["warmup_shape"]) == (int(count), "constant")
    assert warm["warmup_from"] == pytest.approx(float(rate) / recipe["lr"])


def test_vgg_of_384_goes_on_at_a_tenth_from_that_of_256():
    said, scale = read("vgg_d/imagenet_384"), papers.row("vgg_d")["recipe"]["training_scale"]["single"]
    assert scale == "S = 256, or S = 384 started from the S = 256 net with lr 0.001"
    assert (said["data"]["init_args"]["train_resize"], said["model"]["init_args"]["lr"]) == (384, 0.001)
    assert said["init_from"] == "runs/vgg_d_imagenet/version_0/checkpoints/last.ckpt"


def test_every_main_network_has_its_modern_recipe():
    assert {name.split("/")[0] for name in MODERN} == MAIN


@pytest.mark.parametrize("name", MODERN)
def test_a_modern_recipe_says_that_it_is_no_papers_and_has_its_parts(name):
    said, data = read(name), augmented(name)
    assert find_config(name).read_text().startswith("# Not in the paper.")
    arguments = said["model"]["init_args"]
    assert (arguments["schedule"], arguments["schedule_args"]["warmup"]) == ("cosine", 5)
    cls = getattr(lit_cnns.lineage, said["model"]["class_path"].rpartition(".")[2])
    smoothing = cls.__init__.__kwdefaults__.get("label_smoothing", 0.0)
    assert arguments.get("label_smoothing", smoothing) == 0.1
    assert data.auto_augment in ("trivialaugment", "randaugment")
    assert len(averaging(name)) == 1


@pytest.mark.parametrize("name", MODERN)
def test_a_modern_recipe_without_batch_norm_clips_gradients_and_leaves_sgd(name):
    said, bare = read(name), {"alexnet", "zfnet", "nin_imagenet", "nin_cifar10", "vgg_d", "googlenet"}
    without = name.split("/")[0] in bare
    assert (said["model"]["init_args"].get("optimizer") == "adamw") == without
    assert ("gradient_clip_val" in said["trainer"]) == without
