"""What goes wrong is said in the visitor's language, too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import lit_cnns_demo
import pytest
import torch
from browser import open_page
from conftest import EXAMPLES
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from lit_cnns_demo import languages, layer_cards, reason_cards, reasons
from lit_cnns_demo.facts import bare
from lit_cnns_demo.languages import KOREAN, in_korean
from lit_cnns_demo.shelf import Shelf
from lit_cnns_demo.worlds import SETS, world
from playwright.sync_api import expect
from torch import nn

from lit_cnns import claims, features, papers
from lit_cnns.claims import drawing, small_pictures, towers_specialise
from lit_cnns.claims.arms import Run
from lit_cnns.data import layout, pictures, read_image

HANGUL, ENGLISH = re.compile("[가-힣]"), re.compile("[A-Za-z]{3,}")
NAMES = {"alexnet", "aux", "false", "network", "colour", "map", "layer", "net"}  # as they are typed
NAMES |= {"CAM", "Grad", "claim", "models", "lit", "cnns", "CIFAR", "matplotlib", "pip", "install", "docs"}
NAMES |= {"claims", "train", "test", "data", "root", "budget"}
ERRORS = {"ValueError", "ImageError"}
STARTING = {"serving.py"}  # errors of the command line, which speaks English
ROOMS = [path for room in (lit_cnns_demo, features) for path in sorted(Path(room.__file__).parent.glob("*.py"))]
DOORS = [Path(room.__file__) for room in (claims, papers)]
# what a run of a claim may end with: of its pictures, and of drawing
DOORS += [Path(room.__file__) for room in (small_pictures, towers_specialise, drawing, layout, pictures)]
HINTS = [
    "did you mean 7, 8?",
    "docs/data.md shows the layout expected.",
    "`lit-cnns claim` lists all.",
    "`lit-cnns models` lists all.",
]
UNTRANSLATED = [
    "handwritten digits 0 to 9 of the picture",
    "the grid of conv1 and the alpha of the response normalisation",
    "12 of these, which do not add up to 9",
    "Knows nothing of 3 to 5 things.",
]


def english(sentence: str) -> set[str]:
    return set(ENGLISH.findall(sentence)) - NAMES


def refusals() -> Iterator[str]:
    """Each sentence that is raised by a room of the lab or one whose errors it shows, its gaps filled."""
    for path in (path for path in (*ROOMS, *DOORS) if path.name not in STARTING):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name(kind), args=[ast.Constant(str(sentence))])) if kind in ERRORS:
                    yield sentence
                case ast.Raise(exc=ast.Call(func=ast.Name(kind), args=[ast.JoinedStr(parts)])) if kind in ERRORS:
                    yield "".join(map(filled, parts))


def filled(part: ast.expr) -> str:
    match part:
        case ast.Constant(str(words)) | ast.FormattedValue(ast.IfExp(body=ast.Constant(str(words)))):
            return words
    return "7"


def test_every_refusal_has_its_korean() -> None:
    told = [*refusals(), *HINTS]
    assert len(told) > 50
    korean = {sentence: in_korean(sentence) for sentence in told}
    assert not [said for said in korean.items() if english(said[1]) or not HANGUL.search(said[1])]


@pytest.mark.parametrize("name", SETS)
def test_what_a_network_knows_has_its_korean(name: str) -> None:
    names = SETS[name].class_names
    said = in_korean(world({"class_names": names, "data": {"class": name}}))
    assert HANGUL.search(said)
    assert not english(said) - english(" ".join(names))


def test_what_departs_from_a_paper_has_its_korean_as_a_whole() -> None:
    departures = {bare(name).departure() for name in papers.rows()} - {""}
    assert departures <= {*KOREAN}


@pytest.mark.parametrize("id", claims.CLAIMS)
def test_what_was_found_has_its_korean(id: str) -> None:
    if kept := claims.committed(id):
        said = in_korean(claims.verdict_of(kept).sentence)
        assert HANGUL.search(said)
        assert "interval" not in said


@pytest.mark.parametrize("id", ["relu_6x", "bn_speed", "dropout_iterations"])
def test_runs_that_never_got_there_and_runs_without_spread_are_told_in_korean(id: str) -> None:
    points = [{"epoch": 1.0, "step": 9.0, "train_error": 90.0, "held_error": 90.0}]
    runs = {arm.name: [Run(arm.name, 0.1, seed, points, 90.0, 1.0) for seed in (0, 1)] for arm in claims.claim(id).arms}
    said = in_korean(claims.claim(id).decide(runs).sentence)
    assert "학습 2번 중 2번은" in said
    assert "구간 없음" in said
    assert not english(said) & {"runs", "never", "interval", "with", "without"}


@pytest.mark.parametrize("sentence", UNTRANSLATED)
def test_a_sentence_without_a_translation_stays_whole(sentence: str) -> None:
    assert in_korean(sentence) == sentence


def test_figures_are_told_in_korean() -> None:
    assert in_korean("95.2 to 97.1") == "95.2 ~ 97.1"
    assert in_korean("1,200 of 2,000") == "2,000 중 1,200"
    assert in_korean("< 0.01 % (0.00 % to 0.02 %)") == "< 0.01 % (0.00 % ~ 0.02 %)"


def test_the_captions_of_reasons_have_their_korean(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf([runs])
    shelf.refresh()
    network = next(shelf.network(entry) for entry in shelf.entries if entry.name == "resnet20_cifar")
    picture = read_image(EXAMPLES / "chelsea.jpg")
    *_, slid = reasons.hide(network, picture, share=0.5)
    monkeypatch.setattr(languages, "is_korean", lambda: True)
    shown = reason_cards.heat_figure(slid, None) + reason_cards.projection_figure(
        reasons.project(network, picture, "conv1", 3), None
    )
    left = english(re.sub("<[^>]*>", " ", shown)) - english(" ".join(network.class_names))
    assert not left - {"conv"}


def test_a_share_near_none_or_all_leaves_its_sentence_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "is_korean", lambda: True)
    maps = torch.tensor([0.1, 1, 0.1])[:, None, None].expand(3, 2, 2)
    said = layer_cards.lateral(features.inhibition(nn.LocalResponseNorm(3, alpha=1e-4, k=2.0), maps, 1))
    assert "이웃이 조용했다면 나왔을 값에서 &lt; 0.01\N{NO-BREAK SPACE}%" in said
    assert "이 맵이 없으면 &lt; 0.01" in said
    assert not english(re.sub("<[^>]*>|&lt;", " ", said))


@pytest.mark.browser
def test_an_example_leaves_the_pictures_label_in_korean(chromium: str, lab: str) -> None:
    with open_page(chromium, language="ko-KR") as page:
        page.goto(lab, wait_until="load")
        label = page.locator("#picture label").first
        expect(label).to_have_text("사진")
        page.locator('#examples img[alt="chelsea"]').click()
        page.locator("#picture img").wait_for()
        page.locator("#answers .lab-card").first.wait_for()
        expect(label).to_have_text("사진")


@pytest.mark.parametrize("language", ["en", "ko-KR,ko;q=0.9"])
def test_an_error_comes_in_the_language_that_is_asked_for(lab: str, language: str) -> None:
    asked = Client(lab, verbose=False, analytics_enabled=False, headers={"accept-language": language})
    picture = handle_file(EXAMPLES / "chelsea.jpg")
    for networks in (["nobody"], "nobody"):  # one is refused by the lab, the other before Gradio looks at it
        with pytest.raises(AppError) as refused:
            asked.predict(picture, networks, api_name="/predict")
        assert bool(HANGUL.search(refused.value.message)) == language.startswith("ko")
        assert refused.value.title == ("오류" if language.startswith("ko") else "Error")
