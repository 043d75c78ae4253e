"""Fine-tuning: the head is new where the classes differ, channels are adapted, and the checkpoint needs no source."""

import pytest
import torch
import torchvision
import yaml
from PIL import Image

from lit_cnns.checkpoints import load, save_slim
from lit_cnns.cli import main
from lit_cnns.guests import LitTorchvision
from lit_cnns.lineage import LitResNet, LitVGG, build
from lit_cnns.recipes import find_config
from lit_cnns.weights import adapt_channels, convert, start_from
from lit_cnns.weights.fitting import Unfit

QUICK = ["--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false", "--trainer.accelerator=cpu"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("source") / "resnet18.pth"
    torch.save(torchvision.models.resnet18(num_classes=9).state_dict(), path)
    return str(path)


def body(module):
    return module.net[:-1].eval()


def test_the_same_classes_take_the_head_along(source):
    module = build("resnet18", num_classes=9)
    start_from(module, source)
    torch.testing.assert_close(module.net.state_dict(), convert(source)[0].net.state_dict())


def test_a_head_for_other_classes_stays_as_it_was_initialised_and_all_else_is_loaded(source):
    module = build("resnet18", num_classes=4)
    head = module.net.fc.weight.clone()
    fitted = start_from(module, source)
    torch.testing.assert_close(module.net.fc.weight, head)
    picture = torch.randn(2, 3, 64, 64)
    torch.testing.assert_close(body(module)(picture), body(convert(source)[0])(picture))
    assert "new: 9 classes there, 4 here" in fitted.table()
    assert "fc" in fitted.table()


def test_one_channel_gets_the_sum_so_that_a_grey_picture_says_what_it_said_in_colour(source):
    module = build("resnet18", num_classes=9, in_channels=1)
    fitted = start_from(module, source)
    grey = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        colour = convert(source)[0](grey.expand(-1, 3, -1, -1))
        torch.testing.assert_close(module.eval()(grey), colour, atol=1e-4, rtol=1e-4)
    assert "its 3 channels summed" in fitted.table()


def test_a_fourth_channel_starts_at_zero_so_that_the_answer_stays_whatever_it_holds(source):
    module = build("resnet18", num_classes=9, in_channels=4)
    start_from(module, source)
    pictures = torch.randn(2, 4, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(module.eval()(pictures), convert(source)[0](pictures[:, :3]), atol=1e-4, rtol=1e-4)
    module.loss(pictures, torch.tensor([0, 1])).backward()
    assert module.net.conv1.weight.grad[:, 3].abs().max() > 0  # and learns


def test_three_channels_get_a_third_each_of_one():
    kernels = torch.randn(2, 1, 3, 3)
    adapted, _ = adapt_channels(kernels, 3)
    torch.testing.assert_close(adapted.sum(1, keepdim=True), kernels)


@pytest.mark.parametrize(("there", "here"), [(3, 2), (2, 3), (4, 3)])
def test_channels_that_nothing_sensible_can_be_done_with_are_refused(there, here):
    with pytest.raises(Unfit, match=f"takes {there} channels and this network {here}"):
        adapt_channels(torch.randn(2, there, 3, 3), here)


def test_equal_shapes_are_not_enough(tmp_path):
    torch.save(torchvision.models.resnet50(num_classes=2).state_dict(), tmp_path / "net.pth")
    with pytest.raises(ValueError, match=r"stride_on='1x1': give --model.stride_on 3x3"):
        start_from(LitResNet(50, num_classes=2), str(tmp_path / "net.pth"))


def test_another_network_is_refused_by_name(source):
    with torch.device("meta"):
        vgg = LitVGG("A")
    with pytest.raises(ValueError, match=r"is LitResNet.* and this network is LitVGG"):
        start_from(vgg, source)
    with pytest.raises(ValueError, match=r"depth=34: give --model.depth 18"):
        start_from(LitResNet(34), source)


def test_a_guest_starts_from_its_librarys_weights(source):
    module = LitTorchvision("resnet18", num_classes=3)
    assert "new: 9 classes there, 3 here" in start_from(module, source).table()
    with pytest.raises(ValueError, match="not for this network"):
        start_from(LitTorchvision("resnet34"), source)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    for split, count in (("train", 4), ("val", 2)):
        for place, name in enumerate(("cat", "dog")):
            (root / split / name).mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (40, 36), (90 * place, 40 * number, 128)).save(root / split / name / f"{number}.png")
    return root


def test_one_command_line_fine_tunes_and_its_checkpoint_needs_no_source(source, photos, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = ["--data", "ImageFolder", "--data.root", str(photos), "--data.image_size", "32", "--data.global_batch_size"]
    line = [*data, "4", "--data.num_workers", "0", "--trainer.max_epochs", "1", "--model.lr", "0.0", *QUICK]
    assert main(["fit", "--init_from", source, *line]) == 0
    assert "new: 9 classes there, 2 here" in capsys.readouterr().err
    (path,) = tmp_path.rglob("last.ckpt")
    contents = torch.load(path, weights_only=True)
    assert source not in str({key: contents[key] for key in ("lit_cnns", "hyper_parameters")})
    module = load(path)
    assert (type(module).__name__, module.class_names, module.arguments["depth"]) == ("LitResNet", ["cat", "dog"], 18)
    torch.testing.assert_close(module.net.conv1.weight, convert(source)[0].net.conv1.weight)  # lr was 0


def test_pictures_reach_the_weights_as_those_are_used_to(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = build("resnet20_cifar", num_classes=2)
    module.preprocessing = {
        "channels": 3,
        "resize": 32,
        "crop": 32,
        "interpolation": "bilinear",
        "pad": 0,
        "ink": None,
        "mean": [0.1, 0.2, 0.3],
        "std": [1.0, 1.0, 1.0],
    }
    from lit_cnns.checkpoints import save_slim

    save_slim(module, tmp_path / "first.ckpt")
    data = ["--data", "ImageFolder", "--data.root", str(photos), "--data.image_size", "32", "--data.global_batch_size"]
    line = [*data, "4", "--data.num_workers", "0", "--trainer.max_epochs", "1", "--data.std", "[0.5, 0.5, 0.5]", *QUICK]
    assert main(["fit", "--init_from", str(tmp_path / "first.ckpt"), *line]) == 0
    (path,) = tmp_path.rglob("last.ckpt")
    assert load(path).preprocessing["mean"] == [0.1, 0.2, 0.3]
    assert load(path).preprocessing["std"] == [0.5, 0.5, 0.5]  # what is typed beats the source


def test_it_is_where_training_starts_and_nothing_else(source, capsys):
    assert main(["validate", "--init_from", source]) == 2
    assert "what training starts from" in capsys.readouterr().err


def test_a_deeper_vgg_starts_from_the_layers_of_a_that_its_paper_names(tmp_path):
    told = yaml.safe_load(find_config("vgg_d/imagenet_from_a").read_text())
    a, d = (build(name, num_classes=3) for name in ("vgg_a", "vgg_d"))
    save_slim(a, tmp_path / "a.ckpt", half=False)
    before = {name: value.clone() for name, value in d.net.state_dict().items()}
    fitted = start_from(d, str(tmp_path / "a.ckpt"), told["init_layers"])
    convolutions = [name for name, layer in a.net.named_modules() if isinstance(layer, torch.nn.Conv2d)]
    assert told["init_layers"] == [*convolutions[:4], "fc6", "fc7", "fc8"]
    for name, value in d.net.state_dict().items():
        taken = name.rpartition(".")[0] in told["init_layers"]
        assert torch.equal(value, (a.net.state_dict() if taken else before)[name])
    assert "new: not asked for" in fitted.table()


@pytest.mark.parametrize(
    ("layer", "sentence"), [("conv9_9", "this network has no conv9_9"), ("conv1_2", "it has no conv1_2")]
)
def test_a_layer_that_is_not_there_is_refused(tmp_path, layer, sentence):
    save_slim(build("vgg_a", num_classes=3), tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match=sentence):
        start_from(build("vgg_d", num_classes=3), str(tmp_path / "a.ckpt"), [layer])
