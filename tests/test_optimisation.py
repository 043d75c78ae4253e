"""The schedules are the papers'."""

import math

import pytest
import torch

from lit_cnns.optimisation import check_optimizer, check_schedule, make_optimizer, make_scheduler


def rates(name, steps, steps_per_epoch, lr=1.0, total=math.inf, **arguments):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler = make_scheduler(optimizer, name, arguments, total, steps_per_epoch)["scheduler"]
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_resnet_on_cifar_divides_by_ten_at_its_iterations():
    found = rates("step", 8, 100, lr=0.1, milestones=[3, 6], unit="step")
    assert found == pytest.approx([0.1] * 3 + [0.01] * 3 + [0.001] * 2)


def test_epoch_milestones_fall_on_the_first_step_of_their_epoch():
    assert rates("step", 9, 3, milestones=[2]) == pytest.approx([1.0] * 6 + [0.1] * 3)


def test_googlenet_loses_four_percent_every_eight_epochs():
    assert rates("decay", 17, 1)[::8] == pytest.approx([1.0, 0.96, 0.96**2])


def test_lenet5_follows_the_table_of_1998():
    found = rates("piecewise", 14, 1, lr=5e-4, milestones=[2, 5, 8, 12], factors=[0.4, 0.2, 0.1, 0.02])
    assert [found[i] for i in (0, 2, 5, 8, 12)] == pytest.approx([5e-4, 2e-4, 1e-4, 5e-5, 1e-5])


def test_cosine_ends_at_zero_after_its_warm_up():
    found = rates("cosine", 101, 10, total=100, warmup=1)
    assert found[0] < found[5] < found[9] <= 1.0
    assert found[100] == pytest.approx(0.0, abs=1e-6)


def test_resnet110_is_held_at_a_tenth_before_it_starts():
    found = rates("step", 5, 1, lr=0.1, milestones=[9], unit="step", warmup=3, warmup_from=0.1, warmup_shape="constant")
    assert found == pytest.approx([0.01] * 3 + [0.1] * 2)


def test_plateau_cuts_no_more_often_than_told():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make_scheduler(optimizer, "plateau", {"patience": 0, "cuts": 2}, math.inf, 1)["scheduler"]
    for _ in range(9):
        scheduler.step(0.5)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("stepp", {}, "schedule is one of"),
        ("step", {}, "also needs schedule_args"),
        ("step", {"milestones": [1], "gamma": 2}, r"not \['gamma'\]"),
        ("decay", {"unit": "hour"}, "'epoch' or 'step'"),
        ("piecewise", {"milestones": [1, 2], "factors": [0.1]}, "as many factors"),
    ],
)
def test_a_wrong_schedule_is_refused_with_a_sentence(name, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_schedule(name, arguments)


def test_cosine_refuses_a_run_without_end():
    with pytest.raises(ValueError, match="max_epochs"):
        rates("cosine", 1, 1)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("lion", {}, r"one of \['sgd'.*not 'lion'"),
        ("sgd", {"eps": 1}, r"are \['nesterov', 'dampening'\], not \['eps'\]"),
    ],
)
def test_a_wrong_optimiser_is_refused_with_a_sentence(name, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        check_optimizer(name, arguments)


def test_rmsprop_of_tensorflow_starts_at_one_and_has_epsilon_under_the_root():
    weight = torch.tensor([1.0]).requires_grad_()
    optimizer = make_optimizer("rmsprop_tf", [{"params": [weight]}], lr=0.1, momentum=0.9, alpha=0.9, eps=1.0)
    square, velocity, by_hand = 1.0, 0.0, 1.0
    for gradient in (2.0, -1.0, 3.0):
        weight.grad = torch.tensor([gradient])
        optimizer.step()
        square = 0.9 * square + 0.1 * gradient**2
        velocity = 0.9 * velocity + 0.1 * gradient / math.sqrt(square + 1.0)
        by_hand -= velocity
    assert weight.item() == pytest.approx(by_hand)


def test_fused_sgd_is_the_papers_momentum():
    start = torch.tensor([1.0])
    weight, velocity = start.clone().requires_grad_(), torch.zeros(1)
    by_hand = start.clone()
    optimizer = make_optimizer("sgd", [{"params": [weight], "weight_decay": 0.0005}], lr=0.1, momentum=0.9)
    for _ in range(3):  # AlexNet, Section 5; the rate is constant, so it may stand inside or outside of v
        weight.grad = torch.full_like(weight, 0.5)
        optimizer.step()
        velocity = 0.9 * velocity - 0.1 * (0.0005 * by_hand + 0.5)
        by_hand = by_hand + velocity
    torch.testing.assert_close(weight.detach(), by_hand)
