"""A network as a block diagram: what its modules are, what each takes, and the drawing."""

from lit_cnns.features.block_diagram.graph import Block, Diagram, Node, diagram
from lit_cnns.features.block_diagram.svg import draw

__all__ = ["Block", "Diagram", "Node", "diagram", "draw"]
