"""Are our networks theirs? Random weights of torchvision's and timm's networks through ours, on two photographs.

`python docs/logits_table.py` runs every pair and writes the table of `weights.md`; it takes some minutes.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from sklearn.datasets import load_sample_image
from torch import Tensor, nn

from lit_cnns.data import read_image, to_batch
from lit_cnns.guests import TORCHVISION_OPTIONS
from lit_cnns.weights import convert
from lit_cnns.weights.counterparts import COUNTERPARTS

DOCUMENT = Path(__file__).parent / "weights.md"
START, END = "<!-- logits: python docs/logits_table.py -->\n", "<!-- end of logits -->\n"


class Comparison(NamedTuple):
    """What two networks say of the same pictures.

    Args:
        network: ours, as it was built.
        difference: the largest of their logits' differences, as a share of the largest logit, in double precision.
        single: the same in single precision, where many layers of random weights enlarge what rounding does.
        spread: how far the logits of the two pictures differ, as the same share: near 0, nothing would be shown.
        side: of the pictures, in pixels.
    """

    network: str
    difference: float
    single: float
    spread: float
    side: int


def photographs(side: int, mean: list[float], std: list[float]) -> Tensor:
    """The two that scikit-learn carries, (2, 3, side, side)."""
    preprocessing = {"channels": 3, "resize": side, "crop": side, "mean": mean, "std": std}
    return to_batch([read_image(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")], preprocessing)


def theirs(library: str, name: str) -> nn.Module:
    """A network of another library with random weights."""
    torch.manual_seed(0)
    if library == "timm":
        import timm

        return timm.create_model(name).eval()
    from torchvision import models

    options: dict[str, Any] = {"transform_input": True, "init_weights": False} if name in TORCHVISION_OPTIONS else {}
    return models.get_model(name, weights=None, **options).eval()


@torch.no_grad()
def randomise(net: nn.Module, pictures: Tensor) -> None:
    """Random batch norms, whose statistics are near the pictures' own: what these say is not lost then."""
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.uniform_(0.5, 1.5)
        norm.bias.normal_(0, 0.2)
        norm.momentum = 1.0
        norm.train()
    net(pictures)
    for norm in norms:
        norm.eval()
        norm.running_var.mul_(torch.empty_like(norm.running_var).uniform_(0.7, 1.4)).add_(1e-3)
        norm.running_mean.add_(0.1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean))


@contextmanager
def offered(library: str, name: str, state: dict[str, Tensor], folder: Path) -> Iterator[str]:
    """These tensors where the library keeps what it has downloaded; the source's name."""
    if library == "torchvision":
        from torchvision import models

        file = models.get_model_weights(name).DEFAULT.url.rpartition("/")[2]
        (folder / "checkpoints").mkdir(parents=True)
        torch.save(state, folder / "checkpoints" / file)
        with patch("torch.hub.get_dir", lambda: str(folder)):
            yield f"torchvision/{name}"
        return
    import timm
    from safetensors.torch import save_file

    config = timm.models.get_pretrained_cfg(name)
    place = folder / f"models--{config.hf_hub_id.replace('/', '--')}"
    (place / "snapshots" / "0").mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0")
    save_file(
        {key: value.contiguous() for key, value in state.items()}, place / "snapshots" / "0" / "model.safetensors"
    )
    with patch("huggingface_hub.constants.HF_HUB_CACHE", str(folder)):
        yield f"timm/{name}"


def compare(library: str, name: str) -> Comparison:
    """A network of another library beside ours with its weights, by way of the files that it would have downloaded."""
    side = 75 if "inception" in name else 64 if "resnet" in name else 224
    net = theirs(library, name)
    usual = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
    pictures = photographs(side, *usual["inception" in name and library == "timm"])
    randomise(net, pictures)
    with tempfile.TemporaryDirectory() as folder, offered(library, name, net.state_dict(), Path(folder)) as source:
        module, _ = convert(source)
    ours = photographs(side, module.preprocessing["mean"], module.preprocessing["std"])
    with torch.inference_mode():
        single = _share(module(ours) - (expected := net(pictures)), expected)
        difference = _share(module.double()(ours.double()) - (expected := net.double()(pictures.double())), expected)
    built = {
        k: v for k, v in module.arguments.items() if k in ("depth", "config", "batch_norm", "stride_on", "variant")
    }
    shown = ", ".join(f"{key}={value!r}" for key, value in built.items())
    spread = _share(expected[0] - expected[1], expected)
    return Comparison(f"{type(module).__name__}({shown})", difference, single, spread, side)


def _share(difference: Tensor, logits: Tensor) -> float:
    return float(difference.abs().max() / logits.abs().max())


def pairs() -> list[tuple[str, str]]:
    return [(library, name) for library, names in COUNTERPARTS.items() for name in names]


def table() -> str:
    lines = [
        "| source | ours | pixels | difference | in single precision | pictures differ by |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for library, name in pairs():
        found = compare(library, name)
        figures = f"{found.side} | {found.difference:.1e} | {found.single:.1e} | {found.spread:.0%}"
        row = f"| `{library}/{name}` | `{found.network}` | {figures} |"
        print(row, flush=True)
        lines.append(row)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    before, rest = DOCUMENT.read_text().split(START)
    DOCUMENT.write_text(before + START + table() + END + rest.split(END)[1])
