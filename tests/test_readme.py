"""What the documents tell a reader to type is typed here."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
KOREAN = ROOT / "README.ko.md"
DOCUMENTS = [README, KOREAN, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


class Block(NamedTuple):
    language: str
    slow: bool
    text: str


def blocks(document: Path) -> list[Block]:
    found = re.findall(r"^```(bash|python)( no-test)?\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    return [Block(language, bool(tag), text) for language, tag, text in found]


def follow(found: list[Block], folder: Path, environ: dict[str, str]) -> None:
    """Type the blocks one after another, as a reader of the whole document would."""
    for number, block in enumerate(found, 1):
        script = folder / f"block{number}.{'sh' if block.language == 'bash' else 'py'}"
        script.write_text(f"set -e\n{block.text}" if block.language == "bash" else block.text)
        command = ["bash" if block.language == "bash" else "python", script.name]
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, f"{block.text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def documents_with(slow: bool) -> list[Path]:
    others = [path for path in DOCUMENTS if path != KOREAN]  # its blocks are the English one's
    return [path for path in others if any(block.slow == slow for block in blocks(path))]


TYPED_QUICKLY = ("README.md", "CONTRIBUTING.md")  # the slow job types the others


@pytest.mark.parametrize(
    "document",
    [
        path if path.name in TYPED_QUICKLY else pytest.param(path, marks=pytest.mark.slow)
        for path in documents_with(slow=False)
    ],
    ids=lambda path: path.name,
)
def test_the_commands_of_a_document_work_in_an_empty_folder(document, tmp_path, active):
    follow([block for block in blocks(document) if not block.slow], tmp_path, active)


@pytest.mark.slow
@pytest.mark.parametrize(
    "document", [path for path in documents_with(slow=True) if path != README], ids=lambda path: path.name
)
def test_the_long_commands_of_a_document_work_in_an_empty_folder(document, tmp_path, active):
    follow([block for block in blocks(document) if block.slow], tmp_path, active)


@pytest.mark.slow
def test_the_installations_of_the_readme_work_in_a_clone(tmp_path, fresh_environment):
    clone = tmp_path / "lit-cnns"
    ours = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, ours.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    (clone / ".venv").symlink_to(fresh_environment.folder)
    follow([block for block in blocks(README) if block.slow], clone, fresh_environment.environ())
    assert len(list((clone / "runs").glob("*_digits/version_0/checkpoints/best*.ckpt"))) >= 5


def test_the_table_of_the_lineage_in_the_readme_is_what_the_papers_say():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from lineage_table import READMES, written_into
    finally:
        sys.path.pop(0)
    assert {*READMES} == {README, KOREAN}
    for readme, words in READMES.items():
        text = readme.read_text()
        assert written_into(text, words) == text, f"python docs/lineage_table.py writes {readme.name}"


def shape(readme: Path) -> dict[str, list]:
    """What a translation does not change."""
    text = readme.read_text()
    prose = re.sub(r"^```.*?^```|^\|.*?$", "", text, flags=re.MULTILINE | re.DOTALL)
    links = [target for target in re.findall(r"\]\(([^)]+)\)", text) if target not in (README.name, KOREAN.name)]
    return {
        "blocks": blocks(readme),
        "headings": re.findall(r"^(#+) ", prose, re.MULTILINE),
        "points": re.findall(r"^- \[?", prose, re.MULTILINE),
        "links": links,
        "code": sorted({*re.findall(r"`([^`\n]+)`", prose)}),
    }


def test_the_korean_readme_says_what_the_english_one_says():
    english, korean = shape(README), shape(KOREAN)
    for part, own in english.items():
        assert korean[part] == own, part
    assert len(re.findall("[가-힣]", KOREAN.read_text())) > 1000


def test_the_readmes_lead_to_each_other():
    assert f"]({KOREAN.name})" in README.read_text()
    assert f"]({README.name})" in KOREAN.read_text()


def test_the_readme_stays_short():
    assert len(README.read_text().splitlines()) <= 140


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_is_there(document):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target
