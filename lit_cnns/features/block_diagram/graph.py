"""What a network is made of and what each part takes, read off one pass of a picture without contents."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lit_cnns.features.block_diagram.words import kind_of, maps_apart, said_with, settings_of
from lit_cnns.features.counting import bare_copy, weight_layers

__all__ = ["Block", "Diagram", "Node", "diagram"]

JOINS = {"cat": "concat", "concat": "concat", "add": "add", "__add__": "add", "__radd__": "add", "__iadd__": "add"}


@dataclass(frozen=True)
class Node:
    """A box of the diagram: a module with what follows it at once, or a place where branches meet.

    Args:
        name: the module's path; of a join, its block's name and the kind.
        kind: conv, dense, pool, norm, add, concat, or the module's class.
        settings: kernel, stride and the like, in words.
        shape: of the output for one picture, (C, H, W) or (C,).
        inputs: the names of the nodes it takes.
        number: which weight layer it is, counted on the longest way from the picture; None for the others.
        extra: what follows at once and changes no shape: BN, ReLU, dropout.
        apart: how many groups of maps it keeps apart: 1 where each output sees all maps, 0 where each sees its own.
        params: trainable parameters, those of `extra` included.
    """

    name: str
    kind: str
    settings: str
    shape: tuple[int, ...]
    inputs: tuple[str, ...]
    number: int | None = None
    extra: tuple[str, ...] = ()
    apart: int = 0
    params: int = 0


@dataclass(frozen=True)
class Block:
    """A child of the network with the nodes inside it; equal ones that follow each other are one block.

    Args:
        name: the child's.
        kind: its class.
        nodes: inside it, in order of execution.
        last: the name of the last of several equal blocks, otherwise `name`.
        count: how many equal blocks it stands for.
    """

    name: str
    kind: str
    nodes: tuple[Node, ...]
    last: str
    count: int = 1

    @property
    def is_single(self) -> bool:
        """Whether it is one module and no composition."""
        return len(self.nodes) == 1 and self.nodes[0].name == self.name


@dataclass(frozen=True)
class Diagram:
    """A network as blocks from the picture to the logits.

    Args:
        input_size: of the picture, (C, H, W).
        blocks: on the way to the logits, in order.
        heads: auxiliary heads by name, each as the name of the block it listens to and its nodes.
        towers: parts whose maps run side by side, 1 for most networks.
    """

    input_size: tuple[int, ...]
    blocks: tuple[Block, ...]
    heads: dict[str, tuple[str, tuple[Node, ...]]]
    towers: int

    @property
    def weight_layers(self) -> int:
        """The number of the last weight layer."""
        return max((n.number + _later(b) for b in self.blocks for n in b.nodes if n.number), default=0)


def diagram(net: nn.Module, input_size: Sequence[int]) -> Diagram:
    """Read a network's structure off one pass on the device `meta`; nothing is computed and `net` is not touched.

    A network that has `all_logits` shows its auxiliary heads. Layers with weights are numbered as
    `features.weight_layers` counts them.

    Args:
        net: any network, on any device.
        input_size: of a picture, (C, H, W).
    """
    bare = bare_copy(net)
    trace = _Trace(bare)
    trace.run(torch.empty(1, *input_size, device="meta", dtype=next((p.dtype for p in net.parameters()), None)))
    nodes = _folded(trace.nodes, trace.numbers, weight_layers(net))
    groups: dict[str, list[Node]] = {}
    for node in _short(nodes):
        groups.setdefault(node.name.partition(".")[0], []).append(node)
    kinds = {name: type(child).__name__ for name, child in bare.named_children()}
    blocks = [Block(name, kinds.get(name, name), tuple(inside), name) for name, inside in groups.items()]
    on_the_way, heads = _without_heads(blocks)
    towers = max((n.apart for b in on_the_way if b.is_single for n in b.nodes if n.kind == "conv"), default=1)
    return Diagram(tuple(input_size), _collapsed(on_the_way), heads, max(towers, 1))


class _Trace(TorchFunctionMode):
    """Follows tensors from module to module."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net, self.names = net, {module: name for name, module in net.named_modules()}
        self.nodes: dict[str, Node] = {}
        self.numbers: dict[str, int] = {}  # of the weight layers up to a node
        self.origins: dict[int, str] = {}
        self.kept: list[Tensor] = []  # so that no id is given twice
        self.running: list[str] = []
        self.within_leaf = False

    def run(self, picture: Tensor) -> None:
        hooks: list[Any] = []
        for module in self.net.modules():
            hooks += [module.register_forward_pre_hook(self._enter), module.register_forward_hook(self._leave)]
        with torch.no_grad(), self:
            (getattr(self.net, "all_logits", None) or self.net)(picture)
        for hook in hooks:
            hook.remove()

    def _enter(self, module: nn.Module, inputs: Any) -> None:
        self.running.append(self.names[module])
        self.within_leaf = not any(True for _ in module.children())

    def _leave(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        name = self.running.pop()
        self.within_leaf = False
        if any(True for _ in module.children()) or isinstance(module, nn.Identity):
            return
        params = sum(p.numel() for p in module.parameters())
        node = Node(name, kind_of(module), settings_of(module), tuple(output.shape[1:]), self._from(inputs))
        node = replace(node, apart=maps_apart(module), params=params, extra=said_with(module))
        self._add(node, output, self._weight(name, module))

    def _weight(self, name: str, module: nn.Module) -> int:
        """1 for a layer that is counted: neither it nor what it is part of says that it is none."""
        parts = name.split(".")
        around = [self.net.get_submodule(".".join(parts[:length])) for length in range(1, len(parts))]
        return 0 if any(weight_layers(part) == 0 for part in around) else weight_layers(module)

    def _add(self, node: Node, output: Tensor, weight: int = 0) -> None:
        self.numbers[node.name] = max((self.numbers[name] for name in node.inputs), default=0) + weight
        self.nodes[node.name] = replace(node, number=self.numbers[node.name] if weight else None)
        self._note(output, node.name)

    def _note(self, tensor: Tensor, name: str) -> None:
        self.origins[id(tensor)] = name
        self.kept.append(tensor)

    def _from(self, values: Any) -> tuple[str, ...]:
        """The nodes that the tensors among some arguments come from."""
        flat = [v for value in values for v in (value if isinstance(value, (list, tuple)) else [value])]
        return tuple(dict.fromkeys(self.origins[id(v)] for v in flat if id(v) in self.origins))

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.within_leaf or not isinstance(result, Tensor):
            return result
        sources, join = self._from(args), JOINS.get(func.__name__)
        if join and len(sources) > 1:
            place = self.running[-1] if self.running else ""
            name = f"{place}.{join}" if place else join
            while name in self.nodes:
                name += "'"
            self._add(Node(name, join, "", tuple(result.shape[1:]), sources), result)
        elif sources:
            self._note(result, sources[0])
        return result


def _folded(nodes: dict[str, Node], numbers: dict[str, int], counted: int) -> list[Node]:
    """What changes no shape goes into the box before it, where nothing else listens there."""
    listeners: dict[str, int] = {}
    for node in nodes.values():
        for name in node.inputs:
            listeners[name] = listeners.get(name, 0) + 1
    kept: dict[str, Node] = {}
    stands_for: dict[str, str] = {}
    for node in nodes.values():
        inputs = tuple(stands_for[name] for name in node.inputs)
        before = kept.get(inputs[0]) if len(inputs) == 1 else None
        if node.kind == "extra" and before and _together(before.name, node.name) and listeners[node.inputs[0]] == 1:
            extra = before.extra + node.extra
            kept[before.name] = replace(before, extra=extra, params=before.params + node.params)
            stands_for[node.name] = before.name
        else:
            number = node.number if node.number and node.number <= counted else None  # some papers leave the last out
            kept[node.name] = replace(node, inputs=inputs, number=number)
            stands_for[node.name] = node.name
    return list(kept.values())


def _together(one: str, other: str) -> bool:
    """Whether two modules are in one block, or both a block by themselves."""
    return one.partition(".")[0] == other.partition(".")[0] or ("." not in one and "." not in other)


def _short(nodes: list[Node]) -> list[Node]:
    """A part of a block that holds one box gives it its name: `inception_a.b3` for `inception_a.b3.conv`."""
    inside = Counter(node.name.rpartition(".")[0] for node in nodes)
    names = {node.name: node.name for node in nodes}
    for name in names:
        parent = name.rpartition(".")[0]
        if "." in parent and inside[parent] == 1:
            names[name] = parent
    return [replace(n, name=names[n.name], inputs=tuple(names[name] for name in n.inputs)) for n in nodes]


def _without_heads(blocks: list[Block]) -> tuple[list[Block], dict[str, tuple[str, tuple[Node, ...]]]]:
    """Part the blocks on the way to the logits from those that lead nowhere else."""
    taken = {
        name for block in blocks for node in block.nodes for name in node.inputs if name.partition(".")[0] != block.name
    }
    ends = [block for block in blocks if not {node.name for node in block.nodes} & taken]
    heads = {block.name: (block.nodes[0].inputs[0].partition(".")[0], block.nodes) for block in ends[:-1]}
    return [block for block in blocks if block.name not in heads], heads


def _collapsed(blocks: list[Block]) -> tuple[Block, ...]:
    found: list[Block] = []
    for block in blocks:
        if found and not block.is_single and _alike(found[-1]) == _alike(block):
            found[-1] = replace(found[-1], last=block.name, count=found[-1].count + 1)
        else:
            found.append(block)
    return tuple(found)


def _alike(block: Block) -> list[Any]:
    own = {node.name: place for place, node in enumerate(block.nodes)}
    return [
        (replace(node, name="", inputs=(), number=None), [own.get(name) for name in node.inputs], bool(node.number))
        for node in block.nodes
    ]


def _later(block: Block) -> int:
    """How much higher the numbers of the last of equal blocks are than the first one's."""
    return (block.count - 1) * layers_of(block)


def layers_of(block: Block) -> int:
    """Weight layers on the longest way through one of a block's equals."""
    numbers = [node.number for node in block.nodes if node.number]
    return max(numbers) - min(numbers) + 1 if numbers else 0
