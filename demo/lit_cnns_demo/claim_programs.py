"""What programs can ask of the claims: verdicts, results and figures, the sentences as told, and a run."""

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr

from . import verdicts
from .border import sentences
from .reruns import Reruns
from .wiring import endpoint, record, records


def claim_endpoints(reruns: Reruns) -> None:
    """Add the endpoints; the page does not show them."""
    with gr.Group(visible=False):
        door, data, many = gr.Button("API"), record("answer"), records("answers")
        name, pictures = gr.Textbox(label="claim"), gr.Textbox("", label="pictures")
    look: dict[str, Any] = {"concurrency_id": "claims"}
    endpoint(door, "claims", list_claims, (), None, many, **look)
    endpoint(door, "claim", one_claim, (), name, data, **look)
    endpoint(door, "told", list_told, (), None, many, **look)
    runs: dict[str, Any] = {"concurrency_id": "reruns", "concurrency_limit": 8}
    endpoint(door, "rerun_claim", rerun_claim, (reruns,), [name, pictures], data, **runs)


def list_claims() -> list[dict[str, Any]]:
    """The claims of the papers by their ids: statement, place, how each is checked, and its verdict so far."""
    from lit_cnns import claims

    return [
        {
            "id": id,
            "kind": kind,
            "claim": claims.statement(id)["claim"],
            "where": claims.statement(id)["where"],
            "verdict": verdicts.word_of(id),
            "needs_pictures": claims.claim(id).needs_data,
        }
        for id, kind in claims.CLAIMS.items()
    ]


def one_claim(claim: str) -> dict[str, Any]:
    """A claim with the paper's words, the rule, the verdict, the results it follows from, and the figure as an SVG."""
    from lit_cnns import claims

    with sentences():
        known = claims.claim(str(claim))  # a client may send none
    kept = claims.committed(claim)
    said = {key: claims.statement(claim).get(key) for key in ("claim", "where", "paper_says", "how_to_test")}
    more = {"kind": known.kind, "rule": known.rule, "command": claims.command(known, kept)}
    return {"id": claim, **said, **more, **_found(kept), "figure": claims.committed_figure(claim)}


def list_told() -> list[dict[str, Any]]:
    """The sentences of an introductory text, in English and Korean, each with its test, its parts and its verdict."""
    return [one.as_data() for one in verdicts.findings()]


def rerun_claim(reruns: Reruns, claim: str, pictures: str) -> Iterator[dict[str, Any]]:
    """Run a claim anew at its quick budget: how far it has come, and in the end the verdict. `pictures` is the name of
    a folder that the lab was opened with; empty, the first.
    """
    with sentences():
        for now in reruns.run(str(claim), pictures or None, threading.Event()):
            told = {"state": now.state, "ahead": now.ahead, "lines": now.lines, "steps": now.steps}
            yield {**told, "seconds": round(now.seconds, 1), **_found(now.kept), "figure": now.figure or None}


def _found(kept: dict[str, Any] | None) -> dict[str, Any]:
    word = kept["verdict"]["word"] if kept else verdicts.NOT_RUN
    sentence, results = (kept["verdict"]["sentence"], kept["results"]) if kept else (None, None)
    return {"verdict": word, "finding": sentence, "results": results}
