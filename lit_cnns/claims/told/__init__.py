"""As told: the checkable sentences of the text this project grew from, each with its test and its computed verdict.

`papers/told.yaml` lists the sentences. Each has a function of its name here, grouped by what it is about, and its texts
in both languages beside it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_cnns import papers

from . import alexnet, challenge, googlenet, resnet, vgg
from .finding import Check, Checked, Sources, Standing, Word
from .texts import Language, filled, page_words, text, word

__all__ = [
    "CHECKS",
    "Checked",
    "Finding",
    "Language",
    "Sources",
    "Standing",
    "Word",
    "check",
    "check_all",
    "measure_times",
    "page_words",
    "word",
]

_ROOMS = (challenge, alexnet, vgg, googlenet, resnet)
CHECKS: dict[str, Check] = {
    row["id"]: next(getattr(room, row["id"]) for room in _ROOMS if hasattr(room, row["id"]))
    for row in papers.told()["statements"]
}


@dataclass(frozen=True)
class Finding:
    """A sentence with its verdict.

    Args:
        id: of the sentence, in `papers/told.yaml`.
        word: the verdict, by the rule of `Checked.word`.
        checked: its parts and the figures they were judged by.
    """

    id: str
    word: Word
    checked: Checked

    def told(self, language: Language = "en") -> str:
        """The sentence."""
        return text(self.id)["told"][language]

    def test(self, language: Language = "en") -> str:
        """How it is tested, and by which rule its parts are judged."""
        return text(self.id)["test"][language]

    def parts(self, language: Language = "en") -> list[tuple[str, Standing]]:
        """Its parts in words, and how each stands."""
        words = text(self.id)["parts"]
        return [(words[part][language], standing) for part, standing in self.checked.standings().items()]

    def found(self, language: Language = "en") -> str:
        """What was found, with its figures."""
        return filled(text(self.id)["found"], self.checked.figures, language)

    @property
    def see(self) -> list[str]:
        """Claims that it rests on, or that say more."""
        return text(self.id)["see"]

    def as_data(self) -> dict[str, Any]:
        """The same as plain values, in both languages."""
        both: tuple[Language, Language] = ("en", "ko")
        return {
            "id": self.id,
            "word": self.word,
            "told": {language: self.told(language) for language in both},
            "test": {language: self.test(language) for language in both},
            "parts": [
                {"en": english, "ko": korean, "stands": standing}
                for (english, standing), (korean, _) in zip(self.parts("en"), self.parts("ko"), strict=True)
            ],
            "found": {language: self.found(language) for language in both},
            "see": self.see,
        }


def check(id: str, sources: Sources | None = None) -> Finding:
    """Check one sentence.

    Args:
        id: of the sentence.
        sources: what it is checked on; the real networks, the papers' data and the results that ship unless told.
    """
    found = CHECKS[id](sources or Sources())
    return Finding(id, found.word(), found)


def check_all(sources: Sources | None = None) -> list[Finding]:
    """Check every sentence, in the order of the text."""
    sources = sources or Sources()
    return [check(id, sources) for id in CHECKS]


def measure_times(folder: Path) -> dict[str, Any]:
    """Measure what the sentences on time are judged by, some minutes long, and leave it as `times.json` in a folder."""
    from .times import measure

    return measure(folder)
