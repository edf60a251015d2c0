"""The documents say what the program is: no setting, reason, command or screen is missing, and none is made up."""

import re
import tomllib
from pathlib import Path

import pytest
import typer.main

from loyalty_app.accounts.models import Role
from loyalty_app.cli import app as commands
from loyalty_app.core.config import Settings
from loyalty_app.core.languages import ENGLISH, LANGUAGES
from loyalty_app.core.migrations import CHECKOUT
from loyalty_app.core.reasons import Reason
from tests.house import app as program

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
REFERENCE = (CHECKOUT / "docs" / "reference.md").read_text(encoding="utf-8")
CHANGELOG = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
DECISIONS = sorted((CHECKOUT / "docs" / "adr").glob("*.md"))
DOCUMENTS = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")]


def table(document: str, title: str) -> set[str]:
    """Return what stands in the first column of the table below a title."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_the_readme_has_five_parts():
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "What it is",
        "Run",
        "The house",
        "Settings",
        "Decisions",
    ]


def test_every_setting_is_in_the_readme():
    assert table(README, "Settings") == {f"LOYALTY_{name.upper()}" for name in Settings.model_fields}


def test_every_screen_is_in_the_reference():
    assert {route.strip("/") for route in table(REFERENCE, "Screens")} == {
        ENGLISH.at(f"/{'' if route == 'index' else route}").strip("/") for route in program.routes()
    }


def test_every_language_is_in_the_reference():
    assert table(REFERENCE, "Languages") == {language.tag for language in LANGUAGES}


def test_every_reason_is_in_the_reference():
    assert table(REFERENCE, "Reasons") == set(Reason)


def test_every_command_is_in_the_reference():
    assert table(REFERENCE, "Commands") == set(typer.main.get_group(commands).commands)


def test_every_role_is_in_the_reference():
    assert table(REFERENCE, "Roles") == set(Role)


def test_every_decision_is_in_the_readme():
    assert {path.name for path in DECISIONS} == set(re.findall(r"\(docs/adr/([^)]+)\)", README))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_a_date_options_and_why(path):
    text = path.read_text(encoding="utf-8")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}-[a-z-]+", path.stem)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["The question", "Options", "Decision", "What follows"]
    assert text.splitlines()[2].startswith(path.stem[:10])
    assert len(text.split()) < 600, "one page"


def test_the_version_is_in_the_changelog():
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version in CHANGELOG


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_leads_somewhere(path):
    links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (Path(path).parent / link).exists()]
    assert missing == []
