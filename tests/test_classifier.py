"""The training loop keeps its promises, whatever the network."""

import shutil
from types import SimpleNamespace

import lightning as L
import pytest
import torch
from torch import nn

import lit_cnns
from lit_cnns.classifier import ExactCounts, LitClassifier


class TinyNet(nn.Sequential):
    def __init__(self, num_classes: int = 3) -> None:
        super().__init__(nn.Flatten(), nn.Linear(12, num_classes))


class Tiny(LitClassifier):
    """A network of another package: a few lines on top of ours."""

    def __init__(self, num_classes: int = 3, **training) -> None:
        super().__init__(TinyNet(num_classes), num_classes, **training)


def batches(n=6, classes=3):
    images = torch.arange(n * 12.0).view(n, 3, 2, 2) / 50
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, torch.arange(n) % classes), batch_size=4)


def trainer(path, **more):
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return L.Trainer(default_root_dir=path, **{"max_epochs": 2, **quiet, **more})


def test_top1_and_top5_are_counted_by_picture():
    counts = ExactCounts()
    logits = torch.eye(6)[torch.tensor([0, 0, 1, 5, 5])]
    counts.update(logits, torch.tensor([0, 1, 1, 5, 0]), torch.ones(5))
    counts.update(torch.eye(6)[:1], torch.tensor([5]), torch.ones(1))
    found = {name: float(value) for name, value in counts.compute().items()}
    assert found["top1"] == pytest.approx(3 / 6)
    assert found["loss"] == 1.0


def test_sums_stay_on_the_processor_where_a_device_has_no_double_precision():
    def to_apple(values):
        if values.dtype == torch.float64:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        return SimpleNamespace(device=torch.device("mps"))

    counts = ExactCounts()
    counts._apply(to_apple)
    assert counts.device == counts.loss.device == torch.device("cpu")
    counts.update(torch.eye(6), torch.arange(6), torch.full((6,), 0.1))
    assert counts.compute() == {"loss": pytest.approx(0.1), "top1": 1, "top5": 1}


def test_top5_of_three_classes_is_always_right():
    counts = ExactCounts()
    counts.update(torch.randn(7, 3), torch.arange(7) % 3, torch.zeros(7))
    assert counts.compute()["top5"] == 1.0


def test_padding_pictures_are_not_counted():
    tiny, counts = Tiny(), ExactCounts()
    tiny.count(counts, (torch.zeros(2, 3, 2, 2), torch.tensor([0, -100])))
    assert int(counts.count) == 1
    tiny.count(counts, (torch.zeros(1, 3, 2, 2), torch.tensor([-100])))
    assert int(counts.count) == 1


def test_a_foreign_trainer_trains_and_evaluates_it(tmp_path):
    tiny, run = Tiny(lr=0.5), trainer(tmp_path)
    run.fit(tiny, batches(), batches())
    run.validate(tiny, batches(), verbose=False)
    assert set(run.callback_metrics) == {"val/loss", "val/top1", "val/top5"}
    assert tiny.metrics["val/top5"] == 1.0


def test_it_comes_back_from_its_checkpoint_without_an_argument(tmp_path):
    tiny, run = Tiny(num_classes=4, lr=0.25), trainer(tmp_path)
    run.fit(tiny, batches(classes=4), batches(classes=4))
    run.save_checkpoint(tmp_path / "tiny.ckpt")
    assert torch.load(tmp_path / "tiny.ckpt", weights_only=True)["lit_cnns"]["args"]["lr"] == 0.25
    again = Tiny.load_from_checkpoint(tmp_path / "tiny.ckpt", weights_only=True)
    assert again.num_classes == 4
    assert again.lr == 0.25
    torch.testing.assert_close(again.state_dict(), tiny.state_dict())


def test_soft_labels_cost_what_their_mixture_costs():
    tiny, images = Tiny(), torch.randn(2, 3, 2, 2)
    hard = [tiny.criterion(tiny(images), torch.full((2,), k)) for k in (0, 2)]
    soft = tiny.criterion(tiny(images), torch.tensor([[0.3, 0.0, 0.7]] * 2))
    torch.testing.assert_close(soft, 0.3 * hard[0] + 0.7 * hard[1])


def test_decay_on_weights_leaves_biases_alone():
    groups = Tiny(decay_on="weights", weight_decay=0.1).parameter_groups()
    assert [(g["weight_decay"], [p.ndim for p in g["params"]]) for g in groups] == [(0.1, [2]), (0.0, [1])]


def test_a_resumed_run_learns_at_the_rate_it_is_told(tmp_path):
    run = trainer(tmp_path)
    run.fit(Tiny(lr=0.5), batches(), batches())
    run.save_checkpoint(tmp_path / "half.ckpt")
    resumed = trainer(tmp_path, max_epochs=3)
    resumed.fit(Tiny(lr=0.1), batches(), batches(), ckpt_path=tmp_path / "half.ckpt")
    assert resumed.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.1)


def test_data_with_other_classes_is_refused():
    data = L.LightningDataModule()
    data.num_classes = 7
    with pytest.raises(ValueError, match="7 classes and the network 3"):
        Tiny().describe_data(data)


@pytest.mark.parametrize(
    "wrong",
    [{"optimizer": "lion"}, {"schedule": "linear"}, {"init": "zeros"}, {"decay_on": "x"}, {"compile_net": "fast"}],
)
def test_a_wrong_word_is_refused_with_what_is_allowed(wrong):
    with pytest.raises(ValueError, match=r"(is one of|or 'weights')"):
        Tiny(**wrong).configure_optimizers()


def test_channels_last_changes_nothing_but_rounding():
    class Conv(LitClassifier):
        def __init__(self, **training):
            super().__init__(
                nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 3)), 3, **training
            )

    images, there = torch.randn(2, 3, 8, 8), Conv(channels_last=True)
    here = Conv(channels_last=False)
    here.load_state_dict(there.state_dict())
    torch.testing.assert_close(here(images), there(images))


class Normed(LitClassifier):
    def __init__(self, train_from: str | None = None) -> None:
        net = nn.Sequential(nn.Flatten(), nn.Linear(12, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 3))
        super().__init__(net, 3, lr=0.1, train_from=train_from)


def test_what_comes_before_train_from_keeps_its_weights_and_statistics(tmp_path):
    probe = Normed(train_from="4")
    before = {name: value.clone() for name, value in probe.net.state_dict().items()}
    trainer(tmp_path).fit(probe, batches(), batches())
    changed = {name for name, value in probe.net.state_dict().items() if not value.equal(before[name])}
    assert changed == {"4.weight", "4.bias"}


def test_layers_that_do_not_learn_are_as_in_testing_and_the_others_as_in_training():
    probe = Normed(train_from="3")
    probe.freeze_layers()
    probe.train()
    assert [layer.training for layer in probe.net] == [False, False, False, True, True]
    assert [p.requires_grad for p in probe.parameters()] == [False] * 4 + [True] * 2


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="one of 0, 1, 2, 3, 4, not 'fc8'"):
        Normed(train_from="fc8")


def test_a_run_limited_by_its_steps_alone_follows_its_schedule_in_epochs(tmp_path):
    run = trainer(tmp_path, max_steps=8, max_epochs=-1)
    run.fit(Tiny(schedule="cosine", lr=0.1), batches())
    assert run.optimizers[0].param_groups[0]["lr"] == pytest.approx(0, abs=1e-6)


class Convolved(LitClassifier):
    def __init__(self, lr=0.5, **training):
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.Flatten(), nn.Linear(80, 3))
        super().__init__(net, 3, optimizer="sgd", lr=lr, init="lecun", **training)


@pytest.mark.parametrize("channels_last", [True, False])
def test_a_checkpoint_has_no_layout_of_its_own_and_a_run_goes_on_from_it_in_any(tmp_path, channels_last):
    torch.manual_seed(0)
    images, whole, cut = torch.randn(6, 3, 8, 8), Convolved(), Convolved()
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, torch.arange(6) % 3), 3)
    cut.load_state_dict(whole.state_dict())
    trainer(tmp_path, max_epochs=2).fit(whole, data)
    first = trainer(tmp_path, max_epochs=1)
    first.fit(cut, data)
    first.save_checkpoint(tmp_path / "a.ckpt")
    saved = torch.load(tmp_path / "a.ckpt", weights_only=True)
    kept = [value for state in saved["optimizer_states"][0]["state"].values() for value in state.values()]
    assert len(kept) == 6
    assert all(value.is_contiguous() for value in (*kept, *saved["state_dict"].values()))
    again = Convolved(channels_last=channels_last)
    trainer(tmp_path, max_epochs=2).fit(again, data, ckpt_path=tmp_path / "a.ckpt")
    torch.testing.assert_close(again.state_dict(), whole.state_dict())


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="torch.compile needs a C++ compiler")
@pytest.mark.parametrize("mode", [True, "reduce-overhead"])
def test_a_compiled_network_learns_what_it_learns_otherwise_under_the_same_names(tmp_path, mode):
    torch.manual_seed(0)
    plain, compiled = Convolved(), Convolved(compile_net=mode)
    compiled.load_state_dict(plain.state_dict())
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(6, 3, 8, 8), torch.arange(6) % 3), 3)
    torch._dynamo.utils.counters.clear()
    for module in (plain, compiled):
        assert not torch._dynamo.utils.counters["frames"]
        trainer(tmp_path, max_epochs=1).fit(module, data)
    assert torch._dynamo.utils.counters["frames"]["ok"] > 0
    torch.testing.assert_close(compiled.state_dict(), plain.state_dict())


@pytest.mark.parametrize("name", ["lenet5_modern", "googlenet_cifar"])
def test_what_a_step_asks_of_the_network_is_compiled_also_where_it_has_several_heads(tmp_path, monkeypatch, name):
    asked = []

    def compiled(function, mode):
        return lambda *args: asked.append(mode) or function(*args)

    monkeypatch.setattr(torch, "compile", compiled)
    module = lit_cnns.build(name, in_channels=1, compile_net="max-autotune")
    trainer(tmp_path, max_steps=2, limit_val_batches=0).fit(module, lit_cnns.Digits(global_batch_size=4))
    assert asked == ["max-autotune"] * 2


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("mode", [True, "reduce-overhead", "max-autotune"])
def test_what_is_gathered_of_cuda_graphs_has_memory_of_its_own(tmp_path, monkeypatch, mode, accumulate):
    """A graph writes its gradients where its last ones are; a gradient that stands before it does is added to."""
    places = set()
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, mode: None)  # there is no graph on a processor

    class Watched(Convolved):
        def on_before_backward(self, loss):
            gradients = [parameter.grad for parameter in self.parameters()]
            places.add(tuple(gradient.data_ptr() for gradient in gradients if gradient is not None))

    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(8, 3, 8, 8), torch.arange(8) % 3), 2)
    run = trainer(tmp_path, max_epochs=1, accumulate_grad_batches=accumulate)
    plain, watched = Convolved(), Watched(compile_net=mode)
    watched.load_state_dict(plain.state_dict())
    run.fit(watched, data)
    trainer(tmp_path, max_epochs=1, accumulate_grad_batches=accumulate).fit(plain, data)
    torch.testing.assert_close(watched.state_dict(), plain.state_dict())
    kept = len(places) == 1 and () not in places
    assert kept == (mode is not True and accumulate == 2)


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_half_precision_trains_with_clipped_gradients_on_our_pictures(tmp_path, precision):
    module = lit_cnns.build("lenet5_modern")
    run = trainer(tmp_path, precision=precision, gradient_clip_val=1.0, max_steps=2, limit_val_batches=1)
    run.fit(module, lit_cnns.Digits(global_batch_size=8))
    assert run.global_step == 2
    assert run.optimizers[0].defaults["fused"]


def test_evaluation_takes_no_more_pictures_at_once_than_training(tmp_path):
    sizes = []
    module = lit_cnns.build("lenet5_modern")
    module.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    run = trainer(tmp_path, accumulate_grad_batches=8, max_steps=1, limit_val_batches=2, max_epochs=1)
    run.fit(module, lit_cnns.Digits(global_batch_size=64))
    assert {*sizes} == {8}


def test_a_weight_decay_that_is_typed_at_a_resume_counts_also_where_there_was_none():
    before, now = Tiny(decay_on="weights", weight_decay=0.0), Tiny(decay_on="weights", weight_decay=0.1, lr=0.5)
    state = before.new_optimizer().state_dict()
    assert [group["weight_decay"] for group in state["param_groups"]] == [0.0, 0.0]
    now.on_load_checkpoint({"hyper_parameters": {**before.hparams}, "optimizer_states": [state]})
    assert [group["weight_decay"] for group in state["param_groups"]] == [0.1, 0.0]
    assert [group["lr"] for group in state["param_groups"]] == [0.5, 0.5]


def test_what_decays_is_known_after_fsdp_has_flattened_every_parameter():
    module = lit_cnns.build("vgg_a", num_classes=3, decay_on="weights")
    expected = [len(group["params"]) for group in module.parameter_groups()]
    assert all(expected)
    module._vectors = module.vectors  # as `setup` does
    for parameter in module.net.parameters():
        parameter.data = parameter.data.flatten()
    assert [len(group["params"]) for group in module.parameter_groups()] == expected


def test_an_epochs_last_gathered_batches_are_a_step_of_its_schedule(tmp_path):
    module = Tiny(schedule="step", schedule_args={"milestones": [1]}, lr=0.1)
    rates = []
    module.on_train_batch_end = lambda *_: rates.append(module.trainer.optimizers[0].param_groups[0]["lr"])
    five = batches(20)
    trainer(tmp_path, accumulate_grad_batches=4, enable_checkpointing=False).fit(module, five)
    assert len(five) == 5
    assert rates == pytest.approx([0.1] * 4 + [0.01] * 6)  # the rate of what comes after each batch
