"""What a reason costs beside the answer: `python benchmarks/lab_why.py`.

Grad-CAM and its like of the likeliest class at the last layer with maps, against one forward pass; batch 1 at 224
pixels, random weights, one thread, CPU time, the contestants in turn. Captum is told the class, which is not counted.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from captum.attr import LayerGradCam
from torch import nn
from training import machine  # first: it sets the threads

from lit_cnns import LINEAGE, features

NETWORKS = {"alexnet": 1.5, "vgg_d": 1.15, "googlenet": 1.15, "resnet50": 1.15}  # the most that Grad-CAM may cost


def contestants(net: nn.Module) -> dict[str, Callable[[torch.Tensor], Any]]:
    layer = features.last_maps(features.layers(net, (3, 224, 224)))
    assert layer
    theirs = LayerGradCam(net, net.get_submodule(layer))

    def forward(picture: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return net(picture)

    return {
        "forward": forward,
        "Grad-CAM": lambda picture: features.grad_cam(net, picture, layer),
        "HiResCAM": lambda picture: features.hires_cam(net, picture, layer),
        "Captum's Grad-CAM": lambda picture: theirs.attribute(picture, target=0),
        "saliency": lambda picture: features.saliency(net, picture),
        "deconvnet": lambda picture: features.deconvnet(net, picture, layer),
    }


def seconds(work: Callable[[torch.Tensor], Any], picture: torch.Tensor) -> float:
    start = time.process_time()
    work(picture)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    print(f"{machine()}; median of {repeats} turns after a first one.\n")
    print("| network | forward, ms | what | times a forward, median | smallest to largest | allowed |")
    print("|---|--:|---|--:|--:|--:|", flush=True)
    for name, allowed in NETWORKS.items():
        cls, row = LINEAGE[name]
        net, picture = cls(**row).net.eval(), torch.randn(1, 3, 224, 224)
        race = contestants(net)
        turns = [{what: seconds(work, picture) for what, work in race.items()} for _ in range(repeats + 1)][1:]
        own = 1000 * median(turn["forward"] for turn in turns)
        for what in [*race][1:]:
            ratios = [turn[what] / turn["forward"] for turn in turns]
            bound = str(allowed) if what == "Grad-CAM" else ""
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            print(f"| {name} | {own:.0f} | {what} | {median(ratios):.2f} | {spread} | {bound} |", flush=True)


if __name__ == "__main__":
    main()
