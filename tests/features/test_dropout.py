"""The spread over dropout masks is that of training mode, and leaves mode and random numbers alone."""

import pytest
import torch
from torch import Tensor, nn

from lit_cnns.features import dropout_spread
from lit_cnns.models import NiN, VGGSmall

PICTURE = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))


class Branching(nn.Module):
    """Two ways of which one is dropped out and joined to the other."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.left, self.right, self.fc = nn.Linear(12, 8), nn.Linear(12, 8), nn.Linear(16, 3)
        self.drop = nn.Dropout(0.3)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)[:, :12]
        return self.fc(torch.cat([self.left(x), self.drop(self.right(x))], 1))


def in_chain() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Linear(3 * 32 * 32, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 16), nn.ReLU(), nn.Dropout(0.25)]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(16, 4))


@pytest.mark.parametrize("net", [in_chain(), Branching()], ids=["chain", "branching"])
def test_mean_and_interval_are_those_of_training_mode(net: nn.Module) -> None:
    torch.manual_seed(2)
    with torch.no_grad():
        trained = net.train()(PICTURE.expand(4000, -1, -1, -1)).softmax(1)
    spread = dropout_spread(net, PICTURE, masks=4000, at_once=1000)
    torch.testing.assert_close(spread.mean, trained.mean(0), rtol=0, atol=0.01)
    torch.testing.assert_close(spread.probabilities.std(0), trained.std(0), rtol=0, atol=0.01)
    for bound, quantile in zip(spread.interval(0.9), (0.05, 0.95), strict=True):
        torch.testing.assert_close(bound, trained.quantile(quantile, 0), rtol=0, atol=0.025)


def test_the_plain_answer_is_the_one_without_dropout() -> None:
    net = in_chain()
    spread = dropout_spread(net, PICTURE, 3)
    assert spread.probabilities.shape == (3, 4)
    torch.testing.assert_close(spread.plain, net.eval()(PICTURE)[0].softmax(0).detach())


def test_what_comes_before_the_dropout_of_a_chain_runs_once_for_all_masks() -> None:
    net = in_chain()
    rows: list[int] = []
    net[1].register_forward_hook(lambda _module, _inputs, output: rows.append(len(output)))
    dropout_spread(net, PICTURE, 100)
    assert rows == [1, 1]  # the plain answer, and all masks


def test_masks_depend_on_the_seed_and_touch_neither_mode_nor_random_numbers() -> None:
    net = VGGSmall().train()
    net.relu1_1.eval()
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = dropout_spread(net, PICTURE, 4, seed=7).probabilities
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(first, dropout_spread(net, PICTURE, 4, seed=7).probabilities)
    assert not torch.equal(first, dropout_spread(net, PICTURE, 4, seed=8).probabilities)
    assert len(first.unique(dim=0)) == 4
    assert net.training
    assert not net.relu1_1.training
    assert not any(module._forward_hooks for module in net.modules())


def test_a_network_without_dropout_is_refused_with_a_sentence() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.0), nn.Linear(3 * 32 * 32, 2))
    with pytest.raises(ValueError, match="Sequential has no dropout, so its answer does not vary"):
        dropout_spread(net, PICTURE)
    with pytest.raises(ValueError, match="At least one mask is drawn, not 0"):
        dropout_spread(NiN(), PICTURE, 0)
