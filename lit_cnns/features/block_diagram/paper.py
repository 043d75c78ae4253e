"""The paper a diagram is drawn on: boxes and lines as SVG, in colours that hold in light and dark."""

from dataclasses import dataclass, field
from html import escape

from lit_cnns.features.block_diagram.graph import Node

BOX, HEIGHT, JOIN = 138, 52, 18  # pixels: a box, and the height of a place where branches meet
BESIDE, BELOW = 14, 24

SELF_EVIDENT = ("conv", "dense", "pool", "norm", "extra")  # kinds that the words of a box do not name

# the colours are those of the page that shows it, with others for a file of its own
STYLE = """
.net { font: 11px var(--font, system-ui, sans-serif); color: var(--body-text-color, #1e293b); }
.net text { fill: currentColor; text-anchor: middle; }
.net .name { font: 700 12px var(--font-mono, ui-monospace, monospace); }
.net .shape, .net .title { fill: var(--body-text-color-subdued, #64748b); }
.net .title { text-anchor: start; paint-order: stroke; stroke: var(--body-background-fill, #fff); stroke-width: 5;
  font-family: var(--font-mono, ui-monospace, monospace); }
.net rect, .net circle { fill: var(--block-background-fill, #fff); stroke: #94a3b8; }
.net .frame { fill: none; stroke-dasharray: 3 3; stroke: #94a3b8; }
.net .conv rect { fill: color-mix(in srgb, #f97316 14%, var(--block-background-fill, #fff)); stroke: #f97316; }
.net .dense rect { fill: color-mix(in srgb, #0ea5e9 14%, var(--block-background-fill, #fff)); stroke: #0ea5e9; }
.net .pool rect { fill: color-mix(in srgb, #22c55e 12%, var(--block-background-fill, #fff)); stroke: #22c55e; }
.net .around rect { stroke-dasharray: 5 3; stroke-width: 1.5; }
.net .number { font-weight: 700; fill: var(--body-text-color-subdued, #64748b); text-anchor: end; }
.net path { fill: none; stroke: #94a3b8; stroke-width: 1.4; }
.net path.cross { stroke: #a855f7; }
.net path.skip { stroke: #f97316; stroke-width: 2; }
.net g[tabindex]:focus { outline: none; }
.net g[tabindex]:focus-visible rect { stroke-width: 3; }
"""


@dataclass
class Paper:
    """What is drawn so far; x runs from the middle line of the network."""

    left: float = 0
    right: float = 0
    lines: list[str] = field(default_factory=list)  # under the boxes
    boxes: list[str] = field(default_factory=list)

    def take(self, x: float, half: float) -> None:
        self.left, self.right = min(self.left, x - half), max(self.right, x + half)

    def line(self, path: str, kind: str = "") -> None:
        self.lines.append(f'<path class="{kind or "way"}" d="{path}"/>')

    def box(self, node: Node, x: float, y: float, block: str = "", tower: str = "", around: bool = False) -> None:
        """A module: name, what it is, output, and which weight layer."""
        self.take(x, BOX / 2)
        name = node.name.removeprefix(f"{block}.") if block else node.name
        width = str(node.shape[0]) if node.kind in ("conv", "dense") else ""
        words = [
            node.settings if node.kind in SELF_EVIDENT else f"{node.kind} {node.settings}",
            width,
        ]
        said = ", ".join(filter(None, [*words, *node.extra]))
        said = said if len(said) < 24 else ", ".join(filter(None, words))
        shape = " × ".join(map(str, node.shape))
        kind = node.kind if node.kind in ("conv", "dense", "pool") else "other"
        number = (
            f'<text class="number" x="{x + BOX / 2 - 5:g}" y="{y + 14:g}">{node.number}</text>' if node.number else ""
        )
        self.boxes.append(
            f'<g class="{kind}{" around" if around else ""}" tabindex="0" role="img" aria-label="{escape(_told(node))}'
            f'{tower}"><title>{escape(_told(node))}{tower}</title>'
            f'<rect x="{x - BOX / 2:g}" y="{y:g}" width="{BOX}" height="{HEIGHT}" rx="5"/>{number}'
            f'<text class="name" x="{x:g}" y="{y + 16:g}">{escape(name)}</text>'
            f'<text x="{x:g}" y="{y + 31:g}">{escape(said)}</text>'
            f'<text class="shape" x="{x:g}" y="{y + 45:g}">{shape}</text></g>'
        )

    def join(self, node: Node, x: float, y: float, span: float) -> None:
        """Where branches meet: a circle for a sum, a bar for a concat."""
        after = " ".join(node.extra)
        if node.kind == "add":
            mark = f'<circle cx="{x:g}" cy="{y + JOIN / 2:g}" r="{JOIN / 2}"/>'
            mark += f'<text class="name" x="{x:g}" y="{y + 13:g}">+</text>'
            words = f'<text class="shape" x="{x - 14:g}" y="{y + 13:g}" style="text-anchor:end">{escape(after)}</text>'
        else:
            width = span + BOX
            mark = f'<rect x="{x - width / 2:g}" y="{y:g}" width="{width:g}" height="{JOIN}" rx="4"/>'
            words = (
                f'<text x="{x:g}" y="{y + 13:g}">concat to {" × ".join(map(str, node.shape))} {escape(after)}</text>'
            )
        told = escape(_told(node))
        self.boxes.append(f'<g tabindex="0" role="img" aria-label="{told}"><title>{told}</title>{mark}{words}</g>')

    def frame(self, title: str, left: float, top: float, right: float, bottom: float, numbers: str = "") -> None:
        """Around what belongs together; `numbers` are those of the weight layers inside."""
        self.take((left + right) / 2, (right - left) / 2)
        self.boxes.append(
            f'<rect class="frame" x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}" rx="8"/>'
            f'<text class="title" x="{left + 8:g}" y="{top + 15:g}">{escape(title)}</text>'
            f'<text class="number" x="{right - 8:g}" y="{bottom - 6:g}">{numbers}</text>'
        )


def _told(node: Node) -> str:
    """All that is known of a node, in one line."""
    number = f"weight layer {node.number}" if node.number else ""
    params = f"{node.params:,} parameters" if node.params else ""
    shape = f"gives {' × '.join(map(str, node.shape))}"
    return ", ".join(filter(None, (f"{node.name}: {node.kind}", node.settings, *node.extra, shape, params, number)))
