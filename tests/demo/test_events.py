"""What Gradio's browser half cannot do is not asked of it (see `wiring.moved`)."""

from collections import Counter
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.blocks import BlockFunction
from gradio.context import LocalContext
from gradio.state_holder import SessionState
from lit_cnns_demo import lab
from lit_cnns_demo.shelf import Shelf

Event = tuple[int | None, str]


@pytest.fixture(scope="module")
def page(runs: Path) -> SessionState:
    """A visitor's page on which every tab has been opened, with all networks."""
    shelf = Shelf([runs])
    shelf.refresh()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "Shelf", lambda folders: shelf)
        demo = lab.build([runs])
    page = SessionState(demo)
    LocalContext.blocks_config.set(page.blocks_config)
    for renderable in demo.renderables:
        renderable.apply(
            *(list(shelf.labels) if shown.elem_id == "networks" else _value(shown) for shown in renderable.inputs)
        )
    return page


def _value(shown: Any) -> Any:
    return True if isinstance(shown, gr.State) and shown.value is False else shown.value  # whether the tab is open


def listeners(page: SessionState) -> list[tuple[Event, BlockFunction]]:
    """All but those to `load`, which the browser calls one by one when the page or the columns stand."""
    return [(event, fn) for fn in page.blocks_config.fns.values() for event in fn.targets if event[1] != "load"]


def test_columns_are_made_for_each_network_in_each_tab_that_has_them(page: SessionState) -> None:
    made = Counter(fn.rendered_in._id for fn in page.blocks_config.fns.values() if fn.rendered_in)
    assert len(made) == 3
    assert min(made.values()) >= 4


def test_a_change_has_one_listener_that_waits_for_its_earlier_call(page: SessionState) -> None:
    counts = {id for id, block in page.blocks_config.blocks.items() if isinstance(block, gr.State)}
    waiting = Counter(
        event
        for event, fn in listeners(page)
        if fn.fn is not None and fn.trigger_mode == "always_last" and event[0] not in counts
    )
    assert waiting
    assert [event for event, count in waiting.items() if count > 1] == []


def test_a_render_takes_no_listener_away_from_the_rest_of_the_page(page: SessionState) -> None:
    places: dict[Event, set[Any]] = {}
    for event, fn in listeners(page):
        places.setdefault(event, set()).add(fn.rendered_in)
    assert any(place != {None} for place in places.values())
    assert [event for event, place in places.items() if len(place) > 1] == []
