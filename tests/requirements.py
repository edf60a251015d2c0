"""`python -m tests.requirements`: write docs/requirements.md, which requirement is proven by which tests."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "requirements.md"
ASKED = TESTS / "requirements.toml"


@dataclass(frozen=True)
class Asked:
    """The requirements, by document and number."""

    titles: dict[str, str]
    sentences: dict[str, str]


@dataclass(frozen=True, order=True)
class Proof:
    """A test that fails if a requirement is not met."""

    path: str
    line: int
    name: str

    @property
    def sentence(self) -> str:
        """Return the test's name as it is read."""
        return self.name.removeprefix("test_").replace("_", " ")


def asked() -> Asked:
    """Return what was asked for."""
    told = tomllib.loads(ASKED.read_text(encoding="utf-8"))
    sentences = {number: words for part in told.values() for number, words in part.items() if number != "title"}
    return Asked({name: part["title"] for name, part in told.items()}, sentences)


def proofs(folder: Path = TESTS) -> dict[str, list[Proof]]:
    """Return the tests that name each requirement."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for test in ast.walk(tree):
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef) and test.name.startswith("test_"):
                proof = Proof(path.relative_to(folder.parent).as_posix(), test.lineno, test.name)
                for number in sorted({number for mark in test.decorator_list for number in _numbers(mark)}):
                    found[number].append(proof)
    return {number: sorted(tests) for number, tests in found.items()}


def page() -> str:
    """Return the page."""
    wanted, proven = asked(), proofs()
    lines = [
        "# Requirements",
        "",
        "What was asked for, and the tests that fail without it. Written by `python -m tests.requirements`;",
        "a test compares it with the tests there are.",
    ]
    for document, title in wanted.titles.items():
        lines += ["", f"## {document}: {title}", "", "| Number | What | Proven by |", "| --- | --- | --- |"]
        for number, sentence in wanted.sentences.items():
            if number.startswith(f"{document}-"):
                links = [f"[{proof.sentence}](../{proof.path})" for proof in proven.get(number, [])]
                lines.append(f"| `{number}` | {sentence} | {' · '.join(links)} |")
    return "\n".join(lines) + "\n"


def _numbers(mark: ast.expr) -> Iterator[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
        for number in mark.args:
            if isinstance(number, ast.Constant):
                yield str(number.value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
