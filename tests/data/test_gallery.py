"""A gallery gives pictures as they are, so that each network can prepare them in its own way."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lit_cnns import Digits
from lit_cnns.data import Gallery, fit_image


def write(path: Path, shade: int, size: tuple[int, int] = (6, 4)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, shade, shade)).save(path)


def test_the_digits_are_those_of_the_test_split_and_prepared_by_a_network_they_are_its_own() -> None:
    gallery, data = Gallery.digits(), Digits()
    own = data.read("test")
    assert len(gallery) == 360
    assert torch.equal(gallery.labels, own.labels)
    assert torch.equal(fit_image(gallery.picture(7), data.preprocessing), own.images[7])


@pytest.mark.parametrize(("split", "title"), [("val", "pets, val"), ("", "pets")])
def test_class_folders_give_labels(tmp_path: Path, split: str, title: str) -> None:
    for place, name in enumerate(("ant", "bee")):
        write(tmp_path / "pets" / split / name / "1.png", 100 * place)
    (gallery,) = Gallery.within(tmp_path / "pets")
    assert gallery.title == title
    assert gallery.class_names == ["ant", "bee"]
    assert gallery.labels.tolist() == [0, 1]
    assert gallery.picture(1).shape == (3, 4, 6)
    assert gallery.name(1) == "bee/1.png"


def test_pictures_alone_have_no_labels(tmp_path: Path) -> None:
    write(tmp_path / "b.png", 9)
    write(tmp_path / "a.png", 7)
    (tmp_path / "notes.txt").write_text("no picture")
    (gallery,) = Gallery.within(tmp_path)
    assert gallery.labels.tolist() == [-1, -1]
    assert gallery.class_names == []
    assert [int(gallery.picture(number)[0, 0, 0]) for number in range(2)] == [7, 9]


def test_classes_named_by_wordnet_are_called_by_imagenets_words(tmp_path: Path) -> None:
    for name in ("n01440764", "n02102040"):
        write(tmp_path / name / "1.png", 0)
    (gallery,) = Gallery.within(tmp_path)
    assert gallery.class_names[0] == "tench, Tinca tinca"


def test_a_published_set_is_found_by_its_files(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    images = np.arange(2 * 28 * 28, dtype=np.uint32).astype(np.uint8)
    for name in ("train", "t10k"):
        head = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28])
        (raw / f"{name}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 4, 2]))
    (gallery,) = Gallery.within(tmp_path)
    assert gallery.title == "MNIST, test"
    assert gallery.labels.tolist() == [4, 2]
    assert gallery.picture(0).shape == (1, 28, 28)


def test_a_folder_without_pictures_and_none_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="neither pictures nor folders"):
        Gallery.within(tmp_path)
    with pytest.raises(ValueError, match="There is no folder gone"):
        Gallery.within(tmp_path / "gone")


def test_a_sample_is_the_same_each_time_and_in_order() -> None:
    gallery = Gallery.digits()
    sample = gallery.sample(50)
    assert sample == sorted(set(sample)) == gallery.sample(50)
    assert sample != list(range(50))
    assert gallery.sample(10_000) == list(range(360))


def test_broken_pictures_are_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.png", 0)
    (tmp_path / "b.png").write_text("no picture")
    (gallery,) = Gallery.within(tmp_path)
    ((numbers, pictures, labels),) = gallery.batches([0, 1])
    assert numbers == [0]
    assert len(pictures) == len(labels) == 1


def test_a_large_photograph_is_decoded_smaller_where_that_is_enough(tmp_path: Path) -> None:
    Image.effect_noise((1600, 1200), 40).convert("RGB").save(tmp_path / "a.jpg")
    (gallery,) = Gallery.within(tmp_path)
    assert gallery.picture(0).shape == (3, 1200, 1600)
    assert gallery.picture(0, at_least=300).shape == (3, 300, 400)
    assert gallery.picture(0, at_least=301).shape == (3, 600, 800)
