"""`trainer/fast`: what it sets on which machine, and that nothing of it happens unasked."""

import subprocess
import sys

import lightning as L
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, TensorDataset

from lit_cnns import fast
from lit_cnns.callbacks import CastOnce
from lit_cnns.commands import training

FAULTS = """
import resource, torch
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        torch.ones(10_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(faults() for _ in range(8)))  # something small may lie where a tensor lay, which then takes new pages
"""


def page_faults(prepared: str) -> int:
    done = subprocess.run([sys.executable, "-c", prepared + FAULTS], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone keeps memory so")
def test_a_process_that_keeps_its_memory_finds_its_pages_again():
    assert page_faults("import lit_cnns.fast; assert lit_cnns.fast.keep_memory()") < 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc alone keeps memory so")
def test_importing_the_package_leaves_memory_as_it_is():
    assert page_faults("import lit_cnns.fast, lit_cnns.commands.training") > 10_000


@pytest.mark.parametrize(("line", "kept"), [("sys.argv = ['lit-cnns', 'fit']; main()", True), ("main(['fit'])", False)])
def test_the_command_line_keeps_the_memory_of_its_own_process_alone(line, kept):
    told = (
        f"import sys, lit_cnns.cli as c; c.keep_memory = lambda: print('kept'); from lit_cnns.cli import main; {line}"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert (done.stdout == "kept\n") == kept


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(fast.os, "confstr", lambda name: None)
    assert not fast.keep_memory()


@pytest.fixture
def planned(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    def plan(instructions: str, *options: str) -> tuple[L.Trainer, str]:
        monkeypatch.setattr(fast, "bf16_instructions", lambda: instructions)
        caplog.clear()
        with caplog.at_level("INFO"):
            trainer = training.plan(["--config", "lenet5_modern/digits", *options]).trainer
        return trainer, next((line for line in caplog.messages if line.startswith("fast:")), "")

    return plan


def casts_once(trainer: L.Trainer) -> bool:
    return any(isinstance(callback, CastOnce) for callback in trainer.callbacks)


def test_bf16_is_taken_where_the_processor_has_it_and_said(planned):
    trainer, line = planned("amx_bf16", "--config", "trainer/fast")
    assert trainer.precision == "bf16-mixed"
    assert casts_once(trainer)
    assert line == "fast: the results' last digits change by bf16 (amx_bf16)."


def test_bf16_is_not_taken_where_the_processor_has_it_not(planned):
    trainer, line = planned("", "--config", "trainer/fast")
    assert trainer.precision == "32-true"
    assert not casts_once(trainer)
    assert line == "fast: the results' last digits change by nothing."


def test_a_precision_that_is_typed_beats_the_fast_one(planned):
    trainer, line = planned("amx_bf16", "--config", "trainer/fast", "--trainer.precision", "32-true")
    assert trainer.precision == "32-true"
    assert "bf16" not in line


def test_without_it_nothing_changes_and_nothing_is_said(planned):
    trainer, line = planned("amx_bf16")
    assert trainer.precision == "32-true"
    assert not line


class Casts(TorchDispatchMode):
    """Counts how often a tensor of this shape becomes bfloat16."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape, self.count = shape, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is torch.ops.aten._to_copy.default and tuple(args[0].shape) == self.shape:
            self.count += 1
        return function(*args, **(kwargs or {}))


class Linear(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.sums = nn.Linear(7, 5), []

    def validation_step(self, batch, batch_idx):
        self.sums.append(self.fc(batch[0]).float().sum().item())


def evaluate(module: Linear, *callbacks: L.Callback) -> int:
    batches = DataLoader(TensorDataset(torch.arange(84.0).view(12, 7)), 3)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False, "accelerator": "cpu"}
    trainer = L.Trainer(precision="bf16-mixed", inference_mode=False, callbacks=[*callbacks], **quiet)
    with Casts((5, 7)) as casts:
        trainer.validate(module, batches, verbose=False)
    assert not torch.is_autocast_enabled("cpu")
    return casts.count


def test_an_evaluation_casts_each_weight_once_and_finds_the_same():
    module = Linear()
    assert evaluate(module) == 4
    assert evaluate(module, CastOnce()) == 1
    assert module.sums[:4] == module.sums[4:]


def test_weights_that_were_trained_further_are_cast_anew():
    module, once = Linear(), CastOnce()
    evaluate(module, once)
    nn.init.zeros_(module.fc.weight)
    nn.init.zeros_(module.fc.bias)
    evaluate(module, once)
    assert module.sums[4:] == [0.0] * 4


@pytest.fixture
def pictures(tmp_path):
    for split in ("train", "val"):
        for name in ("cat", "dog"):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            Image.new("RGB", (40, 40)).save(folder / "0.jpg")
    return ["--config", "resnet18_b/folder", "--data.root", str(tmp_path), "--data.global_batch_size=2"]


@pytest.fixture
def decoder(pictures, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)

    def plan(*options: str) -> tuple[tuple, str]:
        caplog.clear()
        with caplog.at_level("INFO"):
            given = training.plan([*pictures, "--config", "trainer/cpu", *options]).datamodule.hparams
        said = "".join(line for line in caplog.messages if line.startswith("fast: JPEG"))
        return (given.decoder, given.scaled_decode), said

    return plan


def test_jpeg_is_decoded_by_simplejpeg_where_it_is_there_and_said(decoder, monkeypatch):
    pytest.importorskip("simplejpeg")
    chosen, said = decoder("--config", "trainer/fast")
    assert chosen == ("fast", True)
    assert said == (
        "fast: JPEG is decoded by simplejpeg, at 1/2, 1/4 or 1/8 where a crop is that much larger, whose pixels change."
    )
    chosen, said = decoder("--config", "trainer/fast", "--data.scaled_decode=false")
    assert chosen == ("fast", False)
    assert said == "fast: JPEG is decoded by simplejpeg."
    monkeypatch.setattr(training, "find_spec", lambda name: None)
    assert decoder("--config", "trainer/fast") == ((None, None), "")


def test_a_decoder_that_is_typed_beats_the_fast_one(decoder):
    assert decoder("--config", "trainer/fast", "--data.decoder=pil") == (("pil", None), "")
    assert decoder() == ((None, None), "")
