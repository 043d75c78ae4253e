"""What the lab's feature maps cost: `python benchmarks/lab_maps.py`.

First, a forward pass that keeps the maps of one layer against one that keeps none, batch 1 at 224 pixels, one thread,
taking turns: the layer with the most values, the last one with maps, and every layer at once. Then the drawing of 512
maps from tensor to PNG file: random values after a ReLU, which compress worse than real maps, the chosen map framed;
and the same with Gradio writing the PNG. Times are CPU time, which the wall clock does not exceed on idle cores.
"""

import argparse
import time
from collections.abc import Callable
from contextlib import nullcontext
from statistics import median
from typing import Any

import torch
from torch import nn
from training import machine  # first: it sets the threads

from lit_cnns import features
from lit_cnns.models import VGG, AlexNet, GoogLeNet, ResNet

INPUT = (3, 224, 224)
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "alexnet": AlexNet,
    "googlenet": GoogLeNet,
    "vgg_d": lambda: VGG("D"),
    "resnet50": lambda: ResNet(50),
}
DRAWN = {"conv5 of VGG": (512, 14, 14), "conv4 of VGG": (512, 28, 28), "at twice the resolution": (512, 56, 56)}


def forward(net: nn.Module, batch: torch.Tensor, kept: list[str]) -> float:
    """Milliseconds of CPU of a pass that keeps these layers."""
    start = time.process_time()
    with torch.inference_mode(), features.capture(net, kept) if kept else nullcontext():
        net(batch)
    return 1000 * (time.process_time() - start)


def capture_rows(name: str, repeats: int) -> list[str]:
    net = NETWORKS[name]().eval()
    batch = torch.randn(1, *INPUT)
    found = [layer for layer in features.layers(net, INPUT) if len(layer.shape) == 3]
    largest = max(found, key=lambda layer: torch.Size(layer.shape).numel())
    kept: dict[str, list[str]] = {layer.name: [layer.name] for layer in (largest, found[-1])}
    kept |= {f"all {len(found)}": [layer.name for layer in found]}
    rows = []
    for key, names in kept.items():
        taken: dict[bool, list[float]] = {False: [], True: []}
        for number in range(repeats + 2):  # the first two warm up
            for keeps in (False, True) if number % 2 else (True, False):
                milliseconds = forward(net, batch, names if keeps else [])
                if number > 1:
                    taken[keeps].append(milliseconds)
        ratios = [a / b for a, b in zip(taken[True], taken[False], strict=True)]
        plain, with_it = min(taken[False]), min(taken[True])
        spread = f"{median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f}"
        rows.append(f"| {name} | {key} | {plain:.1f} | {with_it:.1f} | {with_it / plain:.3f} | {spread} |")
    return rows


def cpu_time(work: Callable[[], Any], repeats: int) -> list[float]:
    """Milliseconds of each of some runs, after one that is not timed."""
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        work()
        times.append(1000 * (time.process_time() - start))
    return times[1:]


def drawing_rows(repeats: int) -> list[str]:
    import gradio as gr
    from lit_cnns_demo.wiring import png

    component = gr.Image(format="png")
    rows = []
    for name, shape in DRAWN.items():
        maps = torch.randn(shape).relu()
        drawn = cpu_time(lambda maps=maps: features.grid(maps, mark=3), repeats)
        whole = cpu_time(lambda maps=maps: png(features.grid(maps, mark=3)), repeats)
        gradios = cpu_time(lambda maps=maps: component.postprocess(features.grid(maps, mark=3)), repeats)
        size = " x ".join(map(str, features.layout(shape).size[::-1]))
        times = f"{median(whole):.0f} | {min(whole):.0f} to {max(whole):.0f} | {median(gradios):.0f}"
        rows.append(f"| {' x '.join(map(str, shape))}, {name} | {size} | {median(drawn):.0f} | {times} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=[*NETWORKS])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{machine()}; {asked.repeats} repetitions.\n")
    heads = "| network | layer kept | fastest forward, ms | with it, ms | ratio | ratio turn by turn: median, range |"
    print(f"{heads}\n|---|---|--:|--:|--:|--:|")
    for name in asked.networks:
        print("\n".join(capture_rows(name, asked.repeats)), flush=True)
    print(
        "\n| maps | pixels | drawn, ms | and written, ms | range | written by Gradio, ms |\n|---|--:|--:|--:|--:|--:|"
    )
    print("\n".join(drawing_rows(asked.repeats)))


if __name__ == "__main__":
    main()
