"""A block diagram as SVG: from the picture down to the logits, readable in light and dark."""

from collections.abc import Mapping
from dataclasses import replace
from html import escape

from lit_cnns.features.block_diagram.graph import Block, Diagram, Node, layers_of
from lit_cnns.features.block_diagram.layout import INPUT, Plan, plan
from lit_cnns.features.block_diagram.paper import BELOW, BESIDE, BOX, HEIGHT, JOIN, STYLE, Paper

__all__ = ["draw"]

PADDING, TITLE = 14, 22  # of a block's frame


def draw(diagram: Diagram, title: str) -> str:
    """The diagram as an `<svg>`: each box says its name, what it is, its output and which weight layer it is.

    Networks in towers are drawn in as many columns, whose lines cross where a layer sees the maps of all of them.
    The way around a residual block is a thick arc, or a dashed box where it is a projection. Boxes can be reached by
    the keyboard and have a `<title>` with more.

    Args:
        diagram: what `diagram` gave.
        title: what the drawing is called for those who cannot see it.
    """
    paper = Paper()
    y = _picture(paper, diagram)
    ends: dict[str, float] = {}
    apart = diagram.towers > 1
    for block in diagram.blocks:
        last = block is diagram.blocks[-1]
        if apart:
            y = _towers(paper, block.nodes[0], diagram.towers, y, first=block is diagram.blocks[0], last=last)
        else:
            y = _single(paper, block.nodes[0], y) if block.is_single else _block(paper, block, y)
        ends[block.name] = ends[block.last] = y
    beside = paper.right + 3 * BESIDE + BOX / 2
    for (listens_to, nodes), name in zip(diagram.heads.values(), diagram.heads, strict=True):
        y = max(y, _head(paper, name, nodes, beside, ends[listens_to]))
    return _svg(paper, y + 8, title)


def _svg(paper: Paper, height: float, title: str) -> str:
    left, width = paper.left - 8, paper.right - paper.left + 16
    return (
        f'<svg class="net" xmlns="http://www.w3.org/2000/svg" role="group" aria-label="{escape(title)}" '
        f'width="{width:g}" height="{height:g}" viewBox="{left:g} 0 {width:g} {height:g}"><style>{STYLE}</style>'
        f"{''.join(paper.lines)}{''.join(paper.boxes)}</svg>"
    )


def _picture(paper: Paper, diagram: Diagram) -> float:
    size = " × ".join(map(str, diagram.input_size))
    paper.boxes.append(f'<g><text class="name" x="0" y="14">picture</text><text class="shape" y="28">{size}</text></g>')
    return 34


def _single(paper: Paper, node: Node, y: float) -> float:
    paper.line(f"M0 {y:g}V{y + BELOW:g}")
    paper.box(node, 0, y + BELOW)
    return y + BELOW + HEIGHT


def _towers(paper: Paper, node: Node, towers: int, y: float, first: bool, last: bool) -> float:
    """A layer in as many boxes as there are towers; the logits are one box that all towers reach."""
    step = BOX + 4 * BESIDE
    columns = [(place - (towers - 1) / 2) * step for place in range(towers)]
    down = 2.2 * BELOW if node.apart == 1 or first else BELOW
    sources, targets = [0.0] if first else columns, [0.0] if last else columns
    for source in sources:
        for target in targets:
            straight = source == target or first
            if straight or node.apart == 1:
                kind = "" if straight or last else "cross"
                middle = y + down / 2
                bend = f"C{source:g} {middle:g} {target:g} {middle:g} {target:g} {y + down:g}"
                paper.line(f"M{source:g} {y:g}{bend}", kind)
    own = node
    if not last:
        shape, settings = (node.shape[0] // towers, *node.shape[1:]), node.settings.replace(f" {towers} groups", "")
        own = replace(node, settings=settings, shape=shape, params=node.params // towers)
    for place, target in enumerate(targets):
        paper.box(own, target, y + down, tower=f", tower {place + 1} of {towers}" if not last else "")
    return y + down + HEIGHT


def _block(paper: Paper, block: Block, y: float) -> float:
    """A block in its frame, branches side by side; the line below it starts in the middle."""
    laid = plan(block.nodes)
    step = BOX + BESIDE
    xs = {name: (place.column - laid.centre) * step for name, place in laid.places.items()}
    heights = {place.row: JOIN for place in laid.places.values()}
    heights |= {laid.places[n.name].row: HEIGHT for n in block.nodes if n.kind not in ("add", "concat")}
    top = y + BELOW + TITLE + BELOW
    tops, at = {0: top - BELOW}, top
    for row in sorted(heights):
        tops[row], at = at, at + heights[row] + BELOW
    bottom = at - BELOW + PADDING + (8 if block.count > 1 else 0)
    left = min(-laid.centre * step, 0) - BOX / 2 - PADDING
    right = (laid.columns - 1 - laid.centre) * step + BOX / 2 + PADDING + (12 if laid.ways_around else 0)
    paper.frame(_title(block), left, y + BELOW, right, bottom, _numbers(block))
    paper.line(f"M0 {y:g}V{tops[0]:g}")
    _edges(paper, block, laid, xs, tops, heights, right - PADDING)
    for node in block.nodes:
        place = laid.places[node.name]
        if node.kind in ("add", "concat"):
            paper.join(node, xs[node.name], tops[place.row] + (heights[place.row] - JOIN) / 2, place.span * step)
        else:
            around = any(
                node.name in laid.inputs[n.name] and laid.places[n.name].column < place.column
                for n in block.nodes
                if n.kind == "add"
            )
            paper.box(node, xs[node.name], tops[place.row], block.name, around=around)
    end = laid.places[block.nodes[-1].name]
    paper.line(f"M0 {tops[end.row] + heights[end.row]:g}V{bottom:g}")
    return bottom


def _title(block: Block) -> str:
    return block.name if block.count == 1 else f"{block.name} to {block.last.rpartition('_')[2]}: {block.count} ×"


def _numbers(block: Block) -> str:
    """Of all weight layers in equal blocks, of which one is drawn."""
    numbers = [node.number for node in block.nodes if node.number]
    last = max(numbers, default=0) + (block.count - 1) * layers_of(block)
    return f"{min(numbers)}–{last}" if block.count > 1 and numbers else ""


def _edges(
    paper: Paper,
    block: Block,
    laid: Plan,
    xs: dict[str, float],
    tops: dict[int, float],
    heights: Mapping[int, float],
    side: float,
) -> None:
    """The lines between the boxes of a block."""
    rows = {INPUT: 0, **{name: place.row for name, place in laid.places.items()}}
    kinds = {node.name: node.kind for node in block.nodes}
    for name, taken in laid.inputs.items():
        for one in taken:
            start = tops[0] if one == INPUT else tops[rows[one]] + heights[rows[one]]
            if one != INPUT and kinds[one] in ("add", "concat"):
                start = tops[rows[one]] + (heights[rows[one]] + JOIN) / 2
            x, target, top = (0.0 if one == INPUT else xs[one]), xs[name], tops[rows[name]]
            middle = top + heights[rows[name]] / 2
            if (one, name) in laid.ways_around:
                out = f"M{x:g} {start:g}H{side - 10:g}Q{side:g} {start:g} {side:g} {start + 10:g}"
                back = f"V{middle - 10:g}Q{side:g} {middle:g} {side - 10:g} {middle:g}H{target + JOIN / 2:g}"
                paper.line(out + back, "skip")
            elif kinds[name] == "add" and x != target:
                paper.line(f"M{x:g} {start:g}V{middle:g}H{target + JOIN / 2:g}", "skip")
            elif kinds[name] == "concat":
                paper.line(f"M{x:g} {start:g}V{middle - JOIN / 2:g}")
            else:
                half = start + BELOW / 2
                paper.line(f"M{x:g} {start:g}V{half:g}H{target:g}V{top:g}")


def _head(paper: Paper, name: str, nodes: tuple[Node, ...], x: float, y: float) -> float:
    """An auxiliary head beside the chain, from the block it listens to; where it ends."""
    paper.line(f"M0 {y + BELOW / 3:g}H{x:g}V{y + BELOW:g}")
    top = y + BELOW
    bottom = top + TITLE + len(nodes) * (HEIGHT + BELOW / 2) + PADDING
    paper.frame(name, x - BOX / 2 - PADDING, top, x + BOX / 2 + PADDING, bottom)
    for place, node in enumerate(nodes):
        at = top + TITLE + place * (HEIGHT + BELOW / 2)
        if place:
            paper.line(f"M{x:g} {at - BELOW / 2:g}V{at:g}")
        paper.box(node, x, at, name)
    return bottom
