"""What the lab computes, without a page."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import EXAMPLES
from lit_cnns_demo import panels
from lit_cnns_demo.controls import look_again
from lit_cnns_demo.drawing import drawing_cards
from lit_cnns_demo.shelf import Shelf

from lit_cnns.data import ImageError, fit_image, read_image


@pytest.fixture(scope="module")
def shelf(runs: Path) -> Shelf:
    made = Shelf([runs])
    made.refresh()
    return made


@pytest.fixture
def resnet(shelf: Shelf) -> panels.Network:
    return shelf.network(next(e for e in shelf.entries if e.name == "resnet20_cifar" and e.place.startswith("resnet")))


@pytest.fixture
def cat() -> torch.Tensor:
    return read_image(EXAMPLES / "chelsea.jpg")


def test_every_network_answers_and_the_one_that_cannot_know_says_so(
    shelf: Shelf, resnet: panels.Network, cat: torch.Tensor
) -> None:
    lenet = next(e for e in shelf.entries if e.place == "lenet5/version_0/best")
    first, second = panels.compare(shelf, [lenet, resnet.entry], cat)
    assert isinstance(first, panels.Answer)
    assert isinstance(second, panels.Answer)
    assert first.hint
    assert second.hint is None
    assert len(second.top) == 5
    assert second.top == sorted(second.top, key=lambda row: -row[1])
    assert second.milliseconds > 0
    assert second.seen.shape == (3, 32, 32)
    assert torch.equal(second.seen, fit_image(cat, resnet.preprocessing))


def test_a_network_that_cannot_be_loaded_does_not_stop_the_others(own_runs: Path, cat: torch.Tensor) -> None:
    shelf = Shelf([own_runs])
    shelf.refresh()
    entries = [e for e in shelf.entries if e.place.endswith("/version_0/best")]
    entries[0].path.write_bytes(b"")
    refusal, answer = panels.compare(shelf, entries, cat)
    assert isinstance(refusal, panels.Refusal)
    assert "is empty" in refusal.sentence
    assert isinstance(answer, panels.Answer)


def test_a_text_file_is_called_by_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "0123abc.png"
    path.write_text("no picture at all")
    with pytest.raises(ImageError, match=r"^holiday\.png is not a picture"):
        panels.picture(str(path), "holiday.png")


def strokes(top: int, left: int) -> np.ndarray:
    canvas = np.zeros((320, 320, 4), np.uint8)
    canvas[top : top + 100, left : left + 20] = (17, 17, 17, 255)
    return canvas


@pytest.mark.parametrize("place", [(10, 10), (200, 280)])
def test_a_drawing_is_centred_as_its_data_has_it_wherever_it_was_drawn(place: tuple[int, int]) -> None:
    digit = panels.drawn_digit(read_image(strokes(*place)), "MNIST")
    assert digit is not None
    assert digit.shape == (1, 140, 140)  # 100 of 140 pixels are 20 of 28
    assert (digit[0] > 128).nonzero().float().mean(0).tolist() == [69.5, 69.5]
    full = panels.drawn_digit(read_image(strokes(*place)), "Digits")
    assert full is not None
    assert full.shape == (1, 100, 100)


def test_an_empty_or_cleared_pad_is_no_digit(shelf: Shelf) -> None:
    empty = np.zeros((320, 320, 4), np.uint8)
    assert panels.drawn_digit(read_image(empty), "Digits") is None
    lenet = next(e.id for e in shelf.entries if e.place == "lenet5/version_0/best")
    for pad in (None, {"composite": None}, {"composite": empty}):
        assert "Draw a digit" in drawing_cards(shelf, pad, [lenet])


def test_the_pad_asks_for_a_digit_network(shelf: Shelf, resnet: panels.Network) -> None:
    assert "trained on digits. Choose one, such as lenet5" in drawing_cards(shelf, None, [resnet.entry.id])


def test_a_choice_is_kept_when_the_list_changes(shelf: Shelf) -> None:
    first = look_again(shelf, [], -1, False)
    assert first[0]["value"]
    assert first[1:3] == (shelf.version, True)
    kept = look_again(shelf, [], shelf.version - 1, True)
    assert "value" not in kept[0]
    assert first[4]["visible"] is False
    gone = look_again(shelf, ["gone-00000000", shelf.entries[0].id], shelf.version - 1, True)
    assert gone[0]["value"] == [shelf.entries[0].id]


def test_an_empty_shelf_says_how_to_make_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lit_cnns_demo.shelf.SHIPPED", tmp_path / "ships")
    *_, started, sentence, _ = look_again(Shelf([tmp_path / "runs"]), [], -1, False)
    assert "lit-cnns fit --config lenet5_modern/digits" in sentence
    assert not started
