"""A checkpoint needs nothing but its path; a bad one is refused with a sentence and nothing of it is executed."""

import pickle
import random
import zipfile

import pytest
import torch

import lit_cnns
from lit_cnns.checkpoints import CheckpointError, describe, load, save_slim
from lit_cnns.lineage import LitCifarResNet, LitLeNet5
from lit_cnns.runs import find_checkpoints, resolve

PREPARED = {"channels": 1, "resize": 32, "crop": 32, "pad": 0, "mean": [0.0], "std": [1.0]}


@pytest.fixture
def saved(tmp_path):
    module = LitLeNet5("modern", num_classes=4)
    module.class_names, module.preprocessing = list("abcd"), dict(PREPARED)
    module.data_description = {"class": "Digits", "args": {}}
    save_slim(module, tmp_path / "net.ckpt", half=False)
    return module, tmp_path / "net.ckpt"


def test_a_network_comes_back_from_its_path_alone(saved):
    module, path = saved
    again = lit_cnns.load(path)
    picture = torch.randn(2, 1, 32, 32)
    torch.testing.assert_close(again(picture), module.eval()(picture))
    assert (again.class_names, again.preprocessing["resize"], again.training) == (list("abcd"), 32, False)


def test_a_loaded_network_can_be_trained_and_counted(saved):
    again = load(saved[1])
    again.loss(torch.randn(2, 1, 32, 32), torch.tensor([0, 3])).backward()
    assert all(p.grad is not None for p in again.parameters())
    again.count(again.val_counts, (torch.randn(2, 1, 32, 32), torch.tensor([0, 3])))
    assert int(again.val_counts.count) == 2


def test_its_description_is_read_without_building_it(saved):
    assert describe(saved[1])["data"]["class"] == "Digits"


def test_half_precision_halves_the_file(tmp_path):
    module = LitCifarResNet(20)
    for half in (True, False):
        save_slim(module, tmp_path / f"{half}.ckpt", half=half)
    assert (tmp_path / "True.ckpt").stat().st_size < 0.6 * (tmp_path / "False.ckpt").stat().st_size
    assert load(tmp_path / "True.ckpt").net.conv1.weight.dtype == torch.float32


def test_safetensors_carry_the_description_too(saved, tmp_path):
    import json

    from safetensors.torch import save_file

    module, _ = saved
    state = {name: value.contiguous() for name, value in module.state_dict().items()}
    save_file(state, tmp_path / "net.safetensors", {"lit_cnns": json.dumps(module.describe())})
    assert load(tmp_path / "net.safetensors").num_classes == 4


def test_a_missing_file_is_said():
    with pytest.raises(CheckpointError, match="no checkpoint at nowhere"):
        load("nowhere.ckpt")


def test_an_empty_file_is_said(tmp_path):
    (tmp_path / "empty.ckpt").touch()
    with pytest.raises(CheckpointError, match="0 bytes"):
        load(tmp_path / "empty.ckpt")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_said(saved, tmp_path, share):
    whole = saved[1].read_bytes()
    (tmp_path / "cut.ckpt").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match="cut short"):
        load(tmp_path / "cut.ckpt")


def test_a_damaged_zip_is_said(saved, tmp_path):
    with zipfile.ZipFile(saved[1]) as old, zipfile.ZipFile(tmp_path / "holes.ckpt", "w") as new:
        for name in old.namelist()[:-4]:
            new.writestr(name, old.read(name))
    with pytest.raises(CheckpointError, match="damaged"):
        load(tmp_path / "holes.ckpt")


def test_whatever_damaged_bytes_lead_to_is_a_sentence(saved, tmp_path):
    rng, said = random.Random(0), 0
    with zipfile.ZipFile(saved[1]) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    pickled = next(name for name in parts if name.endswith("data.pkl"))
    for _ in range(300):
        damaged = bytearray(parts[pickled])
        for place in rng.sample(range(len(damaged)), 3):
            damaged[place] = rng.randrange(256)
        with zipfile.ZipFile(tmp_path / "damaged.ckpt", "w") as new:
            for name, content in parts.items():
                new.writestr(name, bytes(damaged) if name == pickled else content)
        try:
            describe(tmp_path / "damaged.ckpt")
        except CheckpointError:
            said += 1
    assert said > 100


def test_a_text_file_is_said(tmp_path):
    (tmp_path / "notes.ckpt").write_text("these are my notes")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load(tmp_path / "notes.ckpt")


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


@pytest.mark.parametrize(
    ("form", "sentence"), [("torch", r"\(io\.open\); it was not executed"), ("pickle", "no checkpoint")]
)
def test_code_in_a_checkpoint_is_not_executed(tmp_path, form, sentence):
    bomb = {"state_dict": {}, "lit_cnns": {"format": 1}, "x": Bomb(tmp_path / "executed")}
    if form == "torch":
        torch.save(bomb, tmp_path / "hostile.ckpt")
    else:
        (tmp_path / "hostile.ckpt").write_bytes(pickle.dumps(bomb))
    with pytest.raises(CheckpointError, match=sentence):
        load(tmp_path / "hostile.ckpt")
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_of_another_program_is_said(tmp_path):
    torch.save({"state_dict": {"w": torch.zeros(2)}}, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="not written by lit-cnns"):
        load(tmp_path / "other.ckpt")


def altered(saved, tmp_path, **changes):
    contents = torch.load(saved[1], weights_only=True)
    contents["lit_cnns"].update(changes)
    torch.save(contents, tmp_path / "altered.ckpt")
    return tmp_path / "altered.ckpt"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"class": "os.system"}, "names the class"),
        ({"class": "LightningModule"}, "names the class"),
        ({"args": {"variant": "modern", "num_classes": 10**12}}, "num_classes=1000000000000"),
        ({"args": {"variant": "modern", "num_classes": 4, "in_channels": "3; rm"}}, "in_channels"),
        ({"args": {"variant": "modern", "num_classes": 90_000}}, "does not fit its own description"),
        ({"args": {"variant": "ancient", "num_classes": 4}}, "cannot be built"),
        ({"args": None}, "`args` is not a dict"),
        ({"format": 2}, "format 2"),
        ({"preprocessing": {**PREPARED, "resize": 10**6}}, "resize=1000000"),
        ({"preprocessing": {**PREPARED, "channels": "x"}}, "channels='x'"),
        ({"preprocessing": {"channels": 1, "resize": 32, "crop": 32, "pad": 0}}, "no mean"),
    ],
)
def test_a_description_that_lies_is_refused(saved, tmp_path, changes, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        load(altered(saved, tmp_path, **changes))


def test_only_checkpoints_of_ours_are_found(saved, tmp_path):
    (tmp_path / "empty.ckpt").touch()
    torch.save({}, tmp_path / "other.ckpt")
    assert find_checkpoints(tmp_path) == [saved[1].resolve()]


def test_nothing_found_is_an_error_for_best_and_last_and_not_for_auto(tmp_path):
    assert resolve("auto", tmp_path) is None
    for word in ("best", "last"):
        with pytest.raises(ValueError, match="train first"):
            resolve(word, tmp_path)
