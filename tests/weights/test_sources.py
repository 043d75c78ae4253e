"""Files, libraries and what is refused: weights in, and nothing executed."""

import pickle
import re

import pytest
import torch
import torchvision
from pairs import DOCS, offered
from safetensors.torch import save_file

from lit_cnns import CIFAR10
from lit_cnns.checkpoints import load, save_slim
from lit_cnns.cli import main, parser
from lit_cnns.commands import OWN_VERBS
from lit_cnns.lineage import LitCifarResNet
from lit_cnns.weights import Source, convert, guest, read
from lit_cnns.weights.identifying import recognise


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(0)
    return torchvision.models.resnet18(num_classes=7).eval()


def picture(side=64):
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def same(module, net):
    with torch.no_grad():
        torch.testing.assert_close(module(picture()), net(picture()), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("wrapped", ["", "module.", "model.", "_orig_mod.module."])
@pytest.mark.parametrize("inside", [None, "state_dict", "model"])
def test_a_file_is_read_however_its_script_wrapped_it(theirs, tmp_path, wrapped, inside):
    state = {wrapped + name: value for name, value in theirs.state_dict().items()}
    torch.save(state if inside is None else {inside: state, "epoch": 3}, tmp_path / "net.pth")
    module, fitted = convert(str(tmp_path / "net.pth"))
    same(module, theirs)
    assert (type(module).__name__, module.num_classes, module.arguments["depth"]) == ("LitResNet", 7, 18)
    assert set(fitted.fate.values()) == {"loaded as they are"}


def test_safetensors_and_old_pickles_are_read_too(theirs, tmp_path):
    save_file(theirs.state_dict(), tmp_path / "net.safetensors")
    torch.save(theirs.state_dict(), tmp_path / "net.th", _use_new_zipfile_serialization=False)
    for name in ("net.safetensors", "net.th"):
        same(convert(str(tmp_path / name))[0], theirs)


def test_a_checkpoint_that_lightning_wrote_for_another_module_is_read(theirs, tmp_path):
    state = {f"model.{name}": value for name, value in theirs.state_dict().items()}
    torch.save({"state_dict": state, "pytorch-lightning_version": "2.6.6", "hyper_parameters": {}}, tmp_path / "a.ckpt")
    same(convert(str(tmp_path / "a.ckpt"))[0], theirs)


def test_a_checkpoint_of_ours_says_itself_what_it_is(tmp_path):
    module = LitCifarResNet(20, num_classes=3, shortcut="B").eval()
    module.class_names, module.preprocessing = list("abc"), {**CIFAR10().preprocessing, "mean": [0.5] * 3}
    save_slim(module, tmp_path / "a.ckpt", half=False)
    again, _ = convert(str(tmp_path / "a.ckpt"))
    same(again, module)
    assert (again.class_names, again.arguments["shortcut"]) == (list("abc"), "B")


def test_where_shapes_do_not_say_it_the_network_is_named(tmp_path):
    torch.save(torchvision.models.resnet50(num_classes=2).state_dict(), tmp_path / "net.pth")
    strides = [convert(str(tmp_path / "net.pth"), network)[0].arguments["stride_on"] for network in (None, "resnet50")]
    assert strides == ["3x3", "1x1"]


@pytest.mark.parametrize("build", [torchvision.models.alexnet, torchvision.models.vgg11_bn])
def test_networks_that_are_called_alike_are_told_apart_by_their_shapes(tmp_path, build):
    with torch.device("meta"):
        weights = build(num_classes=4).state_dict()
    found = recognise(Source("a file", weights), None)
    expected = ("vgg_a", {"batch_norm": True}) if build is torchvision.models.vgg11_bn else ("alexnet_owt", {})
    assert (found.row, found.arguments) == expected


@pytest.mark.parametrize(
    ("build", "network", "sentence"),
    [
        (lambda: torchvision.models.googlenet(init_weights=False), None, "3x3 for the paper's 5x5"),
        (lambda: torchvision.models.resnet18(), "vgg16", "can be resnet18_b.* by its names, not vgg_d"),
        (lambda: torchvision.models.wide_resnet50_2(), None, "fits none: resnet18_b: "),
        (lambda: torchvision.models.mobilenet_v3_small(), None, "names that none here has"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_with_the_reason(tmp_path, build, network, sentence):
    torch.save(build().state_dict(), tmp_path / "net.pth")
    with pytest.raises(ValueError, match=sentence):
        convert(str(tmp_path / "net.pth"), network)


class Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def test_code_in_a_file_is_not_executed(tmp_path):
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"state_dict": Bomb(tmp_path / "executed")}))
    torch.save({"state_dict": {}, "x": Bomb(tmp_path / "executed")}, tmp_path / "zip.pth")
    for name in ("plain.pth", "zip.pth"):
        with pytest.raises(ValueError, match="nothing of it was executed"):
            read(str(tmp_path / name))
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["net.pth", "net.safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_damaged_file_is_refused_with_a_sentence(theirs, tmp_path, name, share):
    path = tmp_path / name
    save_file(theirs.state_dict(), path) if name.endswith("s") else torch.save(theirs.state_dict(), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match="damaged"):
        read(str(path))


@pytest.mark.parametrize(
    ("contents", "name", "sentence"),
    [([1, 2], "a.pth", "no tensors by name"), ({"a": 1}, "a.pth", "no tensors"), ({}, "a.h5", "ends in .h5")],
)
def test_other_contents_are_refused(tmp_path, contents, name, sentence):
    torch.save(contents, tmp_path / name)
    with pytest.raises(ValueError, match=sentence):
        read(str(tmp_path / name))


def test_a_source_that_is_nowhere_is_told_the_forms():
    with pytest.raises(ValueError, match="torchvision/<name>, timm/<name>, or a file"):
        read("resnet50")


def test_a_library_is_asked_for_what_it_has():
    for name, sentence in {
        "torchvision/resnet19": "did you mean resnet18",
        "torchvision/resnet18.V9": "has the weights IMAGENET1K_V1",
        "timm/hf-hub:a": "has no network",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            read(name)


def test_without_a_network_it_is_said_at_once_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(ValueError, match=r"download.pytorch.org cannot be reached.*put it to .*resnet18-f37072fd.pth"):
        read("torchvision/resnet18")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=r"HF_HUB_OFFLINE forbids.*bring its folder"):
        read("timm/resnet18.a1_in1k")


@pytest.mark.parametrize(
    ("library", "name"), [("torchvision", "mobilenet_v3_small"), ("timm", "test_resnet.r160_in1k")]
)
def test_a_guest_comes_with_weights_preprocessing_and_class_names(tmp_path, library, name):
    import timm

    torch.manual_seed(0)
    net = torchvision.models.get_model(name) if library == "torchvision" else timm.create_model(name)
    with offered(library, name, net.eval().state_dict(), tmp_path) as source:
        module, _ = guest(source)
    with torch.no_grad():
        torch.testing.assert_close(module(picture(160)), net(picture(160)))
    assert module.class_names[0].startswith("tench")
    assert module.preprocessing["mean"] == ([0.485, 0.456, 0.406] if library == "torchvision" else [0.5, 0.5, 0.5])
    assert module.describe()["data"]["class"] == "ImageNet"
    save_slim(module, tmp_path / "guest.ckpt")
    assert load(tmp_path / "guest.ckpt").preprocessing == module.preprocessing


def test_the_command_says_in_one_table_what_was_loaded(theirs, tmp_path, capsys):
    torch.save(theirs.state_dict(), tmp_path / "net.pth")
    (tmp_path / "names.txt").write_text("\n".join("abcdefg"))
    out = str(tmp_path / "net.ckpt")
    words = ["--class_names", str(tmp_path / "names.txt"), "--preprocessing", '{"resize": 236}']
    assert main(["convert", str(tmp_path / "net.pth"), out, *words]) == 0
    said = capsys.readouterr().out
    assert "loaded as they are" in said
    assert "LitResNet(depth=18" in said
    module = load(out)
    same(module, theirs)
    assert (module.class_names, module.preprocessing["resize"]) == (list("abcdefg"), 236)


def test_the_commands_of_the_document_that_need_a_network_are_commands():
    text = (DOCS / "weights.md").read_text()
    lines = [line for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    own = [line.split()[1:] for line in lines if line.split()[1] in OWN_VERBS]
    assert len(own) >= 6
    for words in own:
        assert parser().parse_args(words).verb == words[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.pth", "out.pt"], "ends in .ckpt"),
        (["torchvision/googlenet", "out.ckpt"], "take it as a guest"),
        (["a.pth", "out.ckpt", "--preprocessing", '{"size": 3}'], "JSON object with any of"),
        (["a.pth", "out.ckpt", "--guest"], "A guest is torchvision/<network>"),
        (["a.pth", "out.ckpt", "--class_names", "nowhere.txt"], "no file nowhere.txt"),
    ],
)
def test_a_command_that_cannot_be_followed_is_told_why(capsys, words, sentence):
    assert main(["convert", *words]) == 2
    assert sentence.lower() in capsys.readouterr().err.lower()
