"""What goes to the device without waiting for what that still has to do."""

from typing import Any

import torch
from torch import Tensor


def sent(values: Any, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers, or a tensor, on a device; to a GPU through pinned memory, so that the processor goes on."""
    here = torch.as_tensor(values, dtype=dtype)
    if device.type == "cuda" and not here.is_cuda:
        return here.pin_memory().to(device, non_blocking=True)
    return here.to(device)
