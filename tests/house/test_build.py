"""A package whose insides this program changes or relies on is of the version that this was written for."""

import ast
import json
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from loyalty_app import build
from loyalty_app.core import patched
from loyalty_app.core.migrations import CHECKOUT
from loyalty_app.core.patched import NODE, PYTHON, BuildError
from loyalty_app.counter.parts import Camera

OURS = frozenset({"self", "cls", "archive", "bound", "notice"})
"""Names of objects of our own."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder with nothing but the lock of the Node packages."""
    (tmp_path / "reflex.lock").mkdir()
    (tmp_path / patched.NODE_LOCK).write_bytes((CHECKOUT / patched.NODE_LOCK).read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("folder")
def test_every_package_is_of_the_version_that_our_part_was_written_for():
    patched.check()


@pytest.mark.parametrize("one", PYTHON, ids=lambda one: one.package)
@pytest.mark.parametrize("found", ["9.9.9", None])
def test_another_version_of_a_package_ends_the_build_before_anything_is_written(one, found, folder, monkeypatch):
    before, known = files(folder), patched.metadata.version

    def version(package: str) -> str:
        if package != one.package:
            return known(package)
        if found is None:
            raise patched.metadata.PackageNotFoundError(package)
        return found

    monkeypatch.setattr(patched.metadata, "version", version)
    monkeypatch.setattr(build.subprocess, "run", lambda *_args, **_more: pytest.fail("it went on"))

    names(one, found or "none", ended())
    assert files(folder) == before


@pytest.mark.parametrize("one", NODE, ids=lambda one: one.package)
def test_another_version_of_a_node_package_does_too(one, folder, monkeypatch):
    lock = json.loads((folder / patched.NODE_LOCK).read_bytes())
    lock["packages"][f"node_modules/{one.package}"]["version"] = "9.9.9"
    (folder / patched.NODE_LOCK).write_text(json.dumps(lock))
    before = files(folder)
    monkeypatch.setattr(build.subprocess, "run", lambda *_args, **_more: pytest.fail("it went on"))

    names(one, "9.9.9", ended())
    assert files(folder) == before


def ended() -> str:
    with pytest.raises(SystemExit) as end:
        build.main()
    assert isinstance(end.value.code, str)
    return end.value.code


def names(one: patched.Patched, found: str, said: str) -> None:
    assert f"{one.package} {found} is here, and our part was written for {one.version}: look at " in said
    assert all(file in said for file in one.parts)


def test_a_build_that_is_current_is_looked_at_too(folder, monkeypatch):
    monkeypatch.setattr(build, "is_current", lambda: True)
    monkeypatch.setattr(patched, "PYTHON", [replace(PYTHON[0], version="0.0.1")])

    with pytest.raises(BuildError, match=r"written for 0\.0\.1"):
        build.build()


@pytest.mark.parametrize("one", [*PYTHON, *NODE], ids=lambda one: one.package)
def test_every_file_that_is_to_be_looked_at_is_there(one):
    assert [file for file in one.parts if not (CHECKOUT / file).is_file()] == []


def test_the_pages_ask_for_the_versions_of_the_node_packages():
    asked = [*import_module("rxconfig").config.frontend_packages, *Camera.create().lib_dependencies]

    assert sorted(asked) == sorted(f"{one.package}@{one.version}" for one in NODE)


def test_whoever_reaches_for_a_private_name_of_another_package_is_listed():
    listed = {file for one in PYTHON for file in one.parts}
    reaching = {
        str(file.relative_to(CHECKOUT))
        for file in (CHECKOUT / "loyalty_app").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and not (isinstance(node.value, ast.Name) and node.value.id in OURS)
        and "self._page()" not in ast.unparse(node)
    }

    assert reaching
    assert reaching <= listed


@pytest.mark.parametrize("content", [None, "const env = {}"])
def test_a_built_script_without_an_address_ends_the_build(content, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "CLIENT", tmp_path)
    (tmp_path / "assets").mkdir()
    if content is not None:
        (tmp_path / "assets" / "reflex-env-x.js").write_text(content)

    with pytest.raises(BuildError, match="the framework's build has changed"):
        build._talk_to_the_pages_own_address()


def test_the_address_in_the_built_script_becomes_the_pages_own(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "CLIENT", tmp_path)
    (tmp_path / "assets").mkdir()
    script = tmp_path / "assets" / "reflex-env-x.js"
    script.write_text('x={EVENT:"ws://localhost:8000/_event",PING:`http://localhost:8000/ping`}')

    build._talk_to_the_pages_own_address()

    own = '(globalThis.location?.origin??"http://localhost:8000")'
    assert script.read_text() == f'x={{EVENT:{own}+"/_event",PING:{own}+"/ping"}}'
