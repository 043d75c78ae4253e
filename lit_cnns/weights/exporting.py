"""A checkpoint as a file that runs without this project, and the proof that it answers as the checkpoint does."""

import copy
import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lit_cnns.checkpoints import as_json, load, save_slim
from lit_cnns.classifier import LitClassifier
from lit_cnns.models.network import Network
from lit_cnns.weights.fitting import is_side

TOLERANCE = 1e-4  # of the largest logit: what single precision and another order of sums may differ by
BATCHES = (1, 3)  # a file that has frozen the size of its example is found out


class NotTheSame(RuntimeError):
    """An exported file that answers otherwise than its checkpoint, or not at all."""


class Normalised(nn.Module):
    """A network behind its padding and normalisation: takes pictures (B, C, S, S) in [0, 1]."""

    mean: Tensor
    std: Tensor

    def __init__(self, net: nn.Module, preprocessing: dict[str, Any]) -> None:
        super().__init__()
        mean, std = (torch.as_tensor(preprocessing[key], dtype=torch.float32) for key in ("mean", "std"))
        self.net, self.pad = net, preprocessing.get("pad", 0)
        self.register_buffer("mean", mean[:, None, None] if mean.ndim == 1 else mean)
        self.register_buffer("std", std[:, None, None])

    def forward(self, pictures: Tensor) -> Tensor:
        return self.net((F.pad(pictures, [self.pad] * 4) - self.mean) / self.std)


def without_normalisation(preprocessing: dict[str, Any]) -> dict[str, Any]:
    """What is left of a preprocessing once padding and normalisation are in the file."""
    channels = preprocessing["channels"]
    return {**preprocessing, "mean": [0.0] * channels, "std": [1.0] * channels, "pad": 0}


def _onnx(net: nn.Module, example: Tensor, description: dict[str, Any], path: Path) -> None:
    program = torch.onnx.export(
        net,
        (example,),
        dynamo=True,
        external_data=False,
        input_names=["image"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    for node in [*model.graph.node, *(node for function in model.functions for node in function.node)]:
        del node.metadata_props[:]  # where on this machine the code of each operation is
    for key in ("class_names", "preprocessing"):
        model.metadata_props.add(key=key, value=as_json(description[key]))
    model.metadata_props.add(key="lit_cnns", value=as_json(description))
    path.write_bytes(model.SerializeToString())


def _run_onnx(path: Path) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda images: torch.from_numpy(session.run(["logits"], {"image": images.numpy()})[0])


def _torch(net: nn.Module, example: Tensor, description: dict[str, Any], path: Path) -> None:
    with torch.no_grad():
        program = torch.export.export(net, (example,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # where on this machine the code of each operation is
    contents = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No complete tensor found in the group")  # of tensors that are parts of one
        torch.export.save(program, contents, extra_files={"lit_cnns.json": as_json(description)})
    path.write_bytes(contents.getbuffer())


def _run_torch(path: Path) -> Callable[[Tensor], Tensor]:
    return torch.export.load(path).module()


class Format(NamedTuple):
    """How a file is written, how it is run, and the packages that takes."""

    suffix: str
    write: Callable[[nn.Module, Tensor, dict[str, Any], Path], None]
    run: Callable[[Path], Callable[[Tensor], Tensor]]
    packages: tuple[str, ...] = ()


FORMATS = {
    "onnx": Format(".onnx", _onnx, _run_onnx, ("onnx", "onnxscript", "onnxruntime")),
    "torch": Format(".pt2", _torch, _run_torch),
}
WEIGHTS = {"safetensors": ".safetensors"}  # no program: `lit_cnns.load` builds the network again
SUFFIXES = {**{name: form.suffix for name, form in FORMATS.items()}, **WEIGHTS}


def export(
    module: LitClassifier,
    path: Path,
    form: str,
    pictures: Callable[[dict[str, Any]], Tensor],
    with_normalisation: bool = False,
) -> float:
    """Write a checkpoint in another form and run what was written.

    Args:
        module: the network, in evaluation mode on the CPU.
        path: the file; it is there whole or not at all.
        form: onnx, torch (`torch.export`) or safetensors.
        pictures: at least three pictures that have gone through a preprocessing, (B, C, S, S).
        with_normalisation: the file takes pictures in [0, 1] and pads and normalises them itself.

    Returns:
        the greatest difference of a logit on one picture and on three, as a share of the largest.

    Raises:
        ValueError: an unknown form, a package that is missing, or nothing known to normalise by.
        NotTheSame: the file answers otherwise; it is gone.
    """
    _check(module, form, with_normalisation)
    taken = without_normalisation(module.preprocessing) if with_normalisation else module.preprocessing
    given, images = pictures(taken)[: max(BATCHES)], pictures(module.preprocessing)[: max(BATCHES)]
    with torch.inference_mode():
        expected = module(images)
    if not expected.isfinite().all():
        raise ValueError(
            "The checkpoint answers photographs with numbers that are not finite, so nothing can be compared."
        )
    with written(path) as part:
        if form in WEIGHTS:
            save_slim(module, part, half=False)
            return difference(load(part), given, expected)
        bare = _without_side_heads(module.net)
        net = Normalised(bare, module.preprocessing) if with_normalisation else bare
        description = {**module.describe(), "preprocessing": taken}
        FORMATS[form].write(net.eval(), given[:2].clone(), description, part)
        return difference(FORMATS[form].run(part), given, expected)


def _without_side_heads(net: nn.Module) -> nn.Module:
    """The same layers, less those that no answer passes through: a `.pt2` would keep their weights."""
    bare = copy.copy(net)
    if isinstance(net, Network):
        bare._modules = {name: layer for name, layer in net._modules.items() if not is_side(name)}
    return bare


def _check(module: LitClassifier, form: str, with_normalisation: bool) -> None:
    if form not in SUFFIXES:
        raise ValueError(f"A checkpoint is exported as {', '.join(SUFFIXES)}, not {form!r}.")
    if with_normalisation and form in WEIGHTS:
        raise ValueError(
            "safetensors holds weights and no program, so nothing can be put before it: take onnx or torch."
        )
    if with_normalisation and not module.preprocessing:
        raise ValueError("The checkpoint does not say how its pictures were normalised: export it without.")
    require(*(FORMATS[form].packages if form in FORMATS else ("safetensors",)))


def require(*packages: str) -> None:
    """Raise ValueError with the way to get them where packages are missing."""
    if missing := [name for name in packages if find_spec(name) is None]:
        raise ValueError(f"This needs {', '.join(missing)}: pip install 'lit-cnns[export]'.")


def difference(run: Callable[[Tensor], Tensor], given: Tensor, expected: Tensor) -> float:
    """How far what was written is from what it should answer, on batches of several sizes.

    Raises:
        NotTheSame: further than `TOLERANCE`.
    """
    largest = expected.abs().max().clamp(min=torch.finfo(expected.dtype).tiny)  # a new head may answer with zeros
    shares = []
    with torch.inference_mode():
        for count in BATCHES:
            answer = run(given[:count])
            if answer.shape != expected[:count].shape:
                raise NotTheSame(
                    f"It answers {tuple(answer.shape)} to {count} pictures, not {tuple(expected[:count].shape)}."
                )
            shares.append((answer - expected[:count]).abs().max() / largest)
    worst = float(torch.stack(shares).max())  # which no missing number gets past
    if not worst <= TOLERANCE:
        raise NotTheSame(
            f"It differs from its checkpoint by {worst:.1e} of the largest logit, and {TOLERANCE:.0e} is allowed."
        )
    return worst


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A place to write a file to, which becomes `path` when all went well and is gone otherwise.

    Raises:
        OSError: with the name of the file, where the disk is full or may not be written to.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        part.unlink(missing_ok=True)
