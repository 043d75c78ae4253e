"""AlexNet as it ran in 2012: one tower on each of two devices (Section 3.2).

A. Krizhevsky, I. Sutskever, G. E. Hinton,
ImageNet Classification with Deep Convolutional Neural Networks, NIPS 25, 2012.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, ParallelStyle, RowwiseParallel, parallelize_module

from lit_cnns.models.alexnet import AlexNet, LocalResponseNorm

__all__ = ["divide_towers"]


class Kernels(ParallelStyle):
    """A convolution of which each device has one tower's kernels, (maps / 2, inputs, k, k).

    Args:
        meet: whether they see the maps of both towers, which are then exchanged, or of their own alone.
    """

    def __init__(self, meet: bool = False) -> None:
        super().__init__()
        self.meet = meet

    def _apply(self, module: nn.Module, device_mesh: DeviceMesh) -> nn.Module:
        assert isinstance(module, nn.Conv2d)
        convolve = module._conv_forward
        for name, parameter in list(module.named_parameters()):
            shared = distribute_tensor(parameter.detach(), device_mesh, [Shard(0)])
            module.register_parameter(name, nn.Parameter(shared, requires_grad=parameter.requires_grad))

        def convolve_tower(maps: Tensor, weight: DTensor, bias: DTensor) -> Tensor:
            maps = _exchanged(maps, device_mesh) if self.meet else maps
            return convolve(maps, weight.to_local(), bias.to_local())

        module.groups = 1
        module._conv_forward = convolve_tower  # type: ignore[assignment]
        return module


def _exchanged(maps: Tensor, mesh: DeviceMesh) -> Tensor:
    """The maps of both towers; their gradient is the sum of what both towers make of them."""
    both = DTensor.from_local(maps, mesh, [Shard(1)]).redistribute(placements=[Replicate()])
    return both.to_local(grad_placements=[Partial()])


class TowerDropout(nn.Dropout):
    """Draws the mask of both towers' features and takes its own half: the same numbers as on one device."""

    def __init__(self, p: float, tower: int) -> None:
        super().__init__(p)
        self.tower = tower

    def forward(self, x: Tensor) -> Tensor:
        mask = F.dropout(torch.ones(len(x), 2 * x.shape[1], dtype=x.dtype, device=x.device), self.p, self.training)
        return x * mask.chunk(2, dim=1)[self.tower]


PLAN = {
    "conv1": Kernels(),
    "conv2": Kernels(),
    "conv3": Kernels(meet=True),
    "conv4": Kernels(),
    "conv5": Kernels(),
    "fc6": ColwiseParallel(input_layouts=Shard(1)),  # half of the neurons, each sees the maps of both towers
    "fc7": ColwiseParallel(input_layouts=Shard(1)),
    "fc8": RowwiseParallel(),  # what each half says to the logits, summed
}


def divide_towers(net: AlexNet, mesh: DeviceMesh) -> None:
    """Put one tower of `net` on each of the mesh's two devices, in place.

    Both devices get the same pictures and give the same logits; state-dict keys and shapes stay those of the network
    on one device.

    Args:
        net: the variant "two_towers", as it is before training or with its weights loaded.
        mesh: of one dimension and two devices.

    Raises:
        ValueError: another variant, or another number of devices.
    """
    norms = [layer for layer in net if isinstance(layer, LocalResponseNorm)]
    if any(norm.towers != 2 for norm in norms):
        raise ValueError("Only the variant 'two_towers' of AlexNet can be divided: its towers normalise apart.")
    if mesh.size() != 2:
        raise ValueError(f"AlexNet has two towers for two devices, not {mesh.size()}: set tensor_parallel_size to 2.")
    parallelize_module(net, mesh, dict(PLAN))
    for norm in norms:
        norm.towers = 1
    for name, layer in list(net.named_children()):
        if isinstance(layer, nn.Dropout):
            setattr(net, name, TowerDropout(layer.p, mesh.get_local_rank()))
