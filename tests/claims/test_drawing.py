"""Figures: every claim's is drawn, and what is marked in them is where it belongs."""

import dataclasses
import math
from pathlib import Path

import pytest

from lit_cnns import claims
from lit_cnns.claims import curves
from lit_cnns.claims.arms import Run
from lit_cnns.claims.drawing import PAPER, new_figure, styled

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "claims"


def made_results(id: str) -> dict:
    """Invented runs of a claim by training: each arm a little worse than the one before."""
    claim = claims.claim(id)
    scale = claim.scales["quick"]
    runs = []
    for place, arm in enumerate(claim.arms):
        for seed in range(3):
            errors = [80 * (0.7 + 0.05 * place) ** epoch + seed for epoch in range(1, 11)]
            curve = [
                {"epoch": epoch, "step": 10 * epoch, "train_loss": e / 40, "train_error": e, "held_error": e}
                for epoch, e in enumerate(errors, 1)
            ]
            runs.append(dataclasses.asdict(Run(arm.name, 0.1, seed, curve, 30.0 + place + 0.1 * seed, 1.0)))
    return {"data": "invented", "scale": dataclasses.asdict(scale), "tuning": [], "runs": runs}


@pytest.mark.parametrize("id", [id for id, kind in claims.CLAIMS.items() if kind == "training"])
def test_a_claim_by_training_draws_its_arms_and_the_papers_effect(id, tmp_path):
    claim, results = claims.claim(id), made_results(id)
    claims.draw(claim, results, tmp_path)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    figure = new_figure()
    claim.draw(results, figure)
    left, *others = figure.axes
    assert len([line for line in left.lines if len(line.get_xdata()) == 10]) == 3 * len(claim.arms)
    for axes, measure in zip(others, claim.measures, strict=True):
        assert [tick.get_text().split("\n")[0] for tick in axes.get_xticklabels()] == [arm.name for arm in claim.arms]
        assert len([line for line in axes.lines if line.get_color() == PAPER]) == len(measure.paper)
        assert axes.get_ylabel().replace("\n", " ") == measure.label


def test_the_papers_effect_is_marked_from_the_mean_of_the_other_arm():
    figure = new_figure()
    (axes,) = [figure.add_subplot()]
    marks = [
        curves.PaperEffect("b", "a", times=6, source="the moon"),
        curves.PaperEffect("c", "a", plus=-0.5, source="the moon"),
    ]
    values = {"a": [2.0, 4.0], "b": [5.0, math.inf], "c": [2.0, 2.5]}
    curves.draw_arms(axes, curves.Judged(values, "epochs", marks))
    heights = [line.get_ydata()[0] for line in axes.lines if line.get_color() == PAPER]
    assert heights == [18.0, 2.5]
    names = [tick.get_text() for tick in axes.get_xticklabels()]
    assert names == ["a", "b\n1 of 2 never\npaper: x 6", "c\npaper: -0.5"]
    assert "the moon" in axes.get_xlabel()


@pytest.mark.parametrize(("values", "from_zero"), [([30.0, 31.0], False), ([5.0, 20.0], True)])
def test_small_differences_are_not_lost_above_a_zero(values, from_zero):
    axes = new_figure().add_subplot()
    curves.draw_arms(axes, curves.Judged({"a": values}, "error, %"))
    assert (axes.get_ylim()[0] == 0) == from_zero
    assert axes.get_ylim()[1] > max(values)


@pytest.mark.parametrize("name", sorted(place.parent.name for place in RESULTS.glob("*/results.json")))
def test_a_committed_figure_is_drawn_from_its_results(name, tmp_path):
    kept = claims.read(RESULTS / name)
    claims.draw(claims.claim(name), kept["results"], tmp_path)
    assert "<svg" in (tmp_path / "figure.svg").read_text()
    assert (RESULTS / name / "figure.svg").is_file()


def test_a_figure_has_the_statement_and_the_verdict_as_its_title(tmp_path, monkeypatch):
    titles = []
    usual = new_figure
    monkeypatch.setattr("lit_cnns.claims.drawing.new_figure", lambda title: titles.append(title) or usual(title))
    claims.draw(claims.claim("googlenet_12x"), {"AlexNet": 60, "GoogLeNet": 7}, tmp_path)
    assert titles == ["GoogLeNet has 12 times fewer parameters than AlexNet\nVerdict: holds in direction"]


def test_the_style_is_left_behind():
    from matplotlib import rcParams

    before = dict(rcParams)
    with styled():
        assert rcParams["legend.frameon"] is False
    assert dict(rcParams) == before


@pytest.mark.parametrize(("times", "scale"), [(2, "linear"), (14, "log")])
def test_a_distant_mark_of_the_paper_does_not_press_the_runs_together(times, scale):
    axes = new_figure().add_subplot()
    mark = curves.PaperEffect("b", "a", times=times, source="the moon")
    curves.draw_arms(axes, curves.Judged({"a": [100.0, 110.0], "b": [120.0, 140.0]}, "steps", [mark]))
    assert axes.get_yscale() == scale
