"""The locks name everything by version and hash, and an install in the future gives exactly what they name."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_STORED, ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from loyalty_app.core.migrations import CHECKOUT

RUNTIME, DEVELOPMENT, INSTALLER = "requirements.lock", "requirements-dev.lock", "requirements-uv.lock"
LOCKS = (RUNTIME, DEVELOPMENT, INSTALLER)
NPM_LOCK = CHECKOUT / "reflex.lock" / "package-lock.json"

BESIDE = {"pip", "setuptools", "loyalty-app"}
"""What stands in an environment beside the locked packages: what Python puts there, and this project."""
FUTURE = "9999.0"
RELEASED_SINCE = ("granian", "reflex", "sqlalchemy", "starlette", "typing-extensions", "uv")
"""Locked packages with a newer version on the index; `granian` is asked for with an extra, by `reflex`."""
SENTENCE = "Newer than the lock."


def test_each_package_has_one_version_and_hashes_and_no_address():
    for name in LOCKS:
        text = (CHECKOUT / name).read_text()

        assert all(line.lstrip().startswith(("--hash=sha256:", "#")) or "==" in line for line in text.splitlines())
        assert text.count("==") <= text.count("--hash=sha256:")
        assert not re.search(r"://|@|--(?:index|extra|find)", re.sub(r"#.*", "", text)), f"{name} holds an address"


def test_the_npm_lock_has_hashes_and_no_address():
    packages = json.loads(NPM_LOCK.read_text())["packages"]

    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert [name for name, one in packages.items() if name and "integrity" not in one] == []


def test_the_development_lock_holds_the_runtime_lock():
    runtime, development = versions(RUNTIME), versions(DEVELOPMENT)

    assert runtime.items() <= development.items()


def test_what_the_project_asks_for_is_in_its_lock():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    asked = {
        RUNTIME: project["project"]["dependencies"],
        DEVELOPMENT: project["dependency-groups"]["dev"],
        INSTALLER: project["dependency-groups"]["installer"],
    }

    for name, requirements in asked.items():
        assert [one for one in map(Requirement, requirements) if not met(one, locked(name))] == []


def test_every_extra_that_a_package_asks_for_stands_in_the_lock():
    """Or an installer looks for it among the newest releases: the fault that ended the first lock."""
    for name in (RUNTIME, DEVELOPMENT):
        lock = locked(name)
        asked = {need for one in lock.values() for need in needs(one.name, one.extras) if need.extras}

        assert asked
        assert [str(need) for need in asked if not met(need, lock)] == []


def test_an_install_in_the_future_gives_exactly_the_locked_packages_of_each_environment(project, index):
    install = partial(run, sys.executable, "install.py", cwd=project, index=index)
    right = (project / RUNTIME).read_text()

    (project / RUNTIME).write_text(re.sub(r"(segno==\S+ \\\n    --hash=sha256:)\w{8}", r"\g<1>00000000", right))
    refused = install("runtime", succeeds=False)
    assert "segno" in refused
    assert "The installation stopped, for the reason above." in refused

    (project / RUNTIME).write_text(right)
    install("runtime")
    assert installed(project / ".venv") == versions(RUNTIME, INSTALLER)

    install("development")
    assert installed(project / ".venv") == versions(DEVELOPMENT, INSTALLER)

    assert install("runtime") == "", "an environment that holds more is left as it is"
    assert installed(project / ".venv") == versions(DEVELOPMENT, INSTALLER)


def test_the_pip_that_comes_with_python_installs_the_lock_in_the_future_too(project, index):
    """Whatever its version: the pip of Python 3.11.7 and 3.12.1 was led astray by a newer release of an extra."""
    run(sys.executable, "-m", "venv", ".venv", cwd=project)
    run(".venv/bin/pip", "install", "-qq", "--require-hashes", "-r", RUNTIME, cwd=project, index=index)

    assert installed(project / ".venv") == versions(RUNTIME)


class Locked(NamedTuple):
    """A package of a lock that this machine installs."""

    name: str
    version: str
    extras: frozenset[str]


def locked(lock: str) -> dict[str, Locked]:
    """Return what a lock holds for this machine and this Python."""
    lines = [line.removesuffix("\\") for line in (CHECKOUT / lock).read_text().splitlines() if line[:1].isalnum()]
    here = [one for one in map(Requirement, lines) if not one.marker or one.marker.evaluate()]
    versions = {one.name: str(one.specifier).removeprefix("==") for one in here}
    extras = {one.name: frozenset(one.extras) for one in here}
    return {name: Locked(name, version, extras[name]) for name, version in versions.items()}


def versions(*locks: str) -> dict[str, str]:
    """Return the version of each package in some locks, without those that stand in every environment."""
    return {name: one.version for lock in locks for name, one in locked(lock).items() if name not in BESIDE}


def needs(name: str, extras: frozenset[str]) -> list[Requirement]:
    """Return what an installed package with these extras asks for on this machine."""
    asked = map(Requirement, metadata.requires(name) or [])
    return [
        one for one in asked if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in extras | {""})
    ]


def met(need: Requirement, lock: dict[str, Locked]) -> bool:
    """Return whether a lock holds the version and the extras that are asked for."""
    found = lock.get(canonicalize_name(need.name))
    return bool(
        found
        and need.specifier.contains(found.version, prereleases=True)
        and {canonicalize_name(extra) for extra in need.extras} <= {canonicalize_name(one) for one in found.extras}
    )


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an index of the locked packages, each with its real requirements and no content, and of newer ones."""
    simple = tmp_path_factory.mktemp("index")
    for one in (locked(DEVELOPMENT) | locked(INSTALLER)).values():
        folder = simple / one.name
        folder.mkdir()
        with_content = one.name == canonicalize_name("uv")  # it does the work
        make_wheel(folder, one.name, one.version, with_content=with_content)
        if one.name in RELEASED_SINCE:
            make_wheel(folder, one.name, FUTURE)
    return simple


@pytest.fixture(scope="module")
def index(wheels: Path) -> Iterator[str]:
    """Serve the index as any file server does, and return its address."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(wheels))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def project(wheels: Path, tmp_path: Path) -> Path:
    """Copy what an install reads; each hash of a lock is that of the index's file of the same version."""
    for name in ("install.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(CHECKOUT / name, tmp_path)
    (tmp_path / "loyalty_app").mkdir()
    (tmp_path / "loyalty_app" / "__init__.py").touch()
    for name in LOCKS:
        (tmp_path / name).write_text(with_hashes_of(wheels, (CHECKOUT / name).read_text()))
    return tmp_path


def with_hashes_of(wheels: Path, lock: str) -> str:
    """Return a lock with the same lines but for the hashes."""
    lines = []
    for line in lock.splitlines():
        if line[:1].isalnum():
            one = Requirement(line.removesuffix("\\"))
            version = str(one.specifier).removeprefix("==")
            files = sorted((wheels / one.name).glob(f"*-{version}-*.whl"))
            digest = hashlib.sha256(files[0].read_bytes() if files else b"not for this machine").hexdigest()
            lines.append(f"{line}\n    --hash=sha256:{digest}")
    return "\n".join(lines) + "\n"


def make_wheel(folder: Path, name: str, version: str, *, with_content: bool = False) -> None:
    """Write a wheel with the requirements of the installed package, and with its files if they are needed."""
    installed_one = metadata.distribution(name)
    stem = f"{name.replace('-', '_')}-{version}"
    described = re.sub(r"(?m)^Version: .*$", f"Version: {version}", str(installed_one.read_text("METADATA")), count=1)
    head = described.partition("\n\n")[0]
    with ZipFile(folder / f"{stem}-py3-none-any.whl", "w", ZIP_STORED) as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", f"{head}\n\n{SENTENCE}\n")
        wheel.writestr(
            f"{stem}.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        for file in (installed_one.files or []) if with_content else []:
            if ".dist-info" not in str(file):
                inside = f"{stem}.data/scripts/{file.name}" if file.parts[0] == ".." else str(file)
                wheel.write(installed_one.locate_file(file), inside)
        wheel.writestr(f"{stem}.dist-info/RECORD", "\n".join(f"{one},," for one in wheel.namelist()) + "\n")


def run(*command: str, cwd: Path, index: str = "", succeeds: bool = True) -> str:
    """Run a command as on a new machine whose package index is this one, and return what it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "VIRTUAL_ENV"))}
    settings = {"PIP_INDEX_URL": index, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"} if index else {}
    settings |= {"PIP_CACHE_DIR": str(cwd / "pip-cache"), "UV_CACHE_DIR": str(cwd / "uv-cache")}
    done = subprocess.run(command, cwd=cwd, env=kept | settings, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert (done.returncode == 0) is succeeds, said
    return said


def installed(environment: Path) -> dict[str, str]:
    """Return the version of each package in an environment that did not come with Python or with this project."""
    (site_packages,) = environment.glob("lib/python*/site-packages")
    found = {canonicalize_name(one.name): one.version for one in metadata.distributions(path=[str(site_packages)])}
    return {name: version for name, version in found.items() if name not in BESIDE}
