"""Any picture in, bytes of the right shape out; anything else is refused with a sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from lit_cnns.data import ImageError, fit_image, read_image
from lit_cnns.data.pictures import MAX_PIXELS

LIGHT = {
    "channels": 1,
    "resize": 28,
    "crop": 28,
    "interpolation": "bilinear",
    "pad": 2,
    "mean": [0.0],
    "std": [1.0],
    "ink": "light",
}
PHOTO = {**LIGHT, "channels": 3, "resize": 32, "crop": 24, "pad": 0, "ink": None}


def picture(mode: str = "RGB", size: tuple[int, int] = (12, 8)) -> Image.Image:
    pixels = np.arange(size[0] * size[1] * 3, dtype=np.uint8).reshape(size[1], size[0], 3)
    return Image.fromarray(pixels).convert(mode)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("mode", "form", "channels"),
    [
        ("RGB", "PNG", 3),
        ("L", "PNG", 1),
        ("1", "PNG", 1),
        ("P", "PNG", 3),
        ("RGBA", "PNG", 3),
        ("LA", "PNG", 3),
        ("CMYK", "JPEG", 3),
        ("L", "JPEG", 1),
        ("RGB", "GIF", 3),
        ("RGB", "WEBP", 3),
        ("RGB", "BMP", 3),
        ("RGB", "TIFF", 3),
        ("CMYK", "TIFF", 3),
    ],
)
def test_common_forms_become_grey_or_rgb_bytes(mode, form, channels):
    image = read_image(encoded(picture(mode), form))
    assert image.shape == (channels, 8, 12)
    assert image.dtype == torch.uint8


def test_a_file_its_bytes_the_pil_image_and_the_array_are_the_same_picture(tmp_path):
    image = picture()
    image.save(tmp_path / "a.png")
    expected = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), encoded(image, "PNG"), image, np.array(image)):
        assert torch.equal(read_image(source), expected)


def test_transparency_is_laid_over_white():
    clear = Image.new("RGBA", (4, 4), (10, 20, 30, 0))
    assert (read_image(clear) == 255).all()
    assert (read_image(np.array(clear)) == 255).all()


def test_sixteen_bits_become_eight():
    values = np.array([[0, 257, 65535]], dtype=np.uint16)
    assert read_image(encoded(Image.fromarray(values), "PNG")).flatten().tolist() == [0, 1, 255]
    assert read_image(values).flatten().tolist() == [0, 1, 255]


def test_an_array_of_shares_is_scaled():
    assert read_image(np.array([[0.0, 0.5, 1.0]])).flatten().tolist() == [0, 128, 255]


def test_a_photograph_is_turned_as_its_camera_was_held():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read_image(encoded(picture(), "JPEG", exif=exif)).shape == (3, 12, 8)


def tiff(channels: int) -> bytes:
    """An uncompressed 4 x 4 TIFF of so many 8-bit channels, written by hand."""
    count, pixels = 10, bytes(16 * channels)
    tags_end = 8 + 2 + 12 * count + 4
    bits_at = tags_end
    data_at = bits_at + 2 * channels
    short, long = 3, 4
    tags = [
        (256, short, 1, 4),
        (257, short, 1, 4),
        (258, short, channels, bits_at if channels > 2 else 8 | (8 << 16)),
        (259, short, 1, 1),
        (262, short, 1, 1),
        (273, long, 1, data_at),
        (277, short, 1, channels),
        (278, short, 1, 4),
        (279, long, 1, len(pixels)),
        (284, short, 1, 1),
    ]
    body = struct.pack("<2sHIH", b"II", 42, 8, count)
    body += b"".join(struct.pack("<HHII", *tag) for tag in tags) + struct.pack("<I", 0)
    return body + struct.pack(f"<{channels}H", *[8] * channels) + pixels


@pytest.mark.parametrize("channels", [2, 5])
def test_a_tiff_of_two_or_five_channels_is_refused_by_name(tmp_path, channels):
    path = tmp_path / "bands.tif"
    path.write_bytes(tiff(channels))
    with pytest.raises(ImageError, match=r"bands\.tif"):
        read_image(path)


def test_a_text_file_named_as_a_picture_is_refused_by_name(tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("not a picture at all\n" * 50)
    with pytest.raises(ImageError, match=r"notes\.png is not a picture in a format that can be read\."):
        read_image(path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_picture_cut_short_is_refused_by_name(tmp_path, form):
    path = tmp_path / "half"
    data = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)), form)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ImageError, match=r"half (is broken|is not a picture)"):
        read_image(path)


def test_an_empty_file_a_folder_and_nothing_at_all_are_told_apart(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match=r"empty\.png is empty"):
        read_image(tmp_path / "empty.png")
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match="There is no file"):
        read_image(tmp_path / "nothing.png")


def test_a_tiny_file_that_unpacks_to_gigapixels_is_not_decoded():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for side in (9_000, 60_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
        with pytest.raises(ImageError, match=f"{MAX_PIXELS:,}"):
            read_image(bomb)


@pytest.mark.parametrize("shape", [(4, 4, 2), (4, 4, 5), (4,), (0, 4, 3)])
def test_an_array_that_is_no_picture_is_refused(shape):
    with pytest.raises(ImageError, match="A picture is an array"):
        read_image(np.zeros(shape, dtype=np.uint8))


def test_dark_ink_on_paper_becomes_light_ink_on_a_dark_ground():
    paper = torch.full((3, 28, 28), 255, dtype=torch.uint8)
    paper[:, 10:18, 10:18] = 0
    fitted = fit_image(paper, LIGHT)
    assert fitted.shape == (1, 32, 32)
    assert fitted[0, 0, 0] == 0
    assert fitted[0, 16, 16] == 255
    assert torch.equal(fit_image(255 - paper, LIGHT), fitted)


@pytest.mark.parametrize("size", [(300, 200), (5, 9), (32, 32), (1, 4000)])
def test_any_size_is_brought_to_the_networks(size):
    assert fit_image(torch.zeros(3, *size, dtype=torch.uint8), PHOTO).shape == (3, 24, 24)


def test_grey_is_what_pillow_calls_grey():
    image = picture(size=(32, 32))
    grey = fit_image(read_image(image), {**LIGHT, "resize": None, "crop": None, "pad": 0, "ink": None})
    assert torch.equal(grey[0], torch.from_numpy(np.array(image.convert("L"))))
