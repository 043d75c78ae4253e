"""A run that is cut anywhere goes on as if it had not been: the same weights, bit for bit."""

import itertools
import math
import signal
from types import SimpleNamespace

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint
from torch import nn

import lit_cnns
from lit_cnns import interruption
from lit_cnns.interruption import STOPS, BestCheckpoint, SaveWhenCut

EPOCHS = 3  # of three batches
COUNTED = {"steps": 9}  # the same, as a recipe has it that counts in steps


class Tiny(lit_cnns.LitClassifier):
    """What a resumed run can get wrong: batch norm, dropout, momentum, a schedule that watches the validation."""

    def __init__(self, norm: bool = True, schedule: str = "plateau") -> None:
        net = nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.BatchNorm2d(4) if norm else nn.Identity(), nn.ReLU())
        net.extend([nn.Dropout(0.3), nn.Flatten(), nn.Linear(36, 10)])
        patience = {"patience": 0, "factor": 0.5, "monitor": "val/loss"} if schedule == "plateau" else {}
        super().__init__(net, 10, lr=3.0, optimizer="sgd", schedule=schedule, schedule_args=patience)


class At(Callback):
    """Does something at the n-th time that a hook is called."""

    def __init__(self, hook: str, n: int, act) -> None:
        self.left, self.act = n, act
        setattr(self, hook, self.called)

    def called(self, trainer, *_):
        if not trainer.sanity_checking:
            self.left -= 1
            if self.left == 0:
                self.act()


def fail():
    raise ArithmeticError("no")


def fit(folder, *callbacks, ckpt_path=None, accumulate=1, seed=0, minutes=5.0, steps=-1, **network):
    torch.manual_seed(seed)  # a resumed run's own start is without consequence
    module = Tiny(**network)
    data = lit_cnns.Digits(image_size=8, global_batch_size=320, translate=0.1, seed=1)
    best = BestCheckpoint(folder, "best", monitor="val/loss", enable_version_counter=False)
    last = ModelCheckpoint(folder, "last", enable_version_counter=False)
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS if steps == -1 else -1,
        max_steps=steps,
        accumulate_grad_batches=accumulate,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[*callbacks, EMAWeightAveraging(decay=0.7), SaveWhenCut(minutes), best, last],
    )
    trainer.fit(module, data, ckpt_path=ckpt_path)
    state = {name: value.clone() for name, value in module.state_dict().items()}
    return state, best.best_model_score, trainer.optimizers[0].param_groups[0]["lr"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The uncut run, for each way of training."""
    known: dict[str, tuple] = {}

    def run(**settings):
        key = repr(sorted(settings.items()))
        if key not in known:
            known[key] = fit(tmp_path_factory.mktemp("whole"), **settings)
        return known[key]

    return run


def assert_equal(found, expected):
    (weights, best, lr), (expected_weights, expected_best, expected_lr) = found, expected
    assert weights.keys() == expected_weights.keys()
    for name, value in expected_weights.items():
        assert torch.equal(weights[name], value), name
    assert best == expected_best
    assert lr == expected_lr


def test_dropout_and_plateau_are_at_work(whole):
    assert whole()[2] < 3.0
    assert not torch.equal(whole()[0]["net.5.weight"], whole(seed=1)[0]["net.5.weight"])


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize(  # three steps an epoch
    ("sent", "step"),
    [*((signal.SIGTERM, step) for step in (2, 3, 4, 8)), (signal.SIGINT, 3), (signal.SIGUSR1, 3)],
)
def test_a_run_that_a_signal_cuts_goes_on_bit_for_bit(tmp_path, whole, sent, step, accumulate):
    told = At("on_train_batch_end", step * accumulate - (accumulate > 1), lambda: signal.raise_signal(sent))
    with pytest.raises((STOPS[sent], SystemExit)):
        fit(tmp_path / "a", told, accumulate=accumulate)
    found = fit(tmp_path / "b", ckpt_path=tmp_path / "a" / "cut.ckpt", accumulate=accumulate, seed=3)
    assert_equal(found, whole(accumulate=accumulate))


@pytest.mark.parametrize(
    ("hook", "n", "settings"),
    [
        ("on_before_backward", 6, {"norm": False}),
        ("on_before_backward", 4, {"norm": False, "accumulate": 2}),
        ("on_validation_batch_end", 1, {}),
        ("on_validation_start", 2, {}),
        ("on_validation_start", 3, {}),
        ("on_train_batch_start", 4, {}),
        ("on_train_batch_start", 4, COUNTED),
        ("on_train_batch_start", 5, COUNTED),
        ("on_validation_start", 2, COUNTED),
    ],
)
def test_a_run_that_an_error_cuts_goes_on_bit_for_bit(tmp_path, whole, hook, n, settings):
    with pytest.raises(ArithmeticError):
        fit(tmp_path / "a", At(hook, n, fail), **settings)
    assert_equal(fit(tmp_path / "b", ckpt_path=tmp_path / "a" / "cut.ckpt", seed=3, **settings), whole(**settings))


@pytest.mark.parametrize(("step", "settings"), [*((step, {}) for step in (3, 4, 6, 9)), (4, COUNTED), (6, COUNTED)])
def test_a_run_that_is_killed_goes_on_from_its_last_checkpoint_bit_for_bit(
    tmp_path, whole, step, settings, monkeypatch
):
    monkeypatch.setattr(SaveWhenCut, "on_exception", lambda *_: None)  # as a kill would have it
    monkeypatch.setattr("lit_cnns.interruption.SHARE", 1e9)  # it may write all the time
    with pytest.raises(ArithmeticError):
        fit(tmp_path / "a", At("on_before_backward", step, fail), minutes=0.0, **settings)
    assert torch.load(tmp_path / "a" / "last.ckpt", weights_only=True)["global_step"] == step - 1
    assert_equal(fit(tmp_path / "b", ckpt_path=tmp_path / "a" / "last.ckpt", seed=3, **settings), whole(**settings))


@pytest.mark.parametrize("settings", [{}, COUNTED])
def test_a_run_goes_on_from_the_checkpoint_of_an_epochs_end_bit_for_bit(tmp_path, whole, settings):
    with pytest.raises(ArithmeticError):
        fit(tmp_path / "a", At("on_before_backward", 6, fail), **settings)
    assert_equal(fit(tmp_path / "b", ckpt_path=tmp_path / "a" / "last.ckpt", seed=3, **settings), whole(**settings))


def test_a_run_leaves_the_signals_of_its_process_as_they_were(tmp_path):
    before = {kind: signal.getsignal(kind) for kind in STOPS}
    fit(tmp_path)
    assert {kind: signal.getsignal(kind) for kind in STOPS} == before


class Answering:
    """A run of two processes of which the other wants nothing."""

    world_size, is_global_zero, global_step = 2, True, 0

    def __init__(self) -> None:
        self.strategy, self.questions = self, []

    def reduce(self, flags, reduce_op):
        self.questions.append(self.global_step)
        return flags


def test_several_processes_ask_each_other_a_few_times_a_second_and_hear_of_a_signal_then(monkeypatch):
    trainer, callback, now = Answering(), SaveWhenCut(), [100.0]
    monkeypatch.setattr(interruption.time, "monotonic", lambda: now[0])
    callback.asked, callback.due = (now[0], 0), math.inf
    heard = []
    for step in range(60):
        trainer.global_step = step
        callback.told = signal.SIGTERM if step >= 30 else 0
        heard.append(callback._agreed(trainer, torch.device("cpu")))
        now[0] += interruption.ASK / 10
    first, second, *rest = trainer.questions
    assert (first, second) == (0, 1)
    assert all(8 <= later - earlier <= 12 for earlier, later in itertools.pairwise([second, *rest]))
    assert heard.index(signal.SIGTERM) in trainer.questions
    assert heard.index(signal.SIGTERM) < 30 + 12


@pytest.mark.parametrize(("device", "kept"), [("cpu", True), ("cuda", False)])
def test_what_gpus_hold_when_a_process_is_lost_is_not_kept(capsys, device, kept):
    """A GPU's queue runs ahead: when NCCL fails it may have stepped by half a gradient."""

    class Noting(SaveWhenCut):
        kept = False

        def _keep_alone(self, trainer):
            self.kept = True

    callback, trainer = Noting(), SimpleNamespace(world_size=2, global_rank=0, global_step=5)
    callback.first_step = 0
    callback.on_exception(trainer, SimpleNamespace(device=torch.device(device)), torch.distributed.DistError("gone"))
    assert callback.kept == kept
    assert ("goes on from the last.ckpt" in capsys.readouterr().err) == (not kept)


@pytest.mark.parametrize(
    ("words", "lost"),
    [
        ("[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection closed by peer [10.0.0.2]:5", True),
        ("Application timeout caused pair closure", True),
        ("mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)", False),
    ],
)
def test_a_lost_process_is_told_from_another_error_of_a_backward_pass(capsys, words, lost):
    callback, trainer = SaveWhenCut(), SimpleNamespace(world_size=2, global_rank=0, global_step=0)
    with pytest.raises(RuntimeError) as raised:
        raise RuntimeError(words)
    callback.on_exception(trainer, SimpleNamespace(device=torch.device("cpu")), raised.value)
    assert callback.lost == lost
    assert (f"Process 0 lost the others: {words}" in capsys.readouterr().err) == lost


@pytest.mark.parametrize(("file", "lost"), [("tensor/_dispatch.py", False), ("distributed_c10d.py", True)])
def test_a_mistake_in_a_sharded_network_is_not_taken_for_a_lost_process(file, lost):
    source = compile("raise RuntimeError('no')", f"site-packages/torch/distributed/{file}", "exec")
    with pytest.raises(RuntimeError) as caught:
        exec(source)
    assert interruption._is_of_the_network(caught.value) == lost


def test_a_checkpoint_that_could_not_be_written_is_not_told_of(tmp_path):
    def full(*_):
        raise OSError("No space left on device")

    callback = SaveWhenCut()
    trainer = SimpleNamespace(
        checkpoint_callback=SimpleNamespace(dirpath=tmp_path), fast_dev_run=False, global_step=1, save_checkpoint=full
    )
    with pytest.raises(OSError, match="No space left"):
        callback._keep(trainer)
    assert callback.saved is None
