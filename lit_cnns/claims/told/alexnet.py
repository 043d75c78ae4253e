"""Sentences on AlexNet."""

import re
from itertools import groupby, product

import torch
import torch.nn.functional as F
from torch import nn

from lit_cnns import features

from .finding import Checked, Sources, Standing, above, kernels

KINDS = {"fc": "fc", "rbf": "fc", "subsample": "pool", "maxpool": "pool", "avgpool": "pool"}
TOLD_SIDE = 244
CHANGES = {"rotation": r"\brotat", "crop": r"\bcrop", "flip": r"\bflip", "colour": r"\bcolou?r"}
ACTIVITIES = (0.0, 100.0, 1000.0)  # of a neighbour; pixels are up to 255, so that maps have such values


def from_lenet(of: Sources) -> Checked:
    """Whether LeNet's order of convolutions, pools and fully connected layers is kept in AlexNet's."""
    orders = {name: _order(of, name) for name in ("lenet5_1998", "alexnet")}
    rest = iter(orders["alexnet"])
    kept = all(kind in rest for kind in orders["lenet5_1998"])
    known = {row["op"] for row in of.table("lenet5_1998")}
    new = sorted({row["op"] for row in of.table("alexnet")} & {"lrn", "dropout"} - known)
    return Checked({"order": kept}, {"lenet": orders["lenet5_1998"], "alexnet": orders["alexnet"], "new": new})


def _order(of: Sources, network: str) -> list[str]:
    kinds = ["conv" if row["op"].endswith("conv") else KINDS.get(row["op"]) for row in of.table(network)]
    return [kind for kind, _ in groupby(filter(None, kinds))]


def towers(of: Sources) -> Checked:
    """Which layers see the maps of both halves: those whose units take all the maps before them."""
    layers = {n: m for n, m in of.network("alexnet").named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    layers.pop("conv1")  # it sees the picture
    own = [name for name, layer in layers.items() if isinstance(layer, nn.Conv2d) and layer.groups == 2]
    both = [name for name in layers if name not in own]
    parts = {"halves": bool(own), "conv3": "conv3" in both, "others": both == ["conv3"]}
    return Checked(parts, {"own": own, "both": both, "wrong": [name for name in both if name != "conv3"]})


def towers_today(of: Sources) -> Checked:
    """Data parallelism beside towers on two devices, as measured."""
    found = (of.times() or {}).get("towers")
    if found is None:
        return Checked({"same": "not yet run", "nobody": "no measurement"}, {})
    kinds = ("data", "towers")
    figures = {f"{kind}_{key}": found[kind][key] for kind in kinds for key in ("seconds", "megabytes", "off")}
    more = {key: found["conditions"][key] for key in ("batch", "rounds")}
    return Checked({"same": found["data"]["off"] < 1e-4, "nobody": "no measurement"}, {**figures, **more})


def eight_layers(of: Sources) -> Checked:
    """Layers with weights, counted by kind."""
    net = of.network("alexnet")
    layers, conv = features.weight_layers(net), len(kernels(net))
    full = sum(isinstance(layer, nn.Linear) for layer in net.modules())
    parts = {"eight": layers == 8, "conv": conv == 5, "full": full == 3}
    return Checked(parts, {"all": layers, "conv": conv, "full": full})


def towers_specialise(of: Sources) -> Checked:
    """The claim, and in how many networks the halves' colour indices lie apart beyond chance."""
    kept = of.claim("towers_specialise")
    if kept is None:
        return Checked({"specialise": "not yet run"}, {})
    from .. import towers_specialise as claim

    certain = {
        towers: [claim.apart(run["index"]).p < claim.CHANCE for run in runs]
        for towers, runs in kept["results"]["runs"].items()
    }
    two, one = certain["two towers"], certain["one"]
    figures = {"two": sum(two), "of_two": len(two), "one": sum(one), "of_one": len(one)}
    return Checked({"specialise": of.standing("towers_specialise")}, figures)


def relu_6x(of: Sources) -> Checked:
    """The claim's ratio of epochs: whether it is above 1, and whether it reaches 6."""
    ratio = of.measured("relu_6x")
    if ratio is None:
        return Checked(dict.fromkeys(("faster", "six"), "not yet run"), {})
    faster = above(ratio, 1.0)
    six: Standing | bool = faster if faster != "right" else ratio.high >= 6
    return Checked({"faster": faster, "six": six}, {"ratio": ratio, **of.trained_on("relu_6x")})


def dropout_two_ways(of: Sources) -> Checked:
    """Where dropout stands in the two AlexNets, what a unit that is kept passes on, and what is expected of both."""
    places = {name: _around_dropout(of, name) for name in ("alexnet", "alexnet_owt")}
    kept = float(F.dropout(torch.ones(1000), 0.5, training=True).max())  # the paper passes 1 on, and halves in testing
    units = torch.arange(1.0, 5.0)
    masks = torch.tensor([*product((0.0, 1.0), repeat=len(units))])
    means = (masks * units).mean(0)  # in training, to the half of the units in the paper's testing
    off = float((means - units / 2).abs().max() + (kept * means - units).abs().max())
    parts: dict[str, Standing | bool] = {
        "against": of.standing("dropout_iterations"),
        "ways": kept != 1.0 or places["alexnet"] != places["alexnet_owt"],
        "confuses": "no measurement",
    }
    figures = {"kept": kept, "off": off, "paper": places["alexnet"], "later": places["alexnet_owt"]}
    return Checked(parts, figures)


def _around_dropout(of: Sources, network: str) -> list[str]:
    wanted = (nn.Dropout, nn.Linear)
    return [name for name, layer in of.network(network).named_children() if isinstance(layer, wanted)]


def rotation(of: Sources) -> Checked:
    """What the paper's recipe does to pictures."""
    recipe = " ".join(of.row("alexnet")["recipe"]["augmentation"])
    used = [name for name, words in CHANGES.items() if re.search(words, recipe, re.IGNORECASE)]
    return Checked({"rotations": "rotation" in used, "shifts": "crop" in used}, {"used": used})


def crop_from_larger(of: Sources) -> Checked:
    """The sides of the picture and of the crop, by the recipe, and of what the network takes."""
    recipe, side = of.row("alexnet")["recipe"], of.row("alexnet")["input_size"][-1]
    made = re.search(r"shorter side to (\d+)", recipe["preprocessing"])
    cropped = re.search(r"random (\d+)x\d+ crop", recipe["augmentation"][0])
    larger = int(made[1]) if made else side
    fits = cropped is not None and int(cropped[1]) == side
    parts = {"larger": larger > side, "places": fits, "side": side == TOLD_SIDE}
    return Checked(parts, {"side": side, "larger": larger, "told": TOLD_SIDE, "places": (larger - side) ** 2})


def lrn(of: Sources) -> Checked:
    """What is left of a unit in AlexNet's norm1 beside a neighbour that is ever more active."""
    norm = of.network("alexnet").get_submodule("norm1")
    left = {distance: [_beside(norm, distance, value) for value in ACTIVITIES] for distance in (1, 2, 3)}
    damped = all(a > b for near in (1, 2) for a, b in zip(left[near], left[near][1:], strict=False))
    figures = {
        "activities": [*ACTIVITIES],
        "shares": [100 * value / left[1][0] for value in left[1]],
        "far": 100 * left[3][-1] / left[3][0],
        "plain": of.row("vgg_a")["results"][0]["top1_error"],
        "normalised": of.row("vgg_a_lrn")["results"][0]["top1_error"],
    }
    return Checked({"damps": damped, "window": left[3][-1] == left[3][0]}, figures)


def _beside(norm: nn.Module, distance: int, activity: float) -> float:
    maps = torch.zeros(1, 96, 1, 1)
    maps[0, 24], maps[0, 24 + distance] = 1.0, activity
    return float(norm(maps)[0, 24])
