"""Folders of pictures: layouts, splits, training crops, broken pictures."""

import numpy as np
import pytest
import torch
from PIL import Image

from lit_cnns.data import ImageError, ImageFolder, ImageNet
from lit_cnns.data.files import TrainingCrop
from lit_cnns.data.memory import TensorSet


def save(path, side=(40, 30), seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (side[1], side[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def root(tmp_path):
    for part, count in (("train", 6), ("val", 3)):
        for name in ("cat", "dog"):
            for number in range(count):
                save(tmp_path / part / name / f"{number}.png", seed=number)
    return tmp_path


def small(root, **arguments) -> ImageFolder:
    arguments = {"image_size": 16, "global_batch_size": 4, "num_workers": 0, **arguments}
    return ImageFolder(root=str(root), **arguments)


def labels(data: ImageFolder, part: str) -> list[int]:
    return data.sets[part].labels.tolist()


def test_class_folders_in_sorted_order_are_the_labels(root):
    data = small(root)
    assert data.class_names == ["cat", "dog"]
    assert data.num_classes == 2
    data.setup("fit")
    assert labels(data, "train") == [0] * 6 + [1] * 6
    assert labels(data, "val") == [0] * 3 + [1] * 3
    assert "cat, dog" in data.world


def test_small_pictures_stay_in_memory_and_large_ones_in_their_files(root):
    for side, in_memory in ((16, True), (64, True), (96, False)):
        data = small(root, image_size=side)
        data.setup("fit")
        assert isinstance(data.sets["train"], TensorSet) is in_memory
        images, _ = data.prepare_batch(next(iter(data.train_dataloader())), train=True)
        assert images.shape == (4, 3, side, side)


def test_memory_and_files_give_the_same_pictures(root):
    batches = []
    for in_memory in (True, False):
        data = small(root, in_memory=in_memory, crop_padding=2, resize=20)
        data.setup("fit")
        for loader, train in ((data.train_dataloader(), True), (data.val_dataloader(), False)):
            batches.append([data.prepare_batch(batch, train)[0] for batch in loader])
    for here, there in zip(batches[0] + batches[1], batches[2] + batches[3], strict=True):
        assert torch.equal(here, there)


@pytest.mark.parametrize("crop", ["random_resized", "shorter_side", "central_square"])
def test_training_crops_are_the_same_with_any_number_of_workers(root, crop):
    seen = []
    for workers in (0, 2):
        data = small(root, in_memory=False, train_crop=crop, train_resize=24, num_workers=workers)
        data.setup("fit")
        loader = data.train_dataloader()
        for epoch in (0, 1):
            loader.set_epoch(epoch)
            seen.append(torch.cat([data.prepare_batch(batch, True, epoch)[0] for batch in loader]))
    assert torch.equal(seen[0], seen[2])
    assert torch.equal(seen[1], seen[3])
    assert not torch.equal(seen[0], seen[1])


def test_a_random_patch_has_the_area_and_shape_asked_for():
    crop = TrainingCrop("random_resized", 16, (16, 16), (0.08, 1.0), (3 / 4, 4 / 3))
    generator = torch.Generator().manual_seed(0)
    areas = []
    for _ in range(500):
        top, left, height, width = crop.patch(200, 300, torch.rand(22, generator=generator).tolist())
        assert 0 <= top <= 200 - height
        assert 0 <= left <= 300 - width
        assert 0.73 < width / height < 1.37
        areas.append(height * width / 60_000)
    assert min(areas) > 0.07
    assert max(areas) > 0.6
    assert crop.patch(10, 1000, [0.5] * 22)[2:] == (10, 13)  # nothing fits: the largest allowed shape, central


def test_the_shorter_side_is_drawn_from_its_range_and_a_window_of_it():
    crop = TrainingCrop("shorter_side", 16, (16, 32), (0.08, 1.0), (3 / 4, 4 / 3))
    ramp = torch.arange(64, dtype=torch.uint8).expand(3, 32, 64)
    assert crop(ramp, "bilinear", [0.0, 0.0, 0.0]).shape == (3, 16, 16)
    large = crop(ramp, "bilinear", [0.999, 0.0, 0.0])
    assert torch.equal(large, ramp[:, :16, :16])
    assert torch.equal(crop(ramp, "bilinear", [0.999, 0.999, 0.999]), ramp[:, 16:, 48:])


def test_test_validates_where_there_is_no_val_folder(root):
    (root / "val").rename(root / "test")
    data = small(root)
    data.setup("fit")
    data.setup("test")
    assert labels(data, "val") == labels(data, "test") == [0] * 3 + [1] * 3


def test_a_fraction_of_one_folder_of_classes_is_set_aside_by_class(root):
    data = small(root / "train", val_fraction=1 / 3)
    data.setup("fit")
    data.setup("test")
    assert labels(data, "val") == labels(data, "test") == [0] * 2 + [1] * 2
    assert labels(data, "train") == [0] * 4 + [1] * 4
    names = {part: set(data.sets[part].names) for part in ("train", "val")}
    assert not names["train"] & names["val"]


def test_a_fraction_set_aside_leaves_val_to_test_on(root):
    data = small(root, val_fraction=1 / 3)
    data.setup("fit")
    data.setup("test")
    assert (len(data.sets["val"]), len(data.sets["test"])) == (4, 6)


def test_missing_and_empty_folders_are_refused_with_a_sentence(root):
    with pytest.raises(
        ValueError, match=r"There is no folder .*nowhere; `root` .*docs/data\.md shows the layout expected\."
    ):
        _ = small(root / "nowhere").num_classes
    with pytest.raises(ValueError, match=r"No val/ folder under .*val_fraction: 0\.1.*docs/data\.md"):
        small(root / "train").setup("fit")
    (root / "val" / "bird").mkdir()
    with pytest.raises(ValueError, match=r"bird is not among the 2 classes"):
        small(root).setup("fit")
    (root / "train" / "bird").mkdir()
    with pytest.raises(ValueError, match=r"The class folder .*bird has no pictures in it"):
        small(root).setup("fit")
    (root / "train").rename(root / "elsewhere")
    with pytest.raises(ValueError, match=r"No train/ folder under .*docs/data\.md"):
        small(root).setup("fit")
    (root / "empty" / "train").mkdir(parents=True)
    with pytest.raises(ValueError, match="has no class folders"):
        _ = small(root / "empty").num_classes


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_broken_picture_stops_the_run_by_name(root, in_memory, workers):
    (root / "val" / "dog" / "1.png").write_bytes(b"\xff\xd8\xff not a picture")
    data = small(root, in_memory=in_memory, num_workers=workers)
    with pytest.raises(ImageError) as caught:  # noqa: PT012 - in memory it is read in setup, else by the loader
        data.setup("validate")
        list(data.val_dataloader())
    assert str(caught.value).endswith("1.png is not a picture in a format that can be read.")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_broken_picture_that_may_be_skipped_is_counted_and_not_evaluated(root, in_memory):
    whole = root / "val" / "dog" / "1.png"
    whole.write_bytes(whole.read_bytes()[:500])
    data = small(root, in_memory=in_memory, on_broken="skip")
    with pytest.warns(UserWarning, match=r"1 of 6 .*could not be read.*dog/1\.png"):  # noqa: PT031
        data.setup("validate")
        seen = [label for _, batch, _ in data.val_dataloader() for label in batch.tolist() if label != -100]
        data.teardown("validate")
    assert sorted(seen) == [0, 0, 0, 1, 1]


def test_grey_networks_get_grey_pictures(root):
    data = small(root, channels=1)
    data.setup("fit")
    assert data.prepare_batch(next(iter(data.train_dataloader())), True)[0].shape == (4, 1, 16, 16)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"train_crop": "random"}, "train_crop is one of random_resized, shorter_side, central_square, not random"),
        ({"on_broken": "ignore"}, "on_broken is one of raise, skip, not ignore"),
        ({"resize": 8}, "must not be smaller than image_size 16"),
        ({"train_resize": [20, 30]}, "a range needs train_crop: shorter_side"),
        ({"train_crop": "random_resized", "in_memory": True}, "in_memory needs train_crop: central_square"),
        ({"val_fraction": 1.5}, "val_fraction is a share"),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        small("anywhere", **arguments)


def imagenet(root, flat: bool = True):
    for wnid in ("n01", "n02"):
        save(root / "train" / wnid / "a.jpg")
    for number in range(4):
        save(root / "val" / ("" if flat else f"n0{number % 2 + 1}") / f"ILSVRC2012_val_0000000{number}.JPEG")
    return ImageNet(root=str(root), image_size=24, num_workers=0, global_batch_size=2)


def test_imagenets_validation_pictures_lie_in_folders(tmp_path):
    data = imagenet(tmp_path, flat=False)
    data.setup("fit")
    assert labels(data, "val") == [0, 0, 1, 1]
    assert data.class_names == ["n01", "n02"]


def test_flat_validation_pictures_get_their_labels_from_a_list(tmp_path):
    data = imagenet(tmp_path)
    lines = [f"ILSVRC2012_val_0000000{number}.JPEG n0{number % 2 + 1}" for number in range(4)]
    (tmp_path / "val_labels.txt").write_text("\n".join(reversed(lines)))
    (tmp_path / "LOC_synset_mapping.txt").write_text("n01 tench, Tinca tinca\nn02 goldfish\n")
    data.setup("fit")
    assert labels(data, "val") == [0, 1, 0, 1]
    assert data.class_names == ["tench, Tinca tinca", "goldfish"]


def test_flat_validation_pictures_get_their_labels_from_the_development_kit(tmp_path):
    from scipy.io import savemat

    data = imagenet(tmp_path)
    kit = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    kit.mkdir(parents=True)
    kind = [("ILSVRC2012_ID", "O"), ("WNID", "O"), ("words", "O"), ("num_children", "O")]
    synsets = np.array([(1, "n02", "goldfish", 0), (2, "n01", "tench", 0), (3, "n00", "fish", 2)], dtype=kind)
    savemat(kit / "meta.mat", {"synsets": synsets.reshape(-1, 1)})
    (kit / "ILSVRC2012_validation_ground_truth.txt").write_text("1\n2\n2\n1\n")
    data.setup("fit")
    assert labels(data, "val") == [1, 0, 0, 1]
    assert data.class_names == ["tench", "goldfish"]


def test_flat_validation_pictures_without_labels_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"have no labels: put them into folders by WNID, or add val_labels\.txt"):
        imagenet(tmp_path).setup("fit")


def test_the_papers_training_crops_fit_real_photographs(shared):
    for crop, resize in (("shorter_side", [256, 480]), ("central_square", 256), ("random_resized", None)):
        data = ImageNet(
            root=str(shared / "data" / "imagenette_mini"),
            train_crop=crop,
            train_resize=resize,
            color_pca=0.1,
            num_workers=0,
            global_batch_size=8,
        )
        data.setup("fit")
        images, _ = data.prepare_batch(next(iter(data.train_dataloader())), True)
        assert images.shape == (8, 3, 224, 224)
        assert images.std() > 0.5
