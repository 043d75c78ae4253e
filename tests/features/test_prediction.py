"""A prediction is in eval mode, sums to one and says how long it took."""

import torch
from torch import nn

from lit_cnns.features import predict, top


def test_probabilities_are_those_of_eval_mode_and_the_mode_comes_back() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(12, 4))
    batch = torch.randn(3, 3, 2, 2)
    prediction = predict(net, batch)
    assert net.training
    assert torch.allclose(prediction.probabilities, net.eval()(batch).softmax(1))
    assert prediction.milliseconds > 0
    assert prediction.runs == 5


def test_timing_stops_when_its_time_is_used_but_runs_once() -> None:
    assert predict(nn.Flatten(), torch.randn(1, 4), seconds=0).runs == 1


def test_top_has_no_more_rows_than_classes() -> None:
    rows = top(torch.tensor([0.1, 0.6, 0.3]), ["a", "b", "c"], k=5)
    assert [name for name, _ in rows] == ["b", "c", "a"]


def test_a_network_that_is_warm_runs_once() -> None:
    runs: list[int] = []
    net = nn.Flatten()
    net.register_forward_hook(lambda *_: runs.append(1))
    assert predict(net, torch.randn(1, 4), runs=1, warm_up=False).runs == len(runs) == 1
