"""The versions of other packages whose files or insides this program changes or relies on.

A newer version may undo such a change without a word. So the build looks here first, and ends before it writes anything
if one of them is not the version that our part was written for. Whoever takes up another version reads the files that
are named, tries what they do, and writes the new version here.
"""

import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

NODE_LOCK = Path("reflex.lock") / "package-lock.json"


class BuildError(Exception):
    """The pages cannot be built from what is here."""


@dataclass(frozen=True)
class Patched:
    """A package, the version that our part was written for, and what we do with it in which of our files."""

    package: str
    version: str
    parts: dict[str, str]


PYTHON = (
    Patched(
        "reflex",
        "0.10.1",
        {
            "loyalty_app/build.py": "replaces the address in the built script reflex-env, and puts its lock files back",
            "loyalty_app/cli.py": "sets the variables by which it serves built pages without compiling them",
            "loyalty_app/loyalty_app.py": "reads _unevaluated_pages, and names a page's module to split its scripts",
            "loyalty_app/ui/guard.py": "lets its own events through by name, and reads the root state and its headers",
            "loyalty_app/ui/live.py": "reads _token_manager to know which tabs are open",
        },
    ),
    Patched("reflex-base", "0.10.1", {"loyalty_app/ui/guard.py": "reads which handler an event has"}),
    Patched("python-engineio", "4.15.1", {"loyalty_app/core/logs.py": "keeps its logger from writing past ours"}),
    Patched("python-socketio", "5.18.1", {"loyalty_app/core/logs.py": "keeps its logger from writing past ours"}),
)
NODE = (
    Patched(
        "swagger-ui-dist",
        "5.35.0",
        {
            "loyalty_app/build.py": "copies its script and style by name",
            "loyalty_app/api.py": "loads them",
            "rxconfig.py": "asks for this version",
        },
    ),
    Patched(
        "zxing-wasm",
        "3.1.4",
        {
            "loyalty_app/counter/decode.jsx": "loads its WebAssembly file by name",
            "loyalty_app/counter/parts.py": "asks for this version",
        },
    ),
)


def check() -> None:
    """End with a sentence if a package is of another version than our part of it was written for."""
    locked = json.loads(NODE_LOCK.read_bytes())["packages"]
    here = [(one, _installed(one.package)) for one in PYTHON]
    here += [(one, locked.get(f"node_modules/{one.package}", {}).get("version", "none")) for one in NODE]
    wrong = [
        f"{one.package} {found} is here, and our part was written for {one.version}: look at {', '.join(one.parts)}."
        for one, found in here
        if found != one.version
    ]
    if wrong:
        raise BuildError(" ".join((*wrong, "Then write the new version in loyalty_app/core/patched.py.")))


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"
