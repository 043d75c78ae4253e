"""The page in the visitor's language: the code speaks English, `korean.yaml` says each sentence in Korean.

Labels that stand from the start are translated in the browser, by Gradio; what is computed is translated here, by the
language that the browser asks for. A sentence of the file may have gaps, `{count} pictures`, or for figures alone,
`{low:number} to {high:number}`, so that the rooms that compute, and the errors they raise, need not know of languages.
"""

import json
import re
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from html import escape, unescape
from pathlib import Path
from typing import Any, ParamSpec

import gradio as gr
import yaml
from gradio.context import LocalContext

P = ParamSpec("P")
KOREAN: dict[str, str] = yaml.safe_load((Path(__file__).parent / "korean.yaml").read_text("utf-8"))
I18N = gr.I18n(en={english: english for english in KOREAN}, ko=KOREAN)
WRITTEN = ("label", "info", "placeholder", "value")  # what Gradio translates of a component
TEXT = re.compile(r"(?<=>)[^<>]+(?=<)|(?<=\balt=\")[^\"]+|(?<=\btitle=\")[^\"]+|(?<=\baria-label=\")[^\"]+")
MARK = re.compile(r'__i18n__(\{"__type__".*?"\})')  # how Gradio marks a text that the browser translates
GAP = re.compile(r"\\?\{(\w+)(:number)?\\?\}")  # in a sentence, or in one that is escaped for a pattern
FIGURES = r"(?:[-−+\d.,<>%\s]|(?<=\d)e)+"
NAME_LANGUAGE = """() => {
  document.documentElement.lang = navigator.language.startsWith("ko") ? "ko" : "en";
}"""


def is_korean() -> bool:
    """Whether the visitor who is being answered reads Korean before other languages."""
    request = LocalContext.request.get(None)
    return request is not None and str(request.headers.get("accept-language", "")).lower().startswith("ko")


def say(sentence: str) -> str:
    """A sentence in the visitor's language; as it is where it has no translation."""
    return in_korean(sentence) if is_korean() else sentence


def spoken(made: Callable[P, str]) -> Callable[P, str]:
    """Let a function that makes HTML say its texts, and the names of its pictures, in the visitor's language."""

    @wraps(made)
    def said(*args: P.args, **kwargs: P.kwargs) -> str:
        html = made(*args, **kwargs)
        return TEXT.sub(lambda text: escape(in_korean(unescape(text[0]))), html) if is_korean() else html

    return said


@lru_cache(4096)
def in_korean(sentence: str) -> str:
    """A sentence in Korean; one without a translation stays as it is, with the spaces around it in any case."""
    words = sentence.strip()
    if " · " in words:
        return sentence.replace(words, " · ".join(map(in_korean, words.split(" · "))))
    if found := KOREAN.get(words):
        return sentence.replace(words, found)
    for pattern, korean in _patterns():
        if match := pattern.fullmatch(words):
            parts = {name: in_korean(part) for name, part in match.groupdict().items()}
            return sentence.replace(words, korean.format(**parts))
    return sentence


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The sentences with gaps, those with most words of their own first."""
    own = {english: len(GAP.sub("", english)) for english in KOREAN if "{" in english}
    with_gaps = sorted(own, key=own.__getitem__, reverse=True)
    return [(re.compile(GAP.sub(_filled, re.escape(english)), re.DOTALL), KOREAN[english]) for english in with_gaps]


def _filled(gap: re.Match[str]) -> str:
    return f"(?P<{gap[1]}>{FIGURES if gap[2] else '.+?'})"


def translate(demo: gr.Blocks) -> None:
    """Mark what the page says from the start, so that the browser writes it in its language."""
    demo.load(None, js=NAME_LANGUAGE)
    for block in demo.blocks.values():
        for name in WRITTEN:
            text = getattr(block, name, None)
            if isinstance(text, str):
                setattr(block, name, _marked(text))
        if isinstance(block, gr.Radio):
            block.choices = [(_marked(str(words)), value) for words, value in block.choices]


def unmarked(text: str) -> str:
    """A marked text as it was before `translate`."""
    return MARK.sub(lambda mark: str(json.loads(mark[1])["key"]), text)


def _marked(text: str) -> Any:
    if text in KOREAN:
        return str(I18N(text))
    if "</" in text:  # HTML: its first sentence, since Gradio translates one
        found = (part for part in TEXT.findall(text) if part.strip() in KOREAN)
        if first := next(found, None):
            return text.replace(first, str(I18N(first.strip())), 1)
    return text
