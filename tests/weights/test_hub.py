"""A checkpoint goes to the Hub in timm's form and comes back; what comes from there is held to what may be."""

import json
import os
import re
import socket
import subprocess
import sys

import pytest
import timm
import torch
from hub_stand_in import TOKEN, HubStandIn
from safetensors.torch import load_file, save_file

from lit_cnns.checkpoints import CheckpointError, load, save_slim
from lit_cnns.cli import main
from lit_cnns.guests import LitTimm, LitTorchvision
from lit_cnns.lineage import LINEAGE, LitAlexNetCifar, LitGoogLeNetSmall, LitLeNet5, LitResNet, LitVGG, build
from lit_cnns.weights.hub import pull
from lit_cnns.weights.repository import named, write
from lit_cnns.weights.timm_models import REGISTERED

PREPARED = {"channels": 3, "resize": 36, "crop": 32, "pad": 0, "interpolation": "bicubic", "ink": None}
COLOUR = {**PREPARED, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.25]}


def described(module, **changes):
    channels = module.net.in_channels
    side = module.net.image_size
    told = {"channels": channels, "mean": [0.5] * channels, "std": [0.25] * channels, "crop": side, "resize": side}
    module.preprocessing = {**PREPARED, **told, **changes}
    module.class_names = [f"class {number}" for number in range(module.num_classes)]
    return module.eval()


def images(module, count=2):
    return torch.rand(count, module.net.in_channels, module.net.image_size, module.net.image_size)


NETWORKS = {
    "lenet5_1998": lambda: LitLeNet5("original", num_classes=4),
    "a crop of another size": lambda: LitAlexNetCifar("11pct", num_classes=3, image_size=20),
    "side heads": lambda: LitGoogLeNetSmall(num_classes=3),
    "batch norm, grey": lambda: build("vgg_cifar", num_classes=3, batch_norm=True, in_channels=1),
    "resnet20": lambda: build("resnet20_cifar", num_classes=3),
    "nin": lambda: build("nin_cifar10", num_classes=3),
    "a guest": lambda: LitTimm("test_resnet", num_classes=3, in_channels=1),
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_timm_opens_a_folder_of_ours_and_gives_the_same_logits(make, tmp_path):
    torch.manual_seed(0)
    module = described(make())
    write(module, tmp_path, "me/net")
    theirs = timm.create_model(f"local-dir:{tmp_path}", pretrained=True).eval()
    with torch.no_grad():
        batch = images(module)
        torch.testing.assert_close(theirs(batch), module(batch), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_it_comes_back_as_it_was(make, tmp_path):
    module = described(make())
    module.metrics = {"val/top1": 0.5}
    write(module, tmp_path, "me/net")
    again = pull(str(tmp_path))
    assert (type(again), again.arguments) == (type(module), module.arguments)
    assert (again.class_names, again.preprocessing, again.metrics) == (
        module.class_names,
        module.preprocessing,
        module.metrics,
    )
    torch.testing.assert_close(again.state_dict(), module.state_dict())


def test_timm_prepares_pictures_by_what_the_checkpoint_says(tmp_path):
    module = described(build("resnet20_cifar", num_classes=3), **COLOUR)
    write(module, tmp_path, "me/net")
    config = timm.data.resolve_data_config({}, model=timm.create_model(f"local-dir:{tmp_path}"))
    assert (config["input_size"], config["interpolation"]) == ([3, 32, 32], "bicubic")
    assert (config["mean"], config["std"]) == ([0.4, 0.5, 0.6], [0.2, 0.3, 0.25])
    for resize in range(32, 60):
        write(described(module, resize=resize), tmp_path, "me/net")
        share = json.loads((tmp_path / "config.json").read_text())["pretrained_cfg"]["crop_pct"]
        assert int(32 / share) == resize  # as timm reckons


def test_a_mean_picture_is_kept_for_us_and_is_its_mean_for_timm(tmp_path):
    mean = torch.rand(3, 32, 32)
    write(described(build("resnet20_cifar", num_classes=3), mean=mean), tmp_path, "me/net")
    told = json.loads((tmp_path / "config.json").read_text())["pretrained_cfg"]
    torch.testing.assert_close(torch.tensor(told["mean"]), mean.mean((1, 2)))
    torch.testing.assert_close(torch.tensor(pull(str(tmp_path)).preprocessing["mean"]), mean)


@pytest.mark.parametrize(
    ("make", "name", "arguments"),
    [
        (lambda: LitVGG("D", batch_norm=True), "vgg_d", {"batch_norm": True}),
        (lambda: LitResNet(18, pool1="ceil"), "resnet18_b", {"pool1": "ceil"}),
        (lambda: LitResNet(50, stride_on="3x3"), "resnet50_v15", {}),
        (lambda: build("nin_cifar100", num_classes=7), "nin_cifar100", {}),
    ],
)
def test_a_network_is_a_row_of_the_lineage_and_what_differs_from_it(make, name, arguments):
    with torch.device("meta"):
        assert named(make()) == (name, arguments)


def test_every_network_has_its_own_name():
    for name, (cls, row) in LINEAGE.items():
        if not name.endswith(("1202_cifar", "1001_cifar")):
            with torch.device("meta"):
                assert named(cls(**row, init="torch")) == (name, {})


def test_the_readme_says_what_it_is_how_well_it_did_and_how_it_is_opened(tmp_path):
    module = described(build("lenet5_1998"))
    module.metrics, module.data_description = {"test/top1": 0.99}, {"class": "MNIST", "args": {"flip": False}}
    write(module, tmp_path, "me/lenet", "apache-2.0")
    card = (tmp_path / "README.md").read_text()
    for words in (
        "license: apache-2.0",
        "# lenet\n",
        "Gradient-Based Learning",
        "| test/top1 | 0.99 |",
        "| class | MNIST |",
        "import lit_cnns.weights.timm_models",
        'timm.create_model("hf-hub:me/lenet", pretrained=True)',
    ):
        assert words in card


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (described(LitTorchvision("squeezenet1_1", num_classes=2)), "timm has no network like LitTorchvision"),
        (build("lenet5_modern"), "does not say how its pictures were prepared"),
    ],
)
def test_what_timm_cannot_open_is_not_pushed(module, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        write(module, tmp_path / "out", "me/net")
    assert not (tmp_path / "out").exists()


def timms_own(folder, architecture="test_resnet", **changes):
    """What timm itself writes."""
    net = timm.create_model(architecture, num_classes=3).eval()
    folder.mkdir(exist_ok=True)
    save_file(net.state_dict(), folder / "model.safetensors")
    cfg = {
        "input_size": [3, 160, 160],
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "crop_pct": 0.95,
        "interpolation": "bicubic",
    }
    config = {"architecture": architecture, "num_classes": 3, "label_names": ["a", "b", "c"], "pretrained_cfg": cfg}
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    return net


def test_a_repository_of_timm_comes_as_a_guest(tmp_path):
    net = timms_own(tmp_path / "net")
    module = pull(str(tmp_path / "net"))
    batch = torch.rand(2, 3, 160, 160)
    with torch.no_grad():
        torch.testing.assert_close(module(batch), net(batch), atol=1e-5, rtol=1e-4)
    assert (type(module), module.class_names) == (LitTimm, ["a", "b", "c"])
    told = module.preprocessing
    assert (told["resize"], told["crop"], told["interpolation"], told["mean"]) == (168, 160, "bicubic", [0.5] * 3)


def test_a_network_of_ours_that_timm_trained_comes_as_ours(tmp_path):
    cfg = {"input_size": [3, 24, 24], "mean": [0.5] * 3, "std": [0.5] * 3, "crop_pct": 1}
    net = timms_own(tmp_path / "net", REGISTERED["alexnet_cifar_11pct"], pretrained_cfg=cfg)
    module = pull(str(tmp_path / "net"))
    batch = torch.rand(2, 3, 24, 24)
    with torch.no_grad():
        torch.testing.assert_close(module(batch), net(batch), atol=1e-5, rtol=1e-4)
    assert type(module) is LitAlexNetCifar


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architecture": "resnet_of_tomorrow"}, "timm has no such network"),
        ({"architecture": 3}, "does not say which network"),
        ({"architecture": "local-dir:/tmp"}, "timm has no such network"),
        ({"num_classes": 10**9}, "1 to 100000 is allowed"),
        ({"model_args": {"block_fn": "os.system"}}, "was built with block_fn"),
        ({"pretrained_cfg": {"input_size": [3, 160, 10]}}, "160 x 10 pixels"),
        ({"pretrained_cfg": {"input_size": [3, 32, 32], "mean": "0"}}, "no mean of 3 numbers"),
        ({"pretrained_cfg": []}, "does not say which network"),
        ({"pretrained_cfg": {"input_size": [10**6] * 3}}, "no mean"),
        ({"num_classes": 4}, "does not fit its own description"),
        ({"lit_cnns": {"format": 2}}, "has format 2"),
        ({"lit_cnns": [1]}, "was not written by lit-cnns"),
        ({"lit_cnns": {"format": 1, "class": "os.system", "args": {}}}, "is damaged"),
    ],
)
def test_a_repository_that_asks_for_something_else_is_refused(changes, sentence, tmp_path):
    timms_own(tmp_path / "net", **changes) if "architecture" not in changes else timms_own(tmp_path / "net")
    config = json.loads((tmp_path / "net/config.json").read_text())
    (tmp_path / "net/config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(CheckpointError, match=sentence):
        pull(str(tmp_path / "net"))


@pytest.mark.parametrize(
    ("file", "contents", "sentence"),
    [
        ("config.json", b"{", "is not JSON"),
        ("config.json", b"\xff", "is not JSON"),
        ("config.json", b"[" * 100_000, "is not JSON"),
        ("config.json", b"[]", "no JSON object"),
        ("model.safetensors", b"\x80\x04", "damaged or cut short"),
        ("config.json", None, "has no config.json"),
        ("model.safetensors", None, "weights in other files are not opened"),
    ],
)
def test_damaged_files_are_refused(file, contents, sentence, tmp_path):
    timms_own(tmp_path / "net")
    path = tmp_path / "net" / file
    path.unlink() if contents is None else path.write_bytes(contents)
    with pytest.raises(CheckpointError, match=sentence):
        pull(str(tmp_path / "net"))


def test_the_commands_write_and_read_a_folder(tmp_path, capsys):
    save_slim(described(build("resnet20_cifar", num_classes=3)), tmp_path / "a.ckpt", half=False)
    folder, out = str(tmp_path / "repo"), str(tmp_path / "b.ckpt")
    assert main(["push", str(tmp_path / "a.ckpt"), "--to_folder", folder]) == 0
    assert main(["push", str(tmp_path / "a.ckpt"), "--to_folder", folder]) == 2
    assert "has a config.json already" in capsys.readouterr().err
    assert main(["pull", folder, out]) == 0
    assert main(["pull", folder, out]) == 2
    assert "b.ckpt is there already" in capsys.readouterr().err
    torch.testing.assert_close(load(out).state_dict(), load(tmp_path / "a.ckpt").state_dict())
    assert main(["push", str(tmp_path / "a.ckpt")]) == 2
    assert "Give OWNER/NAME of a repository, or --to_folder" in capsys.readouterr().err


@pytest.fixture(scope="module")
def hub():
    with HubStandIn() as running:
        yield running


def typed(hub_endpoint, folder, *commands, token=TOKEN, **environ):
    """Run commands one after another in a process that knows the Hub by this address."""
    program = (
        "import sys, time\nfrom lit_cnns.cli import main\nfor command in sys.argv[1:]:\n"
        "    start = time.monotonic()\n    print('->', main(command.split()), flush=True)\n"
        "    seconds = time.monotonic() - start\nprint('the last took', round(seconds), 'seconds')"
    )
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    told = {"HF_ENDPOINT": hub_endpoint, "HF_HOME": str(folder / "hf"), "HF_HUB_DISABLE_XET": "1", **environ}
    done = subprocess.run(
        [sys.executable, "-c", program, *commands],
        cwd=folder,
        env={**kept, **told, **({"HF_TOKEN": token} if token else {})},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_checkpoint_goes_to_the_hub_and_comes_back_to_us_and_to_timm(hub, tmp_path):
    module = described(build("resnet20_cifar", num_classes=3))
    save_slim(module, tmp_path / "a.ckpt", half=False)
    said = typed(hub.endpoint, tmp_path, "push a.ckpt me/net --license mit", "pull me/net b.ckpt")
    assert said.count("-> 0") == 2, said
    assert f"{hub.endpoint}/me/net" in said
    assert set(hub.files["me/net"]) >= {"config.json", "model.safetensors", "README.md"}
    assert "1.1 MB from" in said
    assert any(asked.startswith("PUT /lfs/") for asked in hub.asked)
    torch.testing.assert_close(load(tmp_path / "b.ckpt").state_dict(), module.state_dict())
    opened = (
        "import torch, timm, lit_cnns.weights.timm_models\n"
        "net = timm.create_model('hf-hub:me/net', pretrained=True)\n"
        "torch.save(net.state_dict(), 'opened.pth')"
    )
    environ = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path / "other"), "HF_HUB_OFFLINE": "0"}
    environ["HF_HUB_DISABLE_XET"] = "1"
    subprocess.run([sys.executable, "-c", opened], cwd=tmp_path, env=environ, check=True)
    torch.testing.assert_close(torch.load(tmp_path / "opened.pth"), dict(module.net.state_dict()))


@pytest.mark.slow
def test_what_the_hub_does_not_allow_is_said_in_a_sentence_each(hub, tmp_path):
    save_slim(described(build("lenet5_modern")), tmp_path / "a.ckpt")
    said = typed(hub.endpoint, tmp_path, "push a.ckpt me/hidden --private", "push a.ckpt others/net")
    assert "me/hidden" in hub.private, said
    assert "others/net cannot be used: your token does not allow it." in said
    hub.files["me/empty"] = {}
    said = typed(
        hub.endpoint, tmp_path, "pull me/hidden b.ckpt", "pull me/none b.ckpt", "push a.ckpt me/net", token=None
    )
    assert said.count("that you may use; a private one needs your token") == 2
    assert "There is no token to upload with" in said
    said = typed(hub.endpoint, tmp_path, "pull me/hidden c.ckpt", "pull me/empty b.ckpt", "pull nobody b.ckpt")
    assert (tmp_path / "c.ckpt").is_file()
    assert "me/empty has no config.json or no model.safetensors" in said
    assert "is OWNER/NAME, not nobody" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_without_a_network_it_says_so_at_once(tmp_path):
    save_slim(described(build("lenet5_modern")), tmp_path / "a.ckpt")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        closed = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        said = typed(closed, tmp_path, "push a.ckpt me/net", "pull me/net b.ckpt")
    assert said.count("cannot be reached") == 2
    assert said.count("-> 2") == 2
    offline = typed(closed, tmp_path, "push a.ckpt me/net", "pull me/net b.ckpt", HF_HUB_OFFLINE="1")
    assert offline.count("HF_HUB_OFFLINE forbids") == 2
    for words in (said, offline):
        assert int(re.findall(r"the last took (\d+) seconds", words)[0]) < 8  # the Hub's own library tries for 25


@pytest.mark.slow  # the Hub's library tries for a minute
def test_a_connection_that_breaks_ends_in_a_sentence(hub, tmp_path):
    hub.files["me/cut"] = {"config.json": b"{}", "model.safetensors": b"cut"}
    said = typed(hub.endpoint, tmp_path, "pull me/cut b.ckpt")
    assert "me/cut cannot be used: the connection to the Hub broke" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_what_was_fetched_once_is_opened_without_a_network(hub, tmp_path):
    save_slim(described(build("lenet5_modern")), tmp_path / "a.ckpt")
    said = typed(hub.endpoint, tmp_path, "push a.ckpt me/once", "pull me/once b.ckpt")
    assert said.count("-> 0") == 2, said
    said = typed(hub.endpoint, tmp_path, "pull me/once c.ckpt", HF_HUB_OFFLINE="1")
    assert said.count("-> 0") == 1, said
    assert (
        load_file(next((tmp_path / "hf").rglob("model.safetensors"))).keys()
        == load(tmp_path / "c.ckpt").net.state_dict().keys()
    )
