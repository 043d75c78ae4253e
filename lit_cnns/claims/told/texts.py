"""The sentences, their tests and findings in English and Korean; figures are the same in both."""

import functools
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from lit_cnns import papers

from ..judging import Interval

Language = Literal["en", "ko"]
FILES = ("challenge", "alexnet", "vgg", "googlenet", "resnet")


@functools.cache
def _read(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8"), Loader=loader)


@functools.cache
def text(id: str) -> dict[str, Any]:
    """What is said of a sentence: `told`, `test`, its `parts`, lines of what is `found`, and claims to `see`."""
    row = next(row for file in FILES for known, row in _read(file).items() if known == id)
    told = next(row["told"] for row in papers.told()["statements"] if row["id"] == id)
    return {"see": [], **row, "told": {"en": told, "ko": row["ko"]}}


def word(name: str, language: Language = "en") -> str:
    """A verdict, or how a part stands, in a language."""
    return _read("words")["verdicts"][name][language]


def page_words(language: Language = "en") -> dict[str, str]:
    """What a page on all sentences says around them."""
    return _read("words")["page"][language]


class _Filled(string.Formatter):
    """Fills gaps with figures: numbers by their form, lists item by item, words and intervals in the language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, form: str) -> str:
        known = _read("words")
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if isinstance(value, list | tuple):
            items = [self.format_field(item, form) for item in value]
            value = ("; " if any("," in item for item in items) else ", ").join(items) or "none"
        if isinstance(value, Interval):
            return known["interval"][self.language].format(**vars(value))
        if isinstance(value, str):
            return known["figures"].get(value, {self.language: value})[self.language]
        return str(super().format_field(value, form))


def filled(lines: list[dict[Language, str]], figures: Mapping[str, Any], language: Language) -> str:
    """The lines whose figures are all known, as one text."""
    form, known = _Filled(language), {name for name, value in figures.items() if value is not None}
    parsed = [(line[language], {name for _, name, _, _ in form.parse(line[language]) if name}) for line in lines]
    return " ".join(form.vformat(line, (), figures) for line, gaps in parsed if gaps <= known)
