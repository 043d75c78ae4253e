"""`decoder: fast` gives Pillow's pixels, and leaves to Pillow what it does not take."""

import io
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from lit_cnns.data import ImageError, ImageFolder, read_image
from lit_cnns.data.crop import TrainingCrop
from lit_cnns.data.decoding import decode_by

pytest.importorskip("simplejpeg", reason="pip install 'lit-cnns[fast]'")


def photograph(width: int = 300, height: int = 200) -> Image.Image:
    """A smooth drawing with edges, of the kind JPEG is made for."""
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([128 + 100 * np.sin(x / 31), 128 + 100 * np.cos(y / 17), 255.0 * (x + y > 200)], 2)
    return Image.fromarray(pixels.astype(np.uint8))


def encoded(picture: Image.Image, kind: str = "JPEG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(photograph(), exif=exif)


@pytest.mark.parametrize(
    "data",
    [
        encoded(photograph()),
        encoded(photograph(), quality=95, subsampling=0),
        encoded(photograph(), progressive=True),
        encoded(photograph().convert("L")),
        encoded(photograph().convert("CMYK")),
        encoded(photograph(), "PNG"),
        encoded(photograph(), "WEBP"),
        turned(),
    ],
    ids=["colour", "4:4:4", "progressive", "grey", "CMYK", "PNG", "WebP", "turned"],
)
def test_the_fast_decoder_gives_pillows_pixels(data):
    assert torch.equal(decode_by("fast")(data, "x", None), read_image(data))


def test_the_fast_decoder_gives_pillows_pixels_of_real_photographs(shared):
    files = sorted((shared / "data" / "imagenette_mini" / "val").rglob("*.JPEG"))[::5]
    for file in files:
        data = file.read_bytes()
        difference = (decode_by("fast")(data, "x", None).int() - read_image(data).int()).abs()
        assert difference.max() == 0, file
    assert len(files) == 100


@pytest.mark.parametrize("data", [encoded(photograph())[:2000], b"\xff\xd8\xff no JPEG", b"GIF89a"])
def test_a_broken_file_is_refused_by_pillows_sentence(data):
    sentences = []
    for name in ("pil", "fast"):
        with pytest.raises(ImageError) as caught:
            decode_by(name)(data, "cat.jpg", None)
        sentences.append(str(caught.value))
    assert sentences[0] == sentences[1]
    assert sentences[0].startswith("cat.jpg ")


def test_a_smaller_scale_is_decoded_only_where_a_crop_is_that_much_larger():
    data = encoded(photograph(800, 600))
    shapes = [tuple(decode_by("fast", True)(data, "x", lambda h, w, f=f: f).shape[1:]) for f in (0.5, 1.9, 2, 5, 100)]
    assert shapes == [(600, 800), (600, 800), (300, 400), (150, 200), (75, 100)]
    assert decode_by("fast", False)(data, "x", lambda h, w: 8).shape == (3, 600, 800)
    patch = TrainingCrop("random_resized", 100, (100, 100), (0.08, 1.0), (1.0, 1.0))
    shorter = TrainingCrop("shorter_side", 100, (100, 200), (0.08, 1.0), (1.0, 1.0))
    assert patch.shrink(600, 800, [0.0, 0.0, *[0.5, 0.5] * 10]) == pytest.approx(5.1, abs=0.01)
    assert [shorter.shrink(600, 800, [u]) for u in (0.0, 0.999)] == [6, 3]


def folder(tmp_path, **arguments) -> ImageFolder:
    for name in ("cat", "dog"):
        for part in ("train", "val"):
            (tmp_path / part / name).mkdir(parents=True, exist_ok=True)
            for number in range(2):
                (tmp_path / part / name / f"{number}.jpg").write_bytes(encoded(photograph(900 + number, 700)))
    return ImageFolder(str(tmp_path), image_size=96, global_batch_size=4, num_workers=0, **arguments)


@pytest.mark.parametrize("crop", ["random_resized", "shorter_side", "central_square"])
def test_both_decoders_give_the_same_batches_and_scaled_decoding_nearly_so(tmp_path, crop):
    seen = []
    for arguments in ({}, {"decoder": "fast"}, {"decoder": "fast", "scaled_decode": True}):
        data = folder(tmp_path, train_crop=crop, **arguments)
        data.setup("fit")
        seen.append([next(iter(loader()))[0].float() for loader in (data.train_dataloader, data.val_dataloader)])
    for whole, fast, scaled in zip(*seen, strict=True):
        assert torch.equal(whole, fast)
        assert 0 < (whole - scaled).abs().mean() < 4


def test_what_the_decoder_cannot_do_is_said(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="decoder is one of pil, fast, not turbo"):
        folder(tmp_path, decoder="turbo")
    with pytest.raises(ValueError, match="scaled_decode needs decoder: fast"):
        folder(tmp_path, scaled_decode=True)
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    with pytest.raises(ValueError, match=r"simplejpeg: pip install 'lit-cnns\[fast\]'"):
        folder(tmp_path, decoder="fast")


def test_a_checkpoint_does_not_ask_for_the_decoder_of_the_machine_it_was_trained_on(tmp_path):
    assert not {"decoder", "scaled_decode"} & set(folder(tmp_path, decoder="fast").description["args"])
