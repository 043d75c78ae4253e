"""What makes a machine faster: bf16, which `trainer/fast` asks for, and a process that keeps its memory.

Nothing here is done on import: the command line does it, to its own process.
"""

import ctypes
import os
from pathlib import Path

KEPT = 1 << 30  # bytes: glibc's mallopt takes an int
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h


def bf16_instructions() -> str:
    """The instructions that make bf16 pay on this processor; empty where it is slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return ""
    return ", ".join(name for name in ("amx_bf16", "avx512_bf16") if name in flags)


def takes_gpu(accelerator: str) -> bool:
    """Whether a Trainer with this `accelerator` computes on an NVIDIA or AMD GPU."""
    import torch

    return accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()


def half_precision(accelerator: str) -> str:
    """What makes bf16 pay on the device that a Trainer with this `accelerator` takes; empty where nothing does."""
    import torch

    if takes_gpu(accelerator):
        return "tensor cores" if torch.cuda.is_bf16_supported(including_emulation=False) else ""
    return bf16_instructions() if accelerator in ("auto", "cpu") else ""


def keep_memory() -> bool:
    """Have this process keep the memory it frees: a step then finds its pages where the last one left them.

    By default glibc gives each large tensor back to the system, which clears its pages again a step later. Results
    stay the same; the process may hold more memory than it uses.

    Returns:
        Whether it does; only glibc can.
    """
    if "CS_GNU_LIBC_VERSION" not in os.confstr_names or not os.confstr("CS_GNU_LIBC_VERSION"):
        return False
    libc = ctypes.CDLL(None)
    return all(libc.mallopt(what, KEPT) == 1 for what in (_MMAP_THRESHOLD, _TRIM_THRESHOLD))
