"""Cards show exact numbers, and nothing from a file becomes HTML."""

from pathlib import Path

import pytest
import torch
from lit_cnns_demo import cards
from lit_cnns_demo.network import Entry
from lit_cnns_demo.panels import Answer, Refusal

HOSTILE = '<img src=x onerror="alert(1)">${alert(1)}'


def entry(place: str = "run/best") -> Entry:
    description = {
        "data": {"class": HOSTILE},
        "class_names": [HOSTILE],
        "preprocessing": {},
        "metrics": {"val/top1": 0.5},
    }
    return Entry('lenet"><b>', Path("best.ckpt"), (0, 0), "lenet<i>", place, description)


def answer(hint: str | None = None) -> Answer:
    seen = torch.zeros(1, 4, 4, dtype=torch.uint8)
    return Answer(
        entry(), [(HOSTILE, 0.9731), ("b", 0.0269)], 1.234, 5, 61706, 416520, [HOSTILE, "b"], HOSTILE, hint, seen
    )


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(0.97314, "97.31 %"), (0.00001, "< 0.01 %"), (0.0, "< 0.01 %"), (0.99999, "> 99.99 %"), (1.0, "> 99.99 %")],
)
def test_a_percentage_has_two_decimals_and_claims_no_certainty(probability: float, shown: str) -> None:
    assert cards.percent(probability).replace("\N{NO-BREAK SPACE}", " ") == shown


@pytest.mark.parametrize(
    ("part", "shown"),
    [(0, "0.00 %"), (1, "< 0.01 %"), (25_000, "50.00 %"), (49_999, "> 99.99 %"), (50_000, "100.00 %")],
)
def test_a_share_is_of_all_or_of_none_where_it_is_so(part: int, shown: str) -> None:
    assert cards.share(part, 50_000).replace("\N{NO-BREAK SPACE}", " ") == shown


@pytest.mark.parametrize(
    ("number", "said"),
    [(999, "999"), (61706, "61.7 thousand"), (1_235_000, "1.24 million"), (25_300_000_000, "25.3 billion")],
)
def test_counts_are_said_as_people_say_them(number: int, said: str) -> None:
    assert cards.amount(number) == said


def test_nothing_of_a_checkpoint_becomes_a_tag() -> None:
    html = cards.answers([answer(HOSTILE), Refusal(entry(HOSTILE), HOSTILE)])
    assert "<img src=x" not in html
    assert "<i>" not in html.replace('<i style="width', "")
    assert "<b>" not in html.replace("<b>1.23 ms</b>", "")
    assert cards.notice("<b>") == '<p class="lab-notice lab-note" role="status">&lt;b&gt;</p>'


def test_a_picture_outside_its_world_dims_the_bars_under_a_hint() -> None:
    assert "lab-outside" not in cards.answers([answer()])
    html = cards.answers([answer("It cannot know.")])
    assert "lab-outside" in html
    assert html.index("It cannot know.") < html.index("<ol>")


def test_the_time_comes_with_how_it_was_measured() -> None:
    assert "1.23 ms</b> on this machine's CPU, median of 5" in cards.answers([answer()])


def test_of_many_sentences_the_first_are_shown_and_the_rest_counted() -> None:
    html = cards.notices([f"<{number}>" for number in range(6)])
    assert html.count("lab-alert") == 5
    assert "&lt;3&gt;" in html
    assert "&lt;4&gt;" not in html
    assert "And 2 more" in html
    assert cards.notices([]) == ""


def test_a_card_says_of_which_split_its_accuracy_is() -> None:
    assert "val top-1 50.0" in cards.heading(entry())
