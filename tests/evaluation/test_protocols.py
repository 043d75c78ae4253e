"""The protocols cut the views that the papers describe."""

import pytest

from lit_cnns.evaluation import PROTOCOLS, protocol, windows


def test_ten_crop_cuts_the_corners_and_the_centre_of_the_central_256_square():
    """AlexNet, Section 4.1."""
    ten = protocol("ten_crop", side=224, resize=256)
    assert ten.views == 10
    assert ten.sides == (256,)
    assert [tuple(w) for w in windows(256, 356, 224, ten)] == [
        (0, 50, 224),
        (0, 82, 224),
        (32, 50, 224),
        (32, 82, 224),
        (16, 66, 224),
    ]


def test_144_crops_are_4_scales_of_3_squares_of_6_crops_with_their_mirrors():
    """GoogLeNet, Section 7."""
    many = protocol("crops_144", side=224, resize=256)
    assert many.views == 144
    assert many.sides == (256, 288, 320, 352)
    landscape, portrait = windows(256, 300, 224, many), windows(300, 256, 224, many)
    assert len(landscape) == len(portrait) == 18
    assert [w.left for w in landscape if w.side == 256] == [0, 22, 44]
    assert [w.top for w in portrait if w.side == 256] == [0, 22, 44]
    assert all(w.top == 0 and w.left == 0 for w in windows(256, 256, 224, many) if w.side == 256)


def test_multi_scale_takes_the_shorter_sides_of_resnet():
    """ResNet, Section 3.4."""
    assert protocol("multi_scale", 224, 256).sides == (224, 256, 384, 480, 640)


def test_the_papers_scales_grow_and_shrink_with_the_crop():
    assert protocol("crops_144", side=28, resize=32).sides == (32, 36, 40, 44)
    assert protocol("multi_scale", side=32, resize=32).sides[0] == 32


def test_scales_that_are_named_replace_the_protocols_own():
    assert protocol("multi_scale", 224, 256, [256, 384, 512]).sides == (256, 384, 512)
    assert protocol("dense", 224, 256, [384]).views == 2


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("size", [(40, 40), (40, 61), (53, 40)])
def test_every_window_lies_in_the_picture(name, size):
    height, width = size
    for top, left, side in windows(height, width, 32, PROTOCOLS[name]):
        assert 0 <= top <= height - side
        assert 0 <= left <= width - side


def test_an_unknown_protocol_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"one of center, ten_crop.*not 'tencrop'. Did you mean ten_crop"):
        protocol("tencrop", 224, 256)


def test_scales_that_leave_no_room_for_the_crops_are_refused():
    with pytest.raises(ValueError, match="shorter sides from 224 on, not 200"):
        protocol("dense", 224, 256, [200, 256])
    with pytest.raises(ValueError, match=r"several crops of 32 pixels.*scales: \[37\]"):
        protocol("ten_crop", side=32, resize=32)
