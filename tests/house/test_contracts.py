"""The import contracts hold, and each of them can fail."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from loyalty_app.core.migrations import CHECKOUT

SETTINGS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
NAMES = {contract["id"]: contract["name"] for contract in SETTINGS["tool"]["importlinter"]["contracts"]}

BREAKS = (
    ("feature", "offers/rules.py", "import loyalty_app.offers.service"),
    ("feature", "members/api.py", "import loyalty_app.members.page"),
    ("feature", "offers/helpers.py", "import datetime"),
    ("engine", "offers/rules.py", "import reflex"),
    ("engine", "audit/service.py", "import loyalty_app.ui.layout"),
    ("floors", "core/secrets.py", "import loyalty_app.audit.models"),
    ("floors", "claims/service.py", "import loyalty_app.redemptions.models"),
    ("floors", "extras/__init__.py", "import datetime"),
    ("page", "offers/page.py", "import loyalty_app.core.database"),
    ("page", "claims/page.py", "import loyalty_app.batches.service"),
    ("page", "dashboard/page.py", "import loyalty_app.batches.state"),
    ("pages", "offers/page.py", "import loyalty_app.members.page"),
)
"""A contract, and a file with a line that breaks it and no other."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    shutil.copytree(CHECKOUT / "loyalty_app", tmp_path / "loyalty_app", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_house_keeps_its_contracts(copy):
    assert broken(copy) == set()


def test_every_contract_is_seen_to_fail_below():
    assert {contract for contract, _, _ in BREAKS} == set(NAMES)


@pytest.mark.parametrize(("contract", "file", "line"), BREAKS)
def test_a_forbidden_import_breaks_its_contract_and_no_other(copy, contract, file, line):
    path = copy / "loyalty_app" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")

    assert broken(copy) == {NAMES[contract]}


def broken(folder: Path) -> set[str]:
    """Return the names of the contracts that the package in the folder breaks."""
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", checked.stdout, re.MULTILINE))
    assert verdicts.keys() == set(NAMES.values()), checked.stdout + checked.stderr
    return {name for name, verdict in verdicts.items() if verdict == "BROKEN"}
