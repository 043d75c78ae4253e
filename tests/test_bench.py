"""`lit-cnns bench` says how fast a run is and where its time goes, and leaves nothing behind."""

import itertools
import json
import subprocess
import sys

import pytest
import torch

from lit_cnns.cli import main
from lit_cnns.commands import timing
from lit_cnns.commands.timing import Lap, Laps, Parts, rate, time_calls

QUICK = ["--steps", "2", "--warmup", "1", "--repeats", "2"]
LOOPS = ("data", "training", "evaluation", "inference", "inference of one")


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    machine = {f"{what}_{kind}": 1e9 for what in ("matmul", "conv") for kind in ("fp32", "bf16")}
    monkeypatch.setattr(timing, "roofline", lambda device: {**machine, "memory": 1e9})

    def printed(*options: str) -> str:
        assert main(["bench", *QUICK, *options]) == 0
        return capsys.readouterr().out

    return printed


def test_every_loop_of_a_run_is_timed_and_its_step_taken_apart(bench, tmp_path):
    found = json.loads(bench("--json", "--config", "lenet5_modern/digits", "--config", "trainer/cpu"))
    assert all(found[loop]["slowest"] <= found[loop]["images_per_second"] <= found[loop]["fastest"] for loop in LOOPS)
    assert all(found[loop]["laps"] == 2 for loop in LOOPS)
    assert set(found["step"]) == {"data", "forward", "backward", "optimiser", "logging and loop"}
    assert all(share > 0 for share in found["step"].values())
    assert sum(found["step"].values()) == pytest.approx(1)
    assert found["peak_memory"] > 1 << 20
    assert not list(tmp_path.iterdir())  # no run is kept


def test_no_part_of_a_step_takes_less_than_no_time_where_batches_are_gathered(bench):
    run = ["--config", "lenet5_modern/digits", "--config", "trainer/cpu", "--trainer.accumulate_grad_batches", "4"]
    found = json.loads(bench("--json", *run))
    assert all(share > 0 for share in found["step"].values())
    assert found["data"]["images_per_second"] > 0


@pytest.mark.slow
@pytest.mark.ddp
def test_two_processes_say_together_how_fast_they_are():
    run = ["--config", "lenet5_modern/digits", "--config", "trainer/cpu", "--trainer.devices", "2"]
    command = [sys.executable, "-m", "lit_cnns", "bench", "--json", *QUICK, *run, "--trainer.strategy", "ddp"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)
    assert found["processes"] == 2
    assert sum(found["step"].values()) == pytest.approx(1)


def test_a_reader_gets_the_share_of_what_the_device_can_do(bench):
    lines = bench("--config", "lenet5_modern/digits", "--config", "trainer/cpu").splitlines()
    training = next(line for line in lines if line.startswith("training "))
    assert "% of the device's 400.1" in training  # 1e9 FLOP/s, 2 x 3 x 416,520 a picture
    assert "CPU an image" in training


def test_pictures_stand_in_where_the_data_is_not_there(bench):
    config = [
        "--config",
        "alexnet_cifar_13pct/cifar10_short",
        "--config",
        "trainer/cpu",
        "--data.global_batch_size",
        "8",
    ]
    found = json.loads(bench("--json", "--synthetic", *config))
    assert found["data"]["images_per_second"] > 0


def test_the_stand_in_has_the_size_channels_and_classes_of_the_data(tmp_path, monkeypatch):
    from lit_cnns.commands.training import stand_in

    monkeypatch.chdir(tmp_path)
    assert stand_in(["--config", "alexnet/imagenet"]) == (224, 3, 1000)
    assert stand_in(["--config", "inception_v3/imagenet"]) == (299, 3, 1000)
    assert stand_in(["--config", "lenet5_modern/mnist"]) == (32, 1, 10)
    assert stand_in(["--config", "resnet20_cifar/cifar100"]) == (32, 3, 100)


@pytest.mark.parametrize(
    ("options", "sentence"), [([], "say which by the options of fit"), (["--steps", "0", "--config", "x"], "1 or more")]
)
def test_what_cannot_be_measured_is_refused(options, sentence, capsys):
    assert main(["bench", *options]) == 2
    assert sentence in capsys.readouterr().err


def test_a_lap_goes_on_over_the_ends_of_epochs_and_leaves_out_what_lies_between(monkeypatch):
    clock = iter([(t, 2 * t) for t in (0.0, 1.0, 3.0, 10.0, 14.0)])
    monkeypatch.setattr(timing, "now", lambda: next(clock))
    laps = Laps(steps=2, warmup=1, repeats=1)
    batch = (torch.zeros(5, 1), None)
    laps.on_train_epoch_start()  # 0
    laps.on_train_batch_end(None, None, None, batch, 0)  # 1, the warm-up
    laps.on_train_batch_end(None, None, None, batch, 1)
    laps.on_train_epoch_end()  # 3
    laps.on_train_epoch_start()  # 10
    laps.on_train_batch_end(None, None, None, batch, 0)  # 14
    assert laps.laps == [Lap(10, 2.0 + 4.0, 2 * 6.0)]
    assert laps.over


def test_a_rate_is_the_median_with_its_spread():
    found = rate([Lap(10, 1.0, 2.0), Lap(10, 2.0, 2.0), Lap(10, 5.0, 2.0)])
    assert (found["images_per_second"], found["slowest"], found["fastest"]) == (5.0, 2.0, 10.0)
    assert found["cpu_ms_per_image"] == 200


def test_several_processes_are_as_fast_as_one_times_their_number():
    found = rate([Lap(10, 2.0, 1.0)], processes=3)
    assert (found["images_per_second"], found["cpu_ms_per_image"]) == (15, 100)


def test_what_a_part_holds_of_another_is_counted_there_alone(monkeypatch):
    clock = iter([(float(t), 0.0) for t in (0, 1, 3, 4, 7, 8, 10)])
    monkeypatch.setattr(timing, "now", lambda: next(clock))
    parts = Parts().begun()  # 0
    with parts.profile("[Strategy]X.training_step"):  # 1 to 3: the first of two gathered batches
        pass
    with (
        parts.profile("[LightningModule]X.optimizer_step"),  # from 4
        parts.profile("[Callback]X.on_before_optimizer_step"),  # no part
        parts.profile("[Strategy]X.backward"),  # 7 to 8
    ):
        pass  # 10
    assert parts.seconds == {"data": 0, "forward": 2, "backward": 1, "optimiser": 5, "logging and loop": 2}
    assert parts.shares()["optimiser"] == 0.5


def test_a_lap_of_calls_takes_long_enough_to_be_timed(monkeypatch):
    moments = itertools.accumulate((0.0, 0.03, 0.0, 0.06, 0.0, 0.12, *[0.0, 0.24] * 3))
    clock = zip(*itertools.tee(moments), strict=True)
    monkeypatch.setattr(timing, "now", lambda: next(clock))
    assert [lap.images for lap in time_calls(lambda: 5, repeats=2)] == [40, 40]
