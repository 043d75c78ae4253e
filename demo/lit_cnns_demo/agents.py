"""What agents are told of the endpoints, and how they get the pictures among the answers."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import gradio as gr

# what each parameter is, in whichever endpoint it stands
PARAMETERS = {
    "picture": "uploaded, or a data: URI; no address is fetched",
    "networks": "ids that /networks gives",
    "network": "an id that /networks gives; for /about and /diagram, a name that /lineage gives",
    "layer": "a name that /layers gives",
    "map": "its number in the layer, from 0",
    "alone": "without the picture under it",
    "order": "network, mean, active or largest; of kernels, network or colour",
    "scale": "map or layer",
    "method": "grad_cam, hires_cam, cam or saliency",
    "class_name": "a class of the network; empty, the likeliest",
    "side": "of the square, as a share of the picture's, above 0 and at most 1",
    "pictures": "the id of a set that /pictures gives; for /rerun_claim, the name of a folder",
    "number": "of the picture in its set, from 0",
    "most": "pictures, from 1 to 10,000",
    "recipe": "a name that /recipes gives, or a network's id: its own training",
    "seed": "of the run, a whole number from 0",
    "epochs": "how many are shown, from 1 to 24",
    "run": "an id that /runs gives",
    "checkpoint": "its number in the run, from 1",
    "claim": "an id that /claims gives",
    "guest": "a name that /guests gives",
    "weights": "untrained or pretrained",
}


def described(ask: Callable[..., Any], asked: Callable[..., Any]) -> str:
    """A docstring as Gradio takes it apart: what a function does, in its first paragraph, and what it is asked with.

    Args:
        ask: the function.
        asked: the same without the arguments that nobody sends.
    """
    about = " ".join((ask.__doc__ or "").split("\n\n")[0].split())
    return "\n".join([about, "Args:", *(f"{name}: {PARAMETERS[name]}" for name in signature(asked).parameters)])


def give_each_answer(demo: gr.Blocks) -> None:
    """Let the tools of a lab's MCP server give each of their answers by itself.

    Gradio's makes one text of several, with the path of a picture in place of the picture, unless the agent wants to
    hear of progress.
    """
    server: Any = demo.mcp_server_obj
    together = server._execute_tool_without_progress

    async def apart(job: Any) -> list[Any]:
        (given,) = await together(job)
        return [*given] if isinstance(given, tuple) else [given]

    server._execute_tool_without_progress = apart
