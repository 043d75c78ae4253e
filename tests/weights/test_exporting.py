"""An exported file needs nothing of this project, and answers as its checkpoint does."""

import json
import os
import stat

import numpy as np
import pytest
import torch
from torch import nn

from lit_cnns.checkpoints import load, save_slim
from lit_cnns.cli import main, parser
from lit_cnns.commands.export import examples
from lit_cnns.guests import LitTimm, LitTorchvision
from lit_cnns.lineage import LINEAGE, LitCifarResNet, build
from lit_cnns.weights import exporting
from lit_cnns.weights.exporting import FORMATS, SUFFIXES, TOLERANCE, NotTheSame, export

SMALLEST = {  # of each family
    "lenet": "lenet5_1998",
    "alexnet": "alexnet_cifar_11pct",
    "zfnet": "zfnet",
    "nin": "nin_cifar10",
    "vgg": "vgg_cifar",
    "googlenet": "googlenet_cifar",
    "inception": "bn_inception",
    "resnet": "resnet18_a",
    "resnet_cifar": "resnet20_cifar",
}
DEEPEST = {  # minutes each; untrained, the sums of 1001 layers are beyond what single precision can hold or tell apart
    "resnet1202_cifar",
    "preresnet1001_cifar",
}
MEANS = {"channels": 3, "resize": 36, "crop": 32, "pad": 2, "interpolation": "bilinear", "std": [0.2, 0.3, 0.25]}
PREPARED = {**MEANS, "mean": [0.4, 0.5, 0.6]}


def exported(module, folder, form, **more):
    path = folder / f"net{SUFFIXES[form]}"
    return path, export(module.eval(), path, form, examples(module), **more)


def description_of(path):
    """What an exported file says of itself."""
    if path.suffix == ".onnx":
        import onnxruntime

        return json.loads(onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map["lit_cnns"])
    extra = {"lit_cnns.json": ""}
    torch.export.load(path, extra_files=extra)
    return json.loads(extra["lit_cnns.json"])


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(0)
    module = LitCifarResNet(20, num_classes=4)
    module.class_names, module.preprocessing = ["ant", "bee", "cat", "dog"], dict(PREPARED)
    return module.eval()


@pytest.fixture
def checkpoint(resnet, tmp_path):
    save_slim(resnet, tmp_path / "net.ckpt", half=False)
    return tmp_path / "net.ckpt"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "name",
    [
        name if family in ("lenet", "resnet_cifar") else pytest.param(name, marks=pytest.mark.slow)
        for family, name in SMALLEST.items()
    ],
)
def test_each_family_is_exported_for_any_number_of_pictures(name, form, tmp_path):
    assert exported(build(name, num_classes=3), tmp_path, form)[1] <= TOLERANCE


def test_every_family_of_the_papers_is_among_them():
    from lit_cnns import papers

    assert {papers.rows()[name]["family"]: name for name in SMALLEST.values()} == SMALLEST
    assert set(SMALLEST) == set(papers.families())


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", [name for name in LINEAGE if name not in {*SMALLEST.values(), *DEEPEST}])
def test_every_other_network_is_exported_too(name, form, tmp_path):
    assert exported(build(name, num_classes=3), tmp_path, form)[1] <= TOLERANCE


def test_a_network_whose_answers_are_no_numbers_is_refused(resnet, tmp_path):
    module = LitCifarResNet(20, num_classes=4)
    module.net.fc.bias.data.fill_(torch.inf)
    with pytest.raises(ValueError, match="numbers that are not finite"):
        exported(module, tmp_path, "torch")


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize(
    "guest", [LitTimm("test_resnet", num_classes=3, in_channels=1), LitTorchvision("squeezenet1_1", num_classes=3)]
)
def test_guests_are_exported_too(guest, form, tmp_path):
    assert exported(guest, tmp_path, form)[1] <= TOLERANCE


def test_an_onnx_file_says_what_goes_in_and_what_comes_out(resnet, tmp_path):
    import onnxruntime

    path, _ = exported(resnet, tmp_path, "onnx")
    session = onnxruntime.InferenceSession(path)
    told = session.get_modelmeta().custom_metadata_map
    assert [(i.name, i.shape) for i in session.get_inputs()] == [("image", ["batch", 3, 36, 36])]
    assert [o.name for o in session.get_outputs()] == ["logits"]
    assert json.loads(told["class_names"]) == ["ant", "bee", "cat", "dog"]
    assert json.loads(told["preprocessing"]) == PREPARED
    assert os.listdir(tmp_path) == ["net.onnx"]  # the weights are inside


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_describes_itself_and_nothing_of_the_machine_it_was_made_on(resnet, form, tmp_path):
    path, _ = exported(resnet, tmp_path, form)
    assert description_of(path)["args"]["depth"] == 20
    assert os.fsencode(os.path.dirname(nn.__file__)) not in path.read_bytes()


def test_the_weights_of_side_heads_stay_behind(tmp_path):
    module = build("googlenet_cifar", num_classes=3)
    path, _ = exported(module, tmp_path, "torch")
    kept = sum(value.numel() for value in torch.export.load(path).state_dict.values())
    assert kept == sum(value.numel() for name, value in module.net.named_parameters() if not name.startswith("aux"))
    assert hasattr(module.net, "aux1")


@pytest.mark.parametrize("mean", [[0.4, 0.5, 0.6], torch.rand(3, 36, 36)], ids=["numbers", "picture"])
@pytest.mark.parametrize("form", FORMATS)
def test_normalisation_and_padding_can_be_in_the_file(form, mean, tmp_path):
    module = LitCifarResNet(20, num_classes=4).eval()
    module.preprocessing = {**MEANS, "mean": mean}
    path, worst = exported(module, tmp_path, form, with_normalisation=True)
    left = description_of(path)["preprocessing"]
    assert worst <= TOLERANCE
    assert (left["crop"], left["pad"], left["mean"], left["std"]) == (32, 0, [0.0] * 3, [1.0] * 3)


def test_a_mean_picture_goes_into_safetensors_and_comes_back(tmp_path):
    module = LitCifarResNet(20, num_classes=4).eval()
    module.preprocessing = {**MEANS, "mean": torch.rand(3, 36, 36)}
    path, worst = exported(module, tmp_path, "safetensors")
    assert worst <= TOLERANCE
    torch.testing.assert_close(torch.tensor(load(path).preprocessing["mean"]), module.preprocessing["mean"])


def test_the_command_exports_by_the_ending_and_says_how_well_the_file_was_checked(checkpoint, tmp_path, capsys):
    for name in ("a.onnx", "b.pt2", "c.safetensors"):
        assert main(["export", str(checkpoint), str(tmp_path / name)]) == 0
        assert "its logits differ from the checkpoint's by" in capsys.readouterr().out
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == stat.S_IMODE(checkpoint.stat().st_mode)
    assert main(["export", str(checkpoint)]) == 0
    assert checkpoint.with_suffix(".onnx").is_file()


def test_the_command_offers_what_can_be_written():
    choices = next(a.choices for a in parser()._actions if a.choices)["export"]
    assert next(a.choices for a in choices._actions if "--format" in a.option_strings) == tuple(SUFFIXES)


def test_a_file_that_is_there_stays_unless_told(checkpoint, tmp_path, capsys):
    (tmp_path / "a.onnx").write_text("mine")
    assert main(["export", str(checkpoint), str(tmp_path / "a.onnx")]) == 2
    assert "is there already: give another name, or --overwrite" in capsys.readouterr().err
    assert (tmp_path / "a.onnx").read_text() == "mine"
    assert main(["export", str(checkpoint), str(tmp_path / "a.onnx"), "--overwrite"]) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.tflite"], "ends in .onnx (onnx), .pt2 (torch), .safetensors (safetensors), not .tflite"),
        (["a.onnx", "--format", "torch"], "ends in"),
        (["a.safetensors", "--with_normalisation"], "weights and no program"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_that_can(checkpoint, tmp_path, words, sentence, capsys):
    assert main(["export", str(checkpoint), str(tmp_path / words[0]), *words[1:]]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [checkpoint]


class Other(nn.Module):
    def forward(self, images):
        return images.flatten(1)[:, :4]


class Frozen(nn.Module):
    def forward(self, images):
        return images.flatten(1)[:1, :4]


@pytest.mark.parametrize(("wrong", "sentence"), [(Other(), "differs from its checkpoint by"), (Frozen(), "It answers")])
def test_a_file_that_answers_otherwise_is_not_kept(resnet, wrong, sentence, tmp_path, monkeypatch, capsys):
    save_slim(resnet, tmp_path / "net.ckpt")
    form = FORMATS["onnx"]._replace(
        write=lambda net, example, told, path: path.write_bytes(b"."), run=lambda path: wrong
    )
    monkeypatch.setitem(FORMATS, "onnx", form)
    (tmp_path / "net.onnx").write_text("mine")
    assert main(["export", str(tmp_path / "net.ckpt"), "--overwrite"]) == 1
    assert sentence in capsys.readouterr().err
    assert (tmp_path / "net.onnx").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.ckpt", "net.onnx"]


def test_an_answer_that_is_no_number_is_not_the_same(resnet):
    with pytest.raises(NotTheSame):
        exporting.difference(
            lambda images: torch.full((len(images), 4), torch.nan), torch.rand(3, 3, 8, 8), torch.rand(3, 4)
        )


def test_zeros_are_the_same_as_zeros():
    assert (
        exporting.difference(lambda images: torch.zeros(len(images), 4), torch.rand(3, 3, 8, 8), torch.zeros(3, 4)) == 0
    )


@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_a_full_disk_ends_it_with_one_sentence_and_leaves_nothing(checkpoint, suffix, tmp_path, monkeypatch, capsys):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", no_space)
    monkeypatch.setattr("os.fsync", no_space)
    assert main(["export", str(checkpoint), str(tmp_path / f"a{suffix}")]) == 2
    assert f"a{suffix} cannot be used: No space left on device." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [checkpoint]


def test_a_missing_package_is_named(checkpoint, monkeypatch, capsys):
    monkeypatch.setattr(exporting, "find_spec", lambda name: None if name == "onnxscript" else name)
    assert main(["export", str(checkpoint)]) == 2
    assert "This needs onnxscript: pip install 'lit-cnns[export]'." in capsys.readouterr().err


def test_a_picture_gets_the_same_answer_with_nothing_but_numpy(resnet, tmp_path):
    import onnxruntime

    path, _ = exported(resnet, tmp_path, "onnx")
    picture = np.random.default_rng(0).normal(size=(2, 3, 36, 36)).astype(np.float32)
    (logits,) = onnxruntime.InferenceSession(path).run(None, {"image": picture})
    with torch.no_grad():
        np.testing.assert_allclose(logits, resnet(torch.from_numpy(picture)), rtol=1e-3, atol=1e-4)
