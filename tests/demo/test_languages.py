"""What goes wrong is said in the visitor's language, too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import lit_cnns_demo
import pytest
from conftest import EXAMPLES
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from lit_cnns_demo.languages import in_korean

HANGUL, ENGLISH = re.compile("[가-힣]"), re.compile("[A-Za-z]{3,}")
NAMES = {"alexnet", "aux", "false", "network", "colour", "map", "layer"}  # as they are typed
STARTING = {"serving.py"}  # errors of the command line, which speaks English


def refusals() -> Iterator[str]:
    """Each sentence that a room of the lab raises, its gaps filled."""
    for path in sorted(Path(lit_cnns_demo.__file__).parent.glob("*.py")):
        if path.name in STARTING:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Raise(exc=ast.Call(func=ast.Name("ValueError"), args=[ast.Constant(str(sentence))])):
                    yield sentence
                case ast.Raise(exc=ast.Call(func=ast.Name("ValueError"), args=[ast.JoinedStr(parts)])):
                    yield "".join(map(filled, parts))


def filled(part: ast.expr) -> str:
    match part:
        case ast.Constant(str(words)) | ast.FormattedValue(ast.IfExp(body=ast.Constant(str(words)))):
            return words
    return "7"


def test_every_refusal_has_its_korean() -> None:
    told = [*refusals()]
    assert len(told) > 30
    korean = {sentence: in_korean(sentence) for sentence in told}
    assert not [said for said in korean.items() if set(ENGLISH.findall(said[1])) - NAMES]


@pytest.mark.parametrize("language", ["en", "ko-KR,ko;q=0.9"])
def test_an_error_comes_in_the_language_that_is_asked_for(lab: str, language: str) -> None:
    asked = Client(lab, verbose=False, analytics_enabled=False, headers={"accept-language": language})
    picture = handle_file(EXAMPLES / "chelsea.jpg")
    for networks in (["nobody"], "nobody"):  # one is refused by the lab, the other before Gradio looks at it
        with pytest.raises(AppError) as refused:
            asked.predict(picture, networks, api_name="/predict")
        assert bool(HANGUL.search(refused.value.message)) == language.startswith("ko")
        assert refused.value.title == ("오류" if language.startswith("ko") else "Error")
