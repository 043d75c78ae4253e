"""Where the boxes of a block stand: rows by the longest way, columns by branch."""

from collections.abc import Sequence
from dataclasses import dataclass

from lit_cnns.features.block_diagram.graph import Node

INPUT = ""  # what comes into a block, whatever it is called


@dataclass(frozen=True)
class Place:
    """Where a node stands, in rows and columns.

    Args:
        row: from 1 on, under all it takes.
        column: from 0 on; between two columns for a join of several.
        span: columns that a concat reaches over, less one.
    """

    row: int
    column: float
    span: float = 0


@dataclass(frozen=True)
class Plan:
    """The places of a block's nodes.

    Args:
        places: by node.
        inputs: what each node takes, inside the block; `INPUT` for what comes from outside.
        columns: how many there are.
        ways_around: inputs of a sum that pass the boxes at the side: (from, to).
    """

    places: dict[str, Place]
    inputs: dict[str, tuple[str, ...]]
    columns: int
    ways_around: tuple[tuple[str, str], ...]

    @property
    def centre(self) -> float:
        """The column under which the block goes on."""
        return list(self.places.values())[-1].column


def plan(nodes: Sequence[Node]) -> Plan:
    """Find rows and columns for the nodes of a block, which stand in order of execution."""
    inside = {node.name for node in nodes}
    inputs = {
        node.name: tuple(dict.fromkeys(name if name in inside else INPUT for name in node.inputs)) or (INPUT,)
        for node in nodes
    }
    rows = {INPUT: 0}
    for name, taken in inputs.items():
        rows[name] = 1 + max(rows[one] for one in taken)
    columns = _Columns(nodes, inputs, rows)
    columns.follow(INPUT, 0)
    around = tuple(
        (one, node.name)
        for node in nodes
        if node.kind == "add"
        for one in inputs[node.name]
        if rows[node.name] - rows[one] > 1 and (one == INPUT or columns.of[one] == columns.of[node.name])
    )
    places = {name: Place(rows[name], columns.of[name], columns.spans.get(name, 0)) for name in inputs}
    return Plan(places, inputs, columns.used + 1, around)


class _Columns:
    """Gives each branch a column: the first child stands under its parent, the others beside it."""

    def __init__(self, nodes: Sequence[Node], inputs: dict[str, tuple[str, ...]], rows: dict[str, int]) -> None:
        self.kinds = {node.name: node.kind for node in nodes}
        self.inputs, self.rows = inputs, rows
        self.takers: dict[str, list[str]] = {}
        for name, taken in inputs.items():
            for one in taken:
                self.takers.setdefault(one, []).append(name)
        self.of: dict[str, float] = {}
        self.spans: dict[str, float] = {}
        self.used = 0

    def follow(self, name: str, column: float) -> int:
        """Place what takes a node's output, the last of whose inputs it is; the rightmost column that is used then."""
        rightmost = int(column)
        for place, taker in enumerate(self._in_order(name)):
            if taker in self.of or any(one != INPUT and one not in self.of for one in self.inputs[taker]):
                continue
            own = column if place == 0 else rightmost + 1
            rightmost = max(rightmost, self._put(taker, own))
        self.used = max(self.used, rightmost)
        return rightmost

    def _put(self, name: str, column: float) -> int:
        known = [self.of[one] for one in self.inputs[name] if one != INPUT]
        if self.kinds[name] == "concat":
            self.spans[name] = max(known) - min(known)
            column = (max(known) + min(known)) / 2
            takers = self.takers.get(name, [])
            self.of[name] = column
            return max(int(max(known)), self.follow(name, column if len(takers) < 2 else min(known)))
        if self.kinds[name] == "add":
            column = min(known, default=column)
        self.of[name] = column
        return max(int(max(known, default=column)), self.follow(name, column))

    def _in_order(self, name: str) -> list[str]:
        """Those that take a node's output; where they meet in a sum, the longer way first."""
        takers = self.takers.get(name, [])
        if len(takers) == 2 and all(self._next_join(taker) == "add" for taker in takers):
            return sorted(takers, key=lambda taker: -self._steps(taker))
        return takers

    def _next_join(self, name: str) -> str:
        while self.kinds[name] not in ("add", "concat") and self.takers.get(name):
            name = self.takers[name][0]
        return self.kinds[name]

    def _steps(self, name: str) -> int:
        steps = 0
        while self.kinds[name] not in ("add", "concat") and self.takers.get(name):
            name, steps = self.takers[name][0], steps + 1
        return steps
