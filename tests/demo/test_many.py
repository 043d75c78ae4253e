"""Networks on many pictures: what the lab computes and shows, and that it reads no folder but those it was given."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from lit_cnns_demo import evaluating, reports, waiting
from lit_cnns_demo.agreeing import agreement
from lit_cnns_demo.contest import Contest, contest
from lit_cnns_demo.galleries import Galleries
from lit_cnns_demo.panels import Answer, compare
from lit_cnns_demo.shelf import Shelf
from PIL import Image
from test_cards import HOSTILE

from lit_cnns.data import Gallery, read_image


@pytest.fixture(scope="module")
def shelf(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lit_cnns_demo.shelf.SHIPPED", tmp_path_factory.mktemp("ships_nothing"))
        made = Shelf([runs])
        made.refresh()
    return made


@pytest.fixture(scope="module")
def finished(shelf: Shelf) -> Contest:
    *_, end = contest(shelf, shelf.entries, Gallery.digits(), most=80)
    return end


def id_of(shelf: Shelf, name: str) -> str:
    return next(entry.id for entry in shelf.entries if entry.name == name)


def test_accuracy_is_what_the_network_has_on_its_own_data(shelf: Shelf, finished: Contest) -> None:
    from lit_cnns import Digits
    from lit_cnns.data import to_batch

    lenet = id_of(shelf, "lenet5_modern")
    network, own = shelf.network(shelf.pick([lenet])[0]), Digits().read("test")
    images = to_batch([own.images[number] for number in finished.numbers], network.preprocessing)
    right = int((network.net(images).argmax(1) == own.labels[finished.numbers]).sum())
    assert finished.comparison.top1(lenet) == (right, 80)
    assert finished.done


def test_a_network_that_knows_none_of_the_classes_is_left_out(shelf: Shelf, finished: Contest) -> None:
    assert finished.comparison.scored == [id_of(shelf, "lenet5_modern")]
    html = reports.report(finished, Gallery.digits(), "digits", 1.0)
    assert "Left out, since these classes are unknown to them: resnet20_cifar." in html
    assert "80 of 360 pictures in 1.0 s; drawn without looking" in html


def test_a_picture_of_the_report_leads_to_itself(shelf: Shelf, finished: Contest) -> None:
    galleries = Galleries()
    html = reports.report(finished, galleries.pick("digits"), "digits", 1.0)
    number = int(re.findall(r'data-gallery="digits" data-picture="(\d+)"', html)[0])
    opened = evaluating.open_picture(galleries, {"gallery": "digits", "picture": number})
    assert np.array_equal(np.asarray(Image.open(opened))[:, :, 1], Gallery.digits().picture(number)[0].numpy())


@pytest.mark.parametrize(
    "pressed",
    [
        {"gallery": "/etc", "picture": 0},
        {"gallery": "digits", "picture": 360},
        {"gallery": "digits", "picture": "0"},
        {"gallery": ["digits"]},
        None,
    ],
    ids=str,
)
def test_what_is_no_picture_of_a_set_is_not_opened(pressed: object) -> None:
    import gradio as gr

    with pytest.raises(gr.Error, match=r"There is no|there is none"):
        evaluating.open_picture(Galleries(), pressed)


def test_a_folder_that_was_not_given_is_no_set(tmp_path: Path) -> None:
    galleries = Galleries([tmp_path / "gone"])
    with pytest.raises(ValueError, match=r"There is no set of pictures '/etc'"):
        galleries.pick("/etc")
    assert [id for _, id in galleries.labels()] == ["digits"]
    assert galleries.refused == ["There is no folder gone where the lab was told to look for pictures."]


def test_what_is_stopped_is_reported_as_far_as_it_came(shelf: Shelf) -> None:
    stopped = threading.Event()
    stopped.set()
    *_, html = evaluating.run(shelf, Galleries(), "digits", 360, [id_of(shelf, "lenet5_modern")], stopped)
    assert re.search(r"64 of 360 pictures in \d+\.\d s, when it was stopped", html)


def test_a_page_stops_only_its_own_comparison() -> None:
    class Visitor:
        def __init__(self, session_hash: str) -> None:
            self.session_hash = session_hash

    stops, first, second = evaluating.Stops(), Visitor("a"), Visitor("b")
    events = [stops.begin(one) for one in (first, second)]
    stops.stop(first)
    assert [event.is_set() for event in events] == [True, False]


def test_who_waits_hears_how_many_are_before_and_can_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "BETWEEN", 0)
    line = waiting.Line(most=2)
    stops = [threading.Event() for _ in range(4)]
    first, second, third, fourth = (line.shown(iter(["at work"] * 3), stopped) for stopped in stops)
    assert next(first) == "at work"
    assert "1 before this one" in next(second)
    assert "2 before this one" in next(third)
    assert ["Too many wait" in html for html in fourth] == [True]
    stops[1].set()
    assert ["stopped before it began" in html for html in second] == [True]
    assert "1 before this one" in next(third)
    first.close()  # as when its page is left
    assert [*third] == ["at work"] * 3


@pytest.mark.parametrize(
    ("id", "most", "sentence"),
    [("/etc", 5, "no set of pictures"), ("digits", 0, "from 1 to 10,000, not 0"), ("digits", "x", "not &#x27;x&#x27;")],
)
def test_what_cannot_be_compared_is_a_sentence(shelf: Shelf, id: str, most: int, sentence: str) -> None:
    *_, html = evaluating.run(shelf, Galleries(), id, most, [shelf.entries[0].id], threading.Event())
    assert "lab-alert" in html
    assert sentence in html


def test_nothing_of_a_folder_becomes_a_tag(shelf: Shelf, tmp_path: Path) -> None:
    hostile = HOSTILE.replace("/", "")
    for name in (hostile, "b"):
        (tmp_path / name).mkdir()
        Image.new("L", (8, 8)).save(tmp_path / name / f"{hostile}.png")
    (gallery,) = Gallery.within(tmp_path)
    *_, end = contest(shelf, shelf.entries, gallery)
    assert "<img src=x" not in reports.report(end, gallery, "id", 1.0)


def test_unlabelled_pictures_are_shown_where_networks_disagree(own_runs: Path, tmp_path: Path) -> None:
    import torch

    from lit_cnns import CIFAR10, LitCifarResNet
    from lit_cnns.checkpoints import save_slim

    torch.manual_seed(1)
    other = LitCifarResNet(20)
    other.describe_data(CIFAR10())
    save_slim(other, own_runs / "other.ckpt")
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(6):
        noise = np.random.default_rng(number).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    shelf = Shelf([own_runs])
    shelf.refresh()
    chosen = [entry.id for entry in shelf.entries if entry.name == "resnet20_cifar"]
    *_, html = evaluating.run(
        shelf, galleries := Galleries([folder]), next(iter(galleries.all)), 6, chosen, threading.Event()
    )
    assert "These pictures have no labels" in html
    assert "say the same of" in html


def test_agreement_is_among_networks_of_the_same_classes(shelf: Shelf, runs: Path) -> None:
    cat = read_image(Path(reports.__file__).parent / "examples" / "chelsea.jpg")
    lenet, resnet = (id_of(shelf, name) for name in ("lenet5_modern", "resnet20_cifar"))
    answers = [one for one in compare(shelf, shelf.pick([lenet, resnet]), cat) if isinstance(one, Answer)]
    html = agreement([*answers, answers[1]])
    assert "One network with these classes" in html
    assert "Not counted, their cards say why: lenet5_modern" in html
    assert agreement(answers[1:]) == ""


def test_a_network_that_is_warm_is_asked_once_and_its_time_is_the_median_of_the_latest(shelf: Shelf) -> None:
    cat = read_image(Path(reports.__file__).parent / "examples" / "chelsea.jpg")
    entry = shelf.pick([id_of(shelf, "resnet20_cifar")])[0]
    compare(shelf, [entry], cat)
    network, passes = shelf.network(entry), []
    handle = network.net.register_forward_hook(lambda *_: passes.append(1))
    before = len(network.times)
    (answer,) = compare(shelf, [entry], cat)
    handle.remove()
    assert len(passes) == 1
    assert isinstance(answer, Answer)
    assert answer.runs == min(before + 1, 9)
