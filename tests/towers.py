"""AlexNet on one device and, with the same weights and random numbers, a tower on each of two; a process each.

`towers.py RANK PORT FILE`: rank 0 writes the differences to FILE.
"""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.distributed.device_mesh import init_device_mesh

from lit_cnns.models import AlexNet
from lit_cnns.models.alexnet_towers import divide_towers


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def main(rank: int, port: str, file: Path) -> None:
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.manual_seed(0)
    whole, towers = AlexNet(num_classes=11), AlexNet(num_classes=11)
    towers.load_state_dict(whole.state_dict())
    divide_towers(towers, init_device_mesh("cpu", (2,)))
    images, labels = torch.randn(2, 3, 224, 224), torch.tensor([3, 10])
    logits = []
    for net in (whole, towers):
        torch.manual_seed(1)  # of dropout
        logits.append(net(images))
        F.cross_entropy(logits[-1], labels).backward()
    gradients = {
        name: relative(mine.grad.full_tensor(), theirs.grad)
        for (name, mine), theirs in zip(towers.named_parameters(), whole.parameters(), strict=True)
    }
    shapes = [{name: list(value.shape) for name, value in net.state_dict().items()} for net in (whole, towers)]
    held = {name: list(value.to_local().shape) for name, value in towers.named_parameters()}
    if rank == 0:
        found = {"logits": relative(logits[1], logits[0]), "gradients": gradients, "shapes": shapes, "held": held}
        file.write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
