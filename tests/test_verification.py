"""`lit-cnns verify` says of a run whether it is on course, by stated rules, also while it is being written."""

import csv
import math
import subprocess
import sys

import pytest
import yaml

from lit_cnns import build
from lit_cnns.checkpoints import save_slim
from lit_cnns.cli import main
from lit_cnns.recipes import find_config
from lit_cnns.verification import Expectation

CONFIG = {
    "model": {
        "class_path": "lit_cnns.LitCifarResNet",
        "init_args": {"depth": 20, "residual": True, "num_classes": 10, "lr": 0.1},
    },
    "data": {"class_path": "lit_cnns.CIFAR10", "init_args": {"global_batch_size": 128}},
    "trainer": {"max_epochs": 4, "max_steps": -1},
    "expects": {
        "top1": 80.0, "pictures": 10_000, "tolerance": 1.0, "by_epoch": {2: 60.0}, "source": "made up for this test",
    },
}  # fmt: skip
SCHEDULE = {"schedule": "step", "schedule_args": {"milestones": [2], "factor": 0.1, "unit": "epoch"}}


def config(**changes):
    made = yaml.safe_load(yaml.safe_dump(CONFIG))
    made["model"]["init_args"] |= SCHEDULE | changes.pop("model", {})
    for section, values in changes.items():
        made[section] |= values
    return made


def a_run(folder, said, top1=(0.4, 0.61, 0.7, 0.8), loss=lambda step: 2.0, lr=lambda epoch: 0.1 if epoch < 2 else 0.01):
    """A run's files: 100 steps an epoch, a line every 10 steps, a validation at each epoch's end."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(said))
    with (folder / "metrics.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["epoch", "lr", "step", "train/loss", "val/loss", "val/top1", "val/top5"])
        table.writeheader()
        for epoch, share in enumerate(top1):
            for step in range(100 * epoch + 9, 100 * epoch + 100, 10):
                table.writerow({"epoch": epoch, "step": step, "lr": lr(epoch), "train/loss": loss(step)})
            table.writerow(
                {"epoch": epoch, "step": 100 * epoch + 99, "val/loss": 1.0, "val/top1": share, "val/top5": 0.99}
            )
    return folder


@pytest.fixture
def verify(capsys):
    def call(path):
        status = main(["verify", str(path)])
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return call


@pytest.fixture
def place(tmp_path):
    return tmp_path / "runs" / "mine" / "version_0"


def test_a_run_that_ended_where_it_should_is_as_expected(place, verify):
    status, shown = verify(a_run(place, config()))
    assert status == 0
    assert shown.endswith("verdict    as expected\n")
    assert "epoch 2: top-1 61.00, expected 60.00" in shown
    assert "top1 80.00 by center, expected 80.00" in shown


def test_a_run_that_ended_low_is_off(place, verify):
    status, shown = verify(a_run(place, config(), top1=(0.4, 0.61, 0.7, 0.78)))
    assert status == 1
    assert "verdict    off: figure, top1 78.00" in shown


def test_the_size_of_the_set_is_allowed_for():
    few, many = (Expectation("x", top1=80.0, tolerance=1.0, pictures=n).least(80.0) for n in (100, 10_000))
    assert few == pytest.approx(80 - 1 - 2 * 4.0)  # sqrt(0.8 * 0.2 / 100) is 4 points
    assert many == pytest.approx(80 - 1 - 2 * 0.4)


def test_a_run_below_its_milestone_is_off_long_before_its_end(place, verify):
    status, shown = verify(a_run(place, config(), top1=(0.4, 0.5)))
    assert status == 1
    assert "running: 2 of 4 epochs" in shown
    assert "verdict    off: milestone, epoch 2: top-1 50.00" in shown


def test_a_run_on_its_way_is_on_course(place, verify):
    status, shown = verify(a_run(place, config(), top1=(0.4, 0.6)))
    assert (status, "verdict    on course" in shown) == (0, True)
    assert "0 minutes ago" in shown


def test_a_line_that_is_being_written_is_passed_over(place, verify):
    folder = a_run(place, config(), top1=(0.4,))
    with (folder / "metrics.csv").open("a") as file:
        file.write("1,0.1,109,na")
    status, shown = verify(folder)
    assert (status, "100 steps" in shown) == (0, True)


@pytest.mark.parametrize("text", [None, "", "epoch,lr,st"])
def test_a_run_that_has_just_begun_is_on_course(place, verify, text):
    folder = a_run(place, config())
    (folder / "metrics.csv").unlink() if text is None else (folder / "metrics.csv").write_text(text)
    status, shown = verify(folder)
    assert (status, "running: nothing logged yet" in shown) == (0, True)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_off(place, verify, value):
    status, shown = verify(a_run(place, config(), top1=(0.4,), loss=lambda step: value if step > 50 else 2.0))
    assert status == 1
    assert f"verdict    off: loss, train/loss is {value} at step 59" in shown


def test_a_run_that_still_guesses_after_a_tenth_of_its_steps_is_dead(place, verify):
    status, shown = verify(a_run(place, config(), top1=(0.1,), loss=lambda step: math.log(10)))
    assert status == 1
    assert "off: start, dead, training loss 2.303, guessing 2.303 after 100 steps" in shown


def test_a_run_that_guesses_is_given_time(place, verify):
    said = config(trainer={"max_epochs": 40})
    status, shown = verify(a_run(place, said, top1=(0.1,), loss=lambda step: math.log(10)))
    assert (status, "nothing learnt yet" in shown) == (0, True)


@pytest.mark.parametrize(
    ("name", "chance"),
    [("googlenet", 1.6 * math.log(1000)), ("inception_v3", 1.4 * math.log(1000)), ("lenet5_1998", None)],
)
def test_guessing_costs_what_the_heads_add_and_has_no_fixed_cost_for_distances(name, chance):
    assert build(name).chance_loss == (chance and pytest.approx(chance))


def test_a_learning_rate_that_is_not_the_schedules_is_off(place, verify):
    status, shown = verify(a_run(place, config(), lr=lambda epoch: 0.1))
    assert status == 1
    assert "off: rate, 0.1 at step 209, where the schedule step says 0.01" in shown


@pytest.mark.parametrize(("rates", "status"), [((0.1, 0.1, 0.01, 0.01), 0), ((0.1, 0.03, 0.01, 0.01), 1)])
def test_a_plateau_cuts_by_its_factor_alone(place, verify, rates, status):
    said = config(model={"schedule": "plateau", "schedule_args": {"cuts": 2}})
    found, shown = verify(a_run(place, said, lr=lambda epoch: rates[epoch]))
    assert found == status
    assert ("1 of 2 cuts made" in shown) == (status == 0)


def test_a_run_is_held_against_the_recipe_it_is_named_by_and_its_changes_are_said(tmp_path, verify):
    recipe = yaml.safe_load(find_config("resnet20_cifar/cifar10_short").read_text())
    said = config(model={"lr": 0.2, **recipe["model"]["init_args"]}, trainer=recipe["trainer"])
    said["expects"] = recipe["expects"]
    folder = a_run(
        tmp_path / "resnet20_cifar_cifar10_short" / "version_3", said, top1=(0.2,), lr=lambda epoch: 0.2 * 0.5
    )
    _, shown = verify(folder)
    assert "recipe     resnet20_cifar/cifar10_short" in shown
    assert "changed    model.lr: 0.1 in the recipe, 0.2 here" in shown
    assert "off:" in shown
    assert "epoch 1: top-1 20.00, expected 43.76" in shown


def test_figures_are_not_held_against_a_shorter_run(tmp_path, verify):
    recipe = yaml.safe_load(find_config("resnet20_cifar/cifar10_short").read_text())
    said = config(model=recipe["model"]["init_args"], trainer={**recipe["trainer"], "max_epochs": 1})
    said["expects"] = recipe["expects"]
    said["model"]["init_args"] |= {"schedule": "constant", "schedule_args": None}
    folder = a_run(tmp_path / "resnet20_cifar_cifar10_short" / "version_0", said, top1=(0.2,))
    status, shown = verify(folder)
    assert (status, "whose data or length are not the recipe's" in shown) == (0, True)


def test_an_evaluation_by_the_expected_protocol_counts_and_is_asked_for(place, verify):
    said = config(expects={"protocol": "ten_crop", "scales": [40]})
    folder = a_run(place, said)
    _, shown = verify(folder)
    assert f"lit-cnns validate --ckpt_path {folder}/checkpoints/last.ckpt --protocol ten_crop --scales [40]" in shown
    (folder / "tests.csv").write_text(
        "checkpoint,data,split,protocol,scales,pictures,loss,top1,top5\n"
        "last.ckpt,CIFAR10,test,ten_crop,40,10000,1,0.799,0.99\n"
        "last.ckpt,CIFAR10,test,ten_crop,32,10000,1,0.1,0.99\n"
        "last.ckpt,CIFAR10,val,ten_crop,40,5000,1,0.1,0.99\n"
    )
    status, shown = verify(folder)
    assert (status, "top1 79.90 by ten_crop" in shown) == (0, True)
    assert shown.endswith("as expected\n")


def test_a_run_that_was_cut_is_named_so(place, verify):
    folder = a_run(place, config(), top1=(0.4, 0.6))
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "cut.ckpt").touch()
    status, shown = verify(folder)
    assert (status, "cut: 2 of 4 epochs" in shown) == (0, True)
    (folder / "metrics.csv").unlink()
    status, shown = verify(folder)
    assert (status, "cut: nothing logged yet" in shown, "not measured yet" in shown) == (0, True, False)
    assert shown.endswith("verdict    on course\n")


def test_a_checkpoint_without_its_run_tells_its_own_figures(tmp_path, verify):
    module = build("resnet20_cifar")
    module.data_description = {"class": "Digits", "args": {"image_size": 16}}
    module.metrics = {"test/top1": 0.5, "test/top5": 0.9}
    save_slim(module, tmp_path / "a" / "b" / "net.ckpt")
    status, shown = verify(tmp_path / "a" / "b" / "net.ckpt")
    assert status == 1
    assert "recipe     resnet20_cifar/digits" in shown
    assert "off: figure, top1 50.00" in shown


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "config.yaml").unlink(), "has no config.yaml"),
        (lambda folder: (folder / "config.yaml").write_text("a: [1"), "is not YAML"),
        (lambda folder: (folder / "config.yaml").write_text("lr: 1"), "names no network"),
        (
            lambda folder: (folder / "config.yaml").write_text(yaml.safe_dump({"model": {"class_path": "their.Net"}})),
            "names the class 'Net'",
        ),
        (
            lambda folder: (folder / "config.yaml").write_text(yaml.safe_dump({**config(), "expects": {"top_1": 2}})),
            "`expects` takes source, top1",
        ),
    ],
)
def test_what_is_no_run_of_ours_is_refused_with_a_sentence(place, verify, spoil, sentence):
    spoil(a_run(place, config()))
    status, shown = verify(place)
    assert status == 2
    assert sentence in shown


def test_a_place_without_a_run_is_refused(tmp_path, verify):
    status, shown = verify(tmp_path / "nothing")
    assert (status, "There is no run at" in shown) == (2, True)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [({"top1": 3}, "needs a source"), ({"source": "x", "top1": 753}, "shares in percent, 0 to 100, not 753")],
)
def test_an_expectation_that_says_nothing_is_refused(said, sentence):
    with pytest.raises(ValueError, match=sentence):
        Expectation.of(said)


@pytest.mark.slow
def test_a_trained_run_is_followed_from_its_first_pass_to_its_test(tmp_path, monkeypatch, verify):
    monkeypatch.chdir(tmp_path)
    quiet = ["--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"]
    assert main(["fit", "--config", "lenet5_modern/digits", "--trainer.log_every_n_steps", "10", *quiet]) == 0
    folder = tmp_path / "runs" / "lenet5_modern_digits" / "version_0"
    said = yaml.safe_load((folder / "config.yaml").read_text())
    assert said["expects"] == yaml.safe_load(find_config("lenet5_modern/digits").read_text())["expects"]
    status, shown = verify(folder)
    assert (status, "changed" in shown) == (0, False)
    assert "always as the schedule cosine says" in shown
    assert "not measured yet: lit-cnns test --ckpt_path" in shown
    assert main(["test", "--ckpt_path", str(folder / "checkpoints" / "last.ckpt"), *quiet]) == 0
    status, shown = verify(folder / "checkpoints" / "last.ckpt")
    assert status == 0
    assert shown.endswith("verdict    as expected\n")


def test_the_help_does_not_import_torch():
    code = (
        "import sys; from lit_cnns.cli import main\n"
        "try: main(['verify', '--help'])\nexcept SystemExit: pass\nsys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, "still running" in done.stdout) == (0, True)
