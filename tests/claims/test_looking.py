"""Claims by looking: what they measure on small networks, and that their verdicts follow from it."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lit_cnns import claims
from lit_cnns.claims import activation_statistics, effective_receptive_field, gradient_norms, small_responses
from lit_cnns.claims import towers_specialise as towers
from lit_cnns.claims.looking import cifar_form, digits
from lit_cnns.claims.records import kept

FACTORS = {  # by which a layer multiplies the gradient on its way back
    "sigmoid": 0.25,
    "tanh": 0.95,
    "ReLU, weights of 0.01": 0.1,
    "ReLU": 0.99,
    "ReLU, residual": 1.2,
    "ReLU, batch norm": 1.15,
    "ReLU, batch norm, residual": 1.05,
}


def made_gradients(factors: dict[str, float], later: dict[str, float] | None = None) -> dict:
    """Gradients that grow or fall by a factor a layer, with a little between seeds."""

    def made(factor: float, depth: int) -> dict:
        runs = [[(factor + 0.001 * seed) ** (depth - place) for place in range(2, depth + 1)] for seed in range(3)]
        return gradient_norms.summary(runs)

    return {
        name: {
            str(depth): {"start": made(factor, depth), "later": made((later or factors)[name], depth)}
            for depth in gradient_norms.DEPTHS
        }
        for name, factor in factors.items()
    }


def test_gradients_are_judged_by_what_reaches_the_first_layer():
    claim = claims.claim("gradient_norms")
    assert claim.judge(made_gradients(FACTORS)).word == "holds"
    without_initialisation = {**FACTORS, "tanh": FACTORS["sigmoid"]}
    assert claim.judge(made_gradients(without_initialisation)).word == "holds in direction"
    without_batch_norm = {**FACTORS, "ReLU, batch norm": FACTORS["ReLU, weights of 0.01"]}
    assert claim.judge(made_gradients(without_batch_norm)).word == "does not hold"
    assert claim.judge(made_gradients(FACTORS, later=without_batch_norm)).word == "does not hold"
    without_sigmoid = {**FACTORS, "sigmoid": FACTORS["ReLU"]}
    assert claim.judge(made_gradients(without_sigmoid)).word == "does not hold"
    shuffled = dict(zip(FACTORS, reversed(FACTORS.values()), strict=True))
    assert claim.judge(made_gradients(shuffled)).word == "does not hold"


def test_gradients_that_do_not_fall_with_the_depth_are_undecided():
    results = made_gradients(FACTORS)
    own = results["sigmoid"]
    results["sigmoid"] = dict(zip(own, reversed(own.values()), strict=True))  # the depths in the wrong order
    results["sigmoid"]["34"] = own["34"]
    assert claims.claim("gradient_norms").judge(results).word == "not at this scale"


def test_a_run_that_is_not_finite_is_counted_and_has_no_share():
    found = gradient_norms.summary([[2.0, 1.0], None, [8.0, 1.0]])
    assert found == {"shares": [2.0, 8.0], "layers": [4.0, 1.0], "diverged": 1}
    assert gradient_norms.summary([None, None]) == {"shares": [], "layers": [], "diverged": 2}


def test_a_sigmoid_network_passes_almost_nothing_to_its_first_layer_and_a_normalised_one_does():
    images, labels = (part[:8] for part in digits())
    shares = {}
    for name in ("sigmoid", "ReLU, batch norm, residual"):
        torch.manual_seed(0)
        net = cifar_form(20, **gradient_norms.KINDS[name])
        before = copy.deepcopy(net.state_dict())
        found = gradient_norms.gradient_norms(net, images, labels)
        assert len(found) == 19
        assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
        shares[name] = found[0] / found[-1]
    assert shares["sigmoid"] < 1e-3 < 0.01 < shares["ReLU, batch norm, residual"]


def test_the_gradient_is_that_by_what_a_convolution_gives():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten())
    images, labels = torch.randn(3, 1, 3, 3), torch.tensor([0, 1, 1])
    given = (net(images) @ torch.eye(2)).double().detach()
    # cross-entropy by its logits: softmax less the label, over the number of pictures
    expected = (given.softmax(1) - nn.functional.one_hot(labels, 2)).norm() / 3
    assert gradient_norms.gradient_norms(net, images, labels) == pytest.approx([float(expected)], rel=1e-5)


@pytest.mark.parametrize("depth", [8, 19, 34, 56])
def test_the_cifar_form_has_so_many_layers_with_weights(depth):
    net = cifar_form(depth, residual=True)
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in net.modules()) == depth


def test_the_cifar_form_is_the_papers_network_but_for_its_channels():
    assert sum(p.numel() for p in cifar_form(20, residual=True, channels=3).parameters()) == 269_722
    with pytest.raises(ValueError, match="8 or more, not 7"):
        cifar_form(7)


def test_a_look_that_was_cut_goes_on_and_ends_with_the_same_numbers(tmp_path, monkeypatch):
    claim = claims.claim("gradient_norms")
    monkeypatch.setattr(gradient_norms, "DEPTHS", (8, 9))
    monkeypatch.setattr(gradient_norms, "KINDS", {"sigmoid": gradient_norms.KINDS["sigmoid"]})
    whole = claim.measure(claims.Settings(tmp_path / "whole", report=lambda line: None))
    usual, looked = gradient_norms.look, []

    def cut(form, depth, seed):
        looked.append((depth, seed))
        if len(looked) == 5:
            raise KeyboardInterrupt
        return usual(form, depth, seed)

    monkeypatch.setattr(gradient_norms, "look", cut)
    settings = claims.Settings(tmp_path / "cut", report=lambda line: None)
    with pytest.raises(KeyboardInterrupt):
        claim.measure(settings)
    assert claim.measure(settings) == whole
    assert looked[5:] == [(9, 1), (9, 2)]


def test_a_look_of_another_scale_is_not_taken(tmp_path):
    place = tmp_path / "runs" / "one.json"
    found = [kept(place, {"steps": steps}, lambda made=made: made) for steps, made in ((1, "a"), (1, "b"), (2, "c"))]
    assert found == ["a", "a", "c"]


def made_variances(factors: list[float]) -> dict:
    names = activation_statistics.INITS
    return {
        name: [[(factor * (1 + 0.001 * seed)) ** layer for layer in range(30)] for seed in range(3)]
        for name, factor in zip(names, factors, strict=True)
    }


def test_activations_are_judged_by_their_factor_a_layer():
    claim = claims.claim("activation_statistics")
    assert claim.judge(made_variances([1.0, 0.5, 0.03])).word == "holds"
    assert claim.judge(made_variances([0.7, 0.5, 0.03])).word == "holds in direction"
    assert claim.judge(made_variances([0.5, 1.0, 0.03])).word == "does not hold"
    assert claim.judge(made_variances([0.5, 0.5, 0.5])).word == "not at this scale"


def made_sides(power: float) -> dict:
    depths = effective_receptive_field.DEPTHS
    one = {str(depth): [3 * depth**power, 3.05 * depth**power] for depth in depths}
    return {
        "theoretical": {str(depth): 2 * depth + 1 for depth in depths},
        "sides": dict.fromkeys(effective_receptive_field.KINDS, one),
    }


FIELDS = [(0.5, "holds"), (0.8, "holds in direction"), (1.1, "does not hold"), (0.0, "not at this scale")]


@pytest.mark.parametrize(("power", "word"), FIELDS)
def test_the_effective_field_is_judged_by_how_it_grows(power, word):
    assert claims.claim("effective_receptive_field").judge(made_sides(power)).word == word


def test_an_effective_field_that_has_lost_its_depths_is_undecided():
    results = made_sides(0.5)
    sides = list(results["sides"]["random weights"].values())
    mixed = dict(zip(results["theoretical"], [sides[2], sides[0], sides[3], sides[1]], strict=True))
    results["sides"] = dict.fromkeys(results["sides"], mixed)
    assert claims.claim("effective_receptive_field").judge(results).word == "not at this scale"


def test_equal_weights_give_the_gaussian_of_so_many_boxes():
    # each 3 x 3 box adds a variance of 2/3 pixel a side; the area above 4.55 % of a Gaussian has pi (2.486 sigma)^2
    found = effective_receptive_field.side(effective_receptive_field.gradient_map(20, "equal weights"))
    assert found == pytest.approx((torch.pi * 2.486**2 * 20 * 2 / 3) ** 0.5, rel=0.03)


def made_responses(levels: dict[str, float], test_error: float = 2.0) -> dict:
    return {
        name: [{"stds": [level + 0.01 * seed] * 5, "test_error": test_error} for seed in range(3)]
        for name, level in levels.items()
    }


def test_responses_are_judged_by_their_mean():
    claim = claims.claim("small_responses")
    levels = {"plain-20": 1.0, "plain-56": 0.9, "ResNet-20": 0.6, "ResNet-56": 0.4}
    assert claim.judge(made_responses(levels)).word == "holds"
    without_shortcuts = {**levels, "ResNet-20": 1.0, "ResNet-56": 0.9}
    assert claim.judge(made_responses(without_shortcuts)).word == "not at this scale"
    swapped = dict(zip(levels, reversed(levels.values()), strict=True))
    assert claim.judge(made_responses(swapped)).word == "does not hold"
    assert claim.judge(made_responses(levels, test_error=60.0)).word == "not at this scale"


def test_a_response_is_what_batch_norm_gives():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    images = digits()[0][:16]
    with torch.no_grad():
        net[1].weight.fill_(0.5)
        net(images)
        expected = float(copy.deepcopy(net).eval()[:2](images).std())
    assert small_responses.responses(net, images) == pytest.approx([expected])


def test_towers_are_judged_against_random_splits_of_their_kernels():
    claim = claims.claim("towers_specialise")
    apart = [0.05 + 0.01 * n for n in range(16)] + [0.6 + 0.02 * n for n in range(16)]
    mixed = [value for pair in zip(apart[:16], apart[16:], strict=True) for value in pair]

    def made(with_towers: list[float], without: list[float]) -> dict:
        runs = {"two towers": with_towers, "one": without}
        seeds = range(3)
        found = {name: [{"index": [*index[:-1], 0.9 + 0.01 * seed]} for seed in seeds] for name, index in runs.items()}
        return {"data": "pictures", "runs": found}

    assert claim.judge(made(apart, mixed)).word == "holds"
    assert claim.judge(made(mixed, mixed)).word == "not at this scale"
    assert claim.judge(made(apart, apart)).word == "not at this scale"
    assert claim.judge(made(mixed, apart)).word == "does not hold"
    one_by_chance = made(apart, mixed)
    one_by_chance["runs"]["two towers"] = [*one_by_chance["runs"]["two towers"] * 3, {"index": mixed}]
    assert claim.judge(one_by_chance).word == "holds in direction"


def test_the_halves_of_kernels_are_compared_with_every_split_of_them():
    # four kernels: two of the six splits, the halves and their exchange, lie as far apart as the halves do
    found = towers.apart([0.0, 0.1, 0.9, 1.0])
    assert found.gap == pytest.approx(0.9)
    assert found.p == pytest.approx(1 / 3, abs=0.04)
    # the six distances are 0.9, 0.1, 0, 0, -0.1 and -0.9
    assert found.deviations == pytest.approx(0.9 / ((2 * 0.81 + 2 * 0.01) / 6) ** 0.5, rel=0.05)


def test_a_kernel_is_written_around_grey_and_read_back():
    weight = torch.zeros(1, 3, 7, 7)
    weight[0, 0, 0, 1], weight[0, 2, 6, 6] = 0.02, -0.01
    kernel = np.frombuffer(bytes.fromhex(towers.written(weight)[0]), np.uint8).reshape(7, 7, 3)
    assert kernel[0, 1].tolist() == [255, 128, 128]
    assert kernel[6, 6].tolist() == [128, 128, 64]


def test_the_small_network_has_two_towers_that_a_kernel_knows():
    from lit_cnns import features

    assert len(features.first_kernels(towers.network(2, 10)).towers) == 2
    assert len(features.first_kernels(towers.network(1, 10)).towers) == 1
