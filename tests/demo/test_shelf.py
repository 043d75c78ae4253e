"""The shelf finds checkpoints, knows them by ids alone, and keeps a bounded number in memory."""

import os
import shutil
import threading
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from lit_cnns_demo import cards, shelf, worlds
from lit_cnns_demo.controls import memory_line
from lit_cnns_demo.inviting import invite
from lit_cnns_demo.network import Entry, Network
from lit_cnns_demo.shelf import Shelf

from lit_cnns import LINEAGE, LitCifarResNet, LitLeNet5, checkpoints
from lit_cnns.checkpoints import network_name, save_slim
from lit_cnns.lineage import LitVGGSmall


@pytest.fixture(autouse=True)
def ships_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path / "ships")


def shelf_over(*folders: Path, memory: int = 1 << 30) -> Shelf:
    made = Shelf(folders, memory)
    made.refresh()
    return made


def id_of(shelf: Shelf, name: str) -> str:
    return next(entry.id for entry in shelf.entries if entry.name == name)


def test_runs_are_found_and_named_as_in_the_papers_tables(runs: Path) -> None:
    found = {entry.name: entry for entry in shelf_over(runs, runs / "not_there").entries}
    assert set(found) == {"lenet5_modern", "resnet20_cifar"}
    assert found["lenet5_modern"].place == "lenet5/version_0/best"
    assert found["lenet5_modern"].accuracy() == "test 87.5\N{NO-BREAK SPACE}%"
    assert found["resnet20_cifar"].accuracy() == ""


def test_ids_stay_the_same_and_no_path_is_one(runs: Path) -> None:
    first, second = shelf_over(runs), shelf_over(runs)
    assert [entry.id for entry in first.entries] == [entry.id for entry in second.entries]
    path = str(first.entries[0].path)
    with pytest.raises(ValueError, match="There is no network"):
        first.pick([path])


def test_files_that_are_damaged_or_carry_code_are_told_and_those_of_other_programs_passed_over(own_runs: Path) -> None:
    cut = own_runs / "resnet20/version_0/checkpoints/last.ckpt"
    cut.write_bytes(cut.with_name("best.ckpt").read_bytes()[:5000])
    empty = cut.with_name("empty.ckpt")
    empty.touch()
    torch.save({"state_dict": {}}, own_runs / "foreign.ckpt")
    hour_ago = time.time() - 3600
    for path in (cut, empty):
        os.utime(path, (hour_ago, hour_ago))
    one = shelf_over(own_runs)
    assert len(one.entries) == 2
    first, second = one.refused
    assert first.startswith("resnet20/version_0/empty is empty")
    assert second.startswith("resnet20/version_0/last is cut short")
    empty.unlink()
    one.refresh()
    assert one.refused == [second]
    (sentence,) = shelf_over(own_runs / "foreign.ckpt").refused  # given by its name, it is told, too
    assert sentence.startswith("foreign ")


def test_a_file_that_is_still_written_is_not_called_damaged_and_is_read_again(own_runs: Path) -> None:
    whole = own_runs / "lenet5/version_0/checkpoints/best.ckpt"
    growing = whole.with_name("last.ckpt")
    growing.write_bytes(whole.read_bytes()[:5000])
    one = shelf_over(own_runs)
    assert one.refused == []
    an_hour_ago = time.time() - 3600
    os.utime(growing, (an_hour_ago, an_hour_ago))
    one.refresh()
    assert len(one.refused) == 1


def test_a_file_that_has_not_changed_is_not_read_again(own_runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = shelf_over(own_runs)
    source = own_runs / "lenet5/version_0/checkpoints/best.ckpt"
    shutil.copy(source, source.with_name("last.ckpt"))
    asked: list[str] = []
    describe = checkpoints.describe
    monkeypatch.setattr(checkpoints, "describe", lambda path: asked.append(path.name) or describe(path))
    one.refresh()
    assert asked == ["last.ckpt"]
    assert len(one.entries) == 3


def test_what_ships_stands_as_in_the_lineage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ships = tmp_path / "ships"
    monkeypatch.setattr(shelf, "SHIPPED", ships)
    for name, module in (("c", LitCifarResNet(20)), ("a", LitVGGSmall()), ("b", LitLeNet5("modern"))):
        save_slim(module, ships / f"{name}.ckpt")
    assert [entry.name for entry in shelf_over().entries] == ["lenet5_modern", "vgg_cifar", "resnet20_cifar"]


@pytest.mark.parametrize("top1", [float("nan"), 7.0, "best"])
def test_an_accuracy_that_is_none_is_not_shown(top1: object) -> None:
    described = {"metrics": {"test/top1": top1, "val/top1": 0.5}}
    assert Entry("id", Path("x"), (0, 0), "net", "", described).accuracy("top-1") == "val top-1 50.0\N{NO-BREAK SPACE}%"


def test_each_is_picked_once(runs: Path) -> None:
    one = shelf_over(runs)
    id = id_of(one, "lenet5_modern")
    assert [entry.id for entry in one.pick([id, id])] == [id]
    assert one.pick(None) == []


def test_a_new_run_appears_and_only_then_the_version_grows(own_runs: Path) -> None:
    one = shelf_over(own_runs)
    before = one.version
    one.refresh()
    assert one.version == before
    source = own_runs / "lenet5/version_0/checkpoints/best.ckpt"
    shutil.copy(source, source.with_name("last.ckpt"))
    one.refresh()
    assert one.version == before + 1
    assert len(one.entries) == 3


def test_networks_alike_are_told_apart_by_where_they_lie(own_runs: Path) -> None:
    source = own_runs / "lenet5/version_0/checkpoints/best.ckpt"
    shutil.copy(source, source.with_name("last.ckpt"))
    labels = sorted(shelf_over(own_runs).labels.values())
    assert [label.split(" · ")[-1] for label in labels] == ["best", "last", "CIFAR10"]


def test_a_page_opens_with_the_best_of_each_network(own_runs: Path) -> None:
    source = own_runs / "lenet5/version_0/checkpoints/best.ckpt"
    shutil.copy(source, source.with_name("last.ckpt"))
    one = shelf_over(own_runs)
    places = [entry.place for entry in one.pick(one.first_choice(3))]
    assert sorted(places) == ["lenet5/version_0/best", "resnet20/version_0/best"]


def test_what_ships_has_its_file_name_as_id_and_comes_last(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ships = runs / "resnet20/version_0/checkpoints"
    monkeypatch.setattr(shelf, "SHIPPED", ships.resolve())
    assert shelf_over(runs / "lenet5").entries[-1].id == "best"


def test_the_least_recently_used_network_leaves_when_memory_is_full(runs: Path) -> None:
    one = shelf_over(runs, memory=1_200_000)  # LeNet-5 takes 0.25 MB, ResNet-20 1.1 MB
    lenet, resnet = (one.pick([id_of(one, name)])[0] for name in ("lenet5_modern", "resnet20_cifar"))
    first = one.network(lenet)
    assert one.network(lenet) is first
    assert one.network(resnet) is one.network(resnet)
    assert one.network(lenet) is not first


def test_the_page_says_what_is_loaded_and_how_much_memory_it_takes(runs: Path) -> None:
    one = shelf_over(runs)
    assert "No networks loaded: 0.00 MB of 1.07 GB" in memory_line(one)
    for entry in one.entries:
        one.network(entry)
    assert "2 networks loaded: 1 MB of 1.07 GB" in memory_line(one)
    assert "<li>lenet5_modern <span>0.25 MB</span></li>" in memory_line(one)


def test_while_one_network_is_loaded_another_can_be_asked(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = shelf_over(runs)
    slow, quick = (one.pick([id_of(one, name)])[0] for name in ("lenet5_modern", "resnet20_cifar"))
    go_on, loads, load = threading.Event(), [], shelf.load

    def wait(entry: Entry) -> Network:
        loads.append(entry.name)
        assert entry is quick or go_on.wait(20)
        return load(entry)

    monkeypatch.setattr(shelf, "load", wait)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(one.network, slow) for _ in range(2)]
        assert one.network(quick).entry is quick
        go_on.set()
        assert waiting[0].result() is waiting[1].result()
    assert sorted(loads) == ["lenet5_modern", "resnet20_cifar"]


def test_an_untrained_guest_says_so_wherever_it_is_named(tmp_path: Path) -> None:
    one = shelf_over(tmp_path)
    id = one.invite("torchvision/squeezenet1_1", trained=False)
    (entry,) = one.pick([id])
    assert entry.title() == "torchvision/squeezenet1_1 · not trained"
    assert "its weights are random" in cards.heading(entry)
    assert worlds.outside(torch.randint(256, (3, 32, 32)).byte(), entry.description) == worlds.UNTRAINED
    assert one.network(entry).class_names[0] == "tench"
    assert one.first_choice(3) == []
    assert one.invite("torchvision/squeezenet1_1", trained=False) == id


def test_of_many_guests_the_first_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_GUESTS", 1)
    one = shelf_over(tmp_path)
    for name in ("torchvision/squeezenet1_0", "torchvision/squeezenet1_1"):
        one.invite(name, trained=False)
    assert [entry.name for entry in one.entries] == ["torchvision/squeezenet1_1"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("torchvision/regnet_y_128gf", "has 644,812,894 parameters; the lab takes guests of at most 150,000,000"),
        ("torchvision/resnet999", "did you mean"),
        ("../../etc/passwd", "A guest is torchvision/<network> or timm/<network>"),
        ("torchvision/resnet50.../../x", "has no network"),
    ],
)
def test_a_guest_that_cannot_come_is_a_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        shelf_over(tmp_path).invite(name, trained=False)


def test_trained_weights_that_are_out_of_reach_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def nobody(*_: object, **__: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", nobody)
    update, said = invite(shelf_over(tmp_path / "runs"), "torchvision/squeezenet1_1", "pretrained", [])
    assert "value" not in update
    assert "cannot be reached (no network)" in said


def test_a_file_written_anew_is_loaded_anew(own_runs: Path) -> None:
    one = shelf_over(own_runs)
    id = id_of(one, "lenet5_modern")
    entry = one.pick([id])[0]
    before = one.network(entry)
    save_slim(LitLeNet5("modern", num_classes=7), entry.path)
    one.refresh()
    assert one.pick([id])[0].id == id
    after = one.network(one.pick([id])[0])
    assert (len(before.class_names), len(after.class_names)) == (10, 7)


def test_a_network_whose_data_did_not_speak_gets_plain_names_and_values(tmp_path: Path) -> None:
    save_slim(LitLeNet5("modern", num_classes=3), tmp_path / "runs" / "own.ckpt")
    one = shelf_over(tmp_path / "runs")
    network = one.network(one.entries[0])
    assert network.class_names == ["class 0", "class 1", "class 2"]
    assert network.input_size == (1, 32, 32)


def test_a_network_of_four_channels_says_that_pictures_have_three(tmp_path: Path) -> None:
    save_slim(LitLeNet5("modern", in_channels=4), tmp_path / "runs" / "own.ckpt")
    one = shelf_over(tmp_path / "runs")
    with pytest.raises(ValueError, match="takes 4 channels; a picture has 1 or 3"):
        one.network(one.entries[0])


def test_a_file_that_breaks_after_it_was_found_is_called_by_its_place(own_runs: Path) -> None:
    one = shelf_over(own_runs)
    entry = one.pick([id_of(one, "lenet5_modern")])[0]
    entry.path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"^lenet5/version_0/best is empty"):
        one.network(entry)


@pytest.mark.parametrize("name", LINEAGE)
def test_every_row_of_the_lineage_is_known_by_its_arguments(name: str) -> None:
    cls, arguments = LINEAGE[name]
    assert network_name({"class": cls.__name__, "args": arguments}) == name


def test_a_class_of_another_package_keeps_its_name() -> None:
    assert network_name({"class": "TheirNet", "args": {}}) == "TheirNet"


def test_layers_have_the_papers_names_and_those_that_change_nothing_are_left_out(runs: Path) -> None:
    one = shelf_over(runs)
    lenet, resnet = (one.network(one.pick([id_of(one, n)])[0]) for n in ("lenet5_modern", "resnet20_cifar"))
    assert {"C1", "S2", "C3", "S4", "C5", "F6"} <= set(lenet.layers)
    assert resnet.layers["stage2_1"].shape == (32, 16, 16)
    assert not {layer.kind for layer in resnet.layers.values()} & {"Dropout", "Flatten", "Identity"}
    assert torch.is_tensor(next(resnet.net.parameters()))
