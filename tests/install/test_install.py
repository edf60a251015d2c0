"""What cannot be installed is said in a sentence, and an environment that no longer works is made anew."""

import importlib.util
import shutil
import sys
from types import ModuleType

import pytest

from loyalty_app.core.migrations import CHECKOUT


@pytest.fixture
def install(tmp_path, monkeypatch) -> ModuleType:
    """Load install.py as it is in a new clone."""
    for name in ("install.py", "pyproject.toml", "requirements.lock", "requirements-dev.lock", "requirements-uv.lock"):
        shutil.copy(CHECKOUT / name, tmp_path)
    found = importlib.util.spec_from_file_location("install", tmp_path / "install.py")
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, "install", module)
    found.loader.exec_module(module)
    return module


def test_an_older_python_is_told_so(install, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))

    with pytest.raises(SystemExit, match=r"This needs Python 3\.11 or newer, and .* is Python 3\.9\. Name another one"):
        install.main("runtime")

    assert not install.VENV.exists()


def test_a_python_without_the_venv_module_is_told_so(install, monkeypatch, tmp_path):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ensurepip is not available'\nmkdir -p .venv\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))

    with pytest.raises(SystemExit, match=r"ensurepip is not available(.|\n)*apt-get install python3-venv"):
        install.main("runtime")

    assert not install.VENV.exists()


def test_an_environment_whose_python_is_gone_counts_as_not_installed(install):
    install.VENV.mkdir()
    install.STAMP.write_text('["anything"]')

    assert install.installed() == []


def test_a_damaged_record_of_what_is_installed_counts_as_none(install):
    install.PYTHON.parent.mkdir(parents=True)
    install.PYTHON.symlink_to(sys.executable)
    install.STAMP.write_text("[")

    assert install.installed() == []


def test_another_lock_another_folder_and_another_python_each_need_an_installation(install, monkeypatch):
    before = install.fingerprint("runtime")
    assert install.fingerprint("runtime") == before

    with (install.ROOT / "requirements.lock").open("a") as lock:
        lock.write("\n")
    changed = install.fingerprint("runtime")
    monkeypatch.setattr(install, "VENV", install.ROOT / "elsewhere")
    moved = install.fingerprint("runtime")
    monkeypatch.setattr(install, "PYTHON", install.ROOT / "python3.99")

    assert len({before, changed, moved, install.fingerprint("runtime")}) == 4
