"""What the layers of a network put out: their names and shapes, and the maps for one picture."""

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LayerInfo:
    """One layer of a network.

    Args:
        name: The module's path, which in this project is the paper's name (`conv1`, `inception_4a.b3`).
        kind: The module's class, `Conv2d` for instance.
        shape: The output for one image: `(channels, height, width)` for maps, `(units,)` for a fully connected layer.
    """

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def has_maps(self) -> bool:
        """Whether the output can be drawn: maps, or a vector taken as maps of one point."""
        return len(self.shape) in (1, 3)


@contextmanager
def exclusive(net: nn.Module) -> Iterator[nn.Module]:
    """Hold `net` for one thread, in eval mode, and give every module its own mode back afterwards."""
    with _lock_of(net):
        modes = {module: module.training for module in net.modules()}
        if any(modes.values()):
            net.eval()
        try:
            yield net
        finally:
            for module, training in modes.items():
                if module.training != training:  # setting it takes longer than asking
                    module.training = training


@contextmanager
def capture(net: nn.Module, names: Iterable[str], inputs: bool = False) -> Iterator[dict[str, Tensor]]:
    """Keep what the named layers put out while the block runs, or what they are given.

    The network is in eval mode inside, other threads wait for it, and no hook stays behind. A tensor is a copy, so that
    a later in-place operation does not reach it; of a layer that runs twice, the last output is kept. A layer that
    gives something else than a tensor, or was not reached, is left out with a warning.

    Args:
        net: Any network. A compiled one does not run hooks: pass the module that was compiled.
        names: Module paths, as `layers` lists them.
        inputs: Keep the first thing that each layer is given, not what it makes of it.

    Raises:
        ValueError: for a name that `net` does not have.
    """
    known = _named(net)
    modules = {name: _find(net, name, known) for name in names}
    maps: dict[str, Tensor] = {}
    silent = set(modules)
    with exclusive(net):
        handles = [_watch(module, _keep(name, maps, silent), inputs) for name, module in modules.items()]
        try:
            yield maps
        finally:
            for handle in handles:
                handle.remove()
    for name in sorted(silent):
        warnings.warn(f"Layer '{name}' was not reached, so there is nothing to show of it.", stacklevel=3)


def layers(net: nn.Module, input_size: tuple[int, int, int]) -> list[LayerInfo]:
    """List the layers that one image of `input_size` (channels, height, width) passes, blocks before their parts.

    What is not reached in eval mode (the auxiliary heads) and what does not give a tensor is not listed.
    """
    started: dict[nn.Module, None] = {}
    shapes: dict[nn.Module, tuple[int, ...]] = {}

    def start(module: nn.Module, _: Any) -> None:
        started.setdefault(module)

    def finish(module: nn.Module, _: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            shapes[module] = tuple(output.shape[1:])

    names = {module: name for name, module in net.named_modules() if name}
    with exclusive(net), torch.inference_mode():
        handles = [hook for module in names for hook in _both_hooks(module, start, finish)]
        try:
            net(_blank(net, input_size))
        finally:
            for handle in handles:
                handle.remove()
    return [LayerInfo(names[m], type(m).__name__, shapes[m]) for m in started if m in shapes]


_locks: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_locks_lock = threading.Lock()


def _lock_of(net: nn.Module) -> threading.RLock:
    with _locks_lock:
        return _locks.setdefault(net, threading.RLock())


def _watch(module: nn.Module, keep: Callable[[Any], None], inputs: bool) -> Any:
    if inputs:
        return module.register_forward_pre_hook(lambda _module, given: keep(given[0]))
    return module.register_forward_hook(lambda _module, _given, output: keep(output))


def _keep(name: str, maps: dict[str, Tensor], silent: set[str]) -> Callable[[Any], None]:
    def keep(value: Any) -> None:
        silent.discard(name)
        if isinstance(value, Tensor):
            maps[name] = value.detach().clone()
        else:
            warnings.warn(f"Layer '{name}' gives a {type(value).__name__}, not maps, and is left out.", stacklevel=2)

    return keep


def _both_hooks(module: nn.Module, start: Callable[..., None], finish: Callable[..., None]) -> list[Any]:
    return [module.register_forward_pre_hook(start), module.register_forward_hook(finish)]


def _named(net: nn.Module) -> dict[str, nn.Module]:
    return {path: module for path, module in net.named_modules(remove_duplicate=False) if path}


def _find(net: nn.Module, name: str, known: dict[str, nn.Module] | None = None) -> nn.Module:
    known = known or _named(net)
    if name not in known:
        close = get_close_matches(name, known, n=3) or list(known)[:8]
        raise ValueError(f"{type(net).__name__} has no layer '{name}'. Near it: {', '.join(close)}.")
    return known[name]


def _blank(net: nn.Module, input_size: tuple[int, int, int]) -> Tensor:
    first = next(net.parameters(), torch.empty(0))
    return torch.zeros(1, *input_size, device=first.device, dtype=first.dtype)
