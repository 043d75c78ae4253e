"""Guests: networks of torchvision and timm in the same loop, checkpoint and lab."""

import pytest
import timm
import torch
import torchvision

import lit_cnns
from lit_cnns.checkpoints import CheckpointError, load, network_name, save_slim
from lit_cnns.guests import LitTimm, LitTorchvision

SMALL = [
    (LitTorchvision, {"name": "mobilenet_v3_small"}),
    (LitTorchvision, {"name": "regnet_x_400mf"}),  # cannot be laid out without memory
    (LitTimm, {"name": "resnet18.a1_in1k", "in_channels": 1}),
    (LitTimm, {"name": "test_vit.r160_in1k"}),
    (LitTimm, {"name": "swin_tiny_patch4_window7_224"}),  # keeps tables outside its weights
]
every_guest = pytest.mark.parametrize(("cls", "arguments"), SMALL, ids=lambda value: str(value))


def picture(module):
    torch.manual_seed(1)
    return torch.randn(2, module.net.in_channels, module.net.image_size, module.net.image_size)


def test_a_guest_has_its_librarys_function():
    torch.manual_seed(0)
    theirs = torchvision.models.resnet18(num_classes=5).eval()
    ours = LitTorchvision("resnet18", num_classes=5).eval()
    ours.net.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(picture(ours)), theirs(picture(ours)))
    theirs = timm.create_model("resnet18", num_classes=5).eval()
    ours = LitTimm("resnet18", num_classes=5).eval()
    ours.net.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(picture(ours)), theirs(picture(ours)))


@every_guest
def test_a_guest_comes_back_from_its_path_without_its_library_being_asked_for_weights(cls, arguments, tmp_path):
    module = cls(**arguments, num_classes=4).eval()
    module.class_names = list("abcd")
    save_slim(module, tmp_path / "guest.ckpt", half=False)
    again = load(tmp_path / "guest.ckpt")
    with torch.no_grad():
        torch.testing.assert_close(again(picture(again)), module(picture(module)))
    assert (type(again), again.class_names) == (cls, list("abcd"))


def test_a_guest_is_trained_by_the_same_loop():
    module = LitTimm("test_resnet", num_classes=3)
    module.loss(picture(module), torch.tensor([0, 2])).backward()
    assert all(p.grad is not None for p in module.parameters())


@pytest.mark.parametrize("name", ["inception_v3", "googlenet"])
def test_a_network_with_side_heads_gives_logits_alone_in_training_too(name):
    with torch.device("meta"):
        module = LitTorchvision(name, num_classes=3)
        assert module.train()(picture(module).to("meta")).shape == (2, 3)


def test_classes_that_are_not_told_are_those_of_the_weights_and_the_checkpoint_knows_them():
    with torch.device("meta"):
        guests = [LitTorchvision("resnet18"), LitTimm("resnet18"), LitTimm("vit_tiny_patch16_224.augreg_in21k")]
    assert [guest.describe()["args"]["num_classes"] for guest in guests] == [1000, 1000, 21843]
    assert [guest.hparams["num_classes"] for guest in guests] == [1000, 1000, 21843]


@pytest.mark.parametrize("cls", [LitTorchvision, LitTimm])
@pytest.mark.parametrize("name", ["resnet5", "hf-hub:someone/something", "local-dir:/etc"])
def test_a_name_the_library_does_not_have_is_refused_before_anything_is_asked_for(cls, name):
    with pytest.raises(ValueError, match="has no network"):
        cls(name)


def test_a_checkpoint_that_names_a_foreign_source_is_refused(tmp_path):
    module = LitTimm("test_resnet", num_classes=3)
    module.arguments["name"] = "hf-hub:someone/something"
    save_slim(module, tmp_path / "hostile.ckpt")
    with pytest.raises(CheckpointError, match="has no network 'hf-hub"):
        load(tmp_path / "hostile.ckpt")


def test_grey_data_and_torchvision_are_told_what_to_do():
    with pytest.raises(ValueError, match="channels: 3, or take the network from timm"):
        LitTorchvision("resnet18", num_classes=10).describe_data(lit_cnns.MNIST())


def test_the_lab_calls_a_guest_by_its_librarys_name():
    with torch.device("meta"):
        names = [network_name(guest.describe()) for guest in (LitTorchvision("resnet18"), LitTimm("resnet18"))]
    assert names == ["torchvision/resnet18", "timm/resnet18"]
