"""The pages of the claims are what their results make, and results are judged by the rules of today."""

import json
import runpy
from pathlib import Path

import pytest

from lit_cnns import claims, papers

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = DOCS / "results" / "claims"
COMPUTED = [row for row in papers.claims()["claims"] if "computed" in row]
KEPT = sorted(place.parent.name for place in RESULTS.glob("*/results.json"))


def test_the_pages_are_what_the_results_make():
    made = runpy.run_path(str(DOCS / "claims.py"))["pages"]()
    assert {page.name for page in (DOCS / "claims").glob("*.md")} == set(made), "python docs/claims.py"
    for name, text in made.items():
        assert (DOCS / "claims" / name).read_text() == text, f"{name}: python docs/claims.py"


def test_every_claim_by_counting_has_its_results():
    assert {name for name, kind in claims.CLAIMS.items() if kind == "counting"} <= set(KEPT)


@pytest.mark.parametrize("name", KEPT)
def test_a_committed_verdict_follows_from_its_results(name):
    kept = claims.read(RESULTS / name)
    assert claims.claim(name).judge(kept["results"]) == claims.verdict_of(kept)
    assert (RESULTS / name / "figure.svg").is_file()


def test_results_are_judged_and_drawn_anew_without_a_new_measurement(tmp_path):
    (tmp_path / "results.json").write_bytes((RESULTS / "relu_6x" / "results.json").read_bytes())
    before = claims.read(tmp_path)
    (tmp_path / "results.json").write_text(json.dumps({**before, "verdict": None}))
    assert claims.renew(claims.claim("relu_6x"), tmp_path) == claims.verdict_of(before)
    assert claims.read(tmp_path) == before
    assert (tmp_path / "figure.svg").is_file()
    with pytest.raises(ValueError, match=r"There is no results\.json in"):
        claims.renew(claims.claim("relu_6x"), tmp_path / "empty")


def test_what_has_not_been_run_has_no_verdict(tmp_path):
    page = runpy.run_path(str(DOCS / "claims.py"))["page"]
    page.__globals__["RESULTS"] = tmp_path
    assert "runnable, not yet run" in page("relu_6x")
    assert "Verdict:" not in page("relu_6x")


def test_every_row_of_the_list_has_a_fair_test_or_says_why_it_has_no_command():
    for row in papers.claims()["claims"]:
        assert ("how_to_test" in row) == (row["id"] in claims.CLAIMS), row["id"]
        assert ("without_command" in row) == (row["id"] not in claims.CLAIMS), row["id"]
    index = (DOCS / "claims" / "index.md").read_text()
    assert all(row["claim"] in index for row in papers.claims()["claims"])


@pytest.mark.parametrize("row", COMPUTED, ids=[row["id"] for row in COMPUTED])
def test_what_the_list_computes_follows_from_the_counts_that_networks_are_held_to(row):
    counts = {key: {name: own[key]["total"] for name, own in papers.rows().items()} for key in ("params", "macs")}
    for name, figure in row["computed"].items():
        found = eval(figure["expr"], {"P": counts["params"], "M": counts["macs"]})
        assert found == pytest.approx(figure["value"], rel=1e-9, abs=5.1e-5), name
