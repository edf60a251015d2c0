"""Build the front end once per content, so that a second start builds nothing."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from loyalty_app.core import patched
from loyalty_app.core.patched import BuildError

SOURCES = (
    "loyalty_app/**/*.py",
    "loyalty_app/**/*.jsx",
    "loyalty_app/**/*.po",
    "assets/**/*",
    "rxconfig.py",
    "reflex.lock/*",
    "requirements.lock",
)
STAMP = Path(".web") / "build.sha256"
CLIENT = Path(".web") / "build" / "client"
PACK = {".js", ".css", ".wasm", ".svg", ".html", ".json"}


def fingerprint() -> str:
    """Return one number for everything that the built pages depend on."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for source in sorted(Path().glob(pattern)):
            if source.is_file() and "external" not in source.parts:
                digest.update(f"{source.as_posix()}\0".encode() + source.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Return whether the built pages are those of the sources."""
    return STAMP.exists() and STAMP.read_text() == fingerprint()


def build() -> None:
    """Build the pages, unless they are current."""
    patched.check()
    if is_current():
        return
    STAMP.unlink(missing_ok=True)
    built = fingerprint()  # and not of what is edited meanwhile
    environment = {
        **os.environ,
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "NPM_CONFIG_OMIT_LOCKFILE_REGISTRY_RESOLVED": "true",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_AUDIT": "false",
        "SCARF_ANALYTICS": "false",  # a package's installer would tell its makers
    }
    # The Node that came with the Python packages, before any other on this machine.
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    command = [sys.executable, "-m", "reflex", "export", "--no-zip", "--frontend-only", "--loglevel", "warning"]
    locked = {file: file.read_bytes() for file in Path("reflex.lock").glob("*.json")}
    subprocess.run(command, env=environment, check=True)  # noqa: S603 - our own words
    for file, content in locked.items():  # the exporter writes the same in another order, and a checkout stays clean
        if json.loads(file.read_bytes()) == json.loads(content):
            file.write_bytes(content)
    _talk_to_the_pages_own_address()
    _put_up_the_reader()
    _compress()
    Path("requirements.txt").unlink(missing_ok=True)  # the exporter's; requirements.lock is ours
    STAMP.write_text(built)


def _talk_to_the_pages_own_address() -> None:
    # The exporter bakes in one address and port; the page knows better where it came from (ADR).
    scripts = list(CLIENT.glob("assets/reflex-env-*.js"))
    if not scripts:
        raise BuildError("The build has no script reflex-env: the framework's build has changed.")
    for script in scripts:
        replaced, count = re.subn(
            r"""([`"'])(?:http|ws)://localhost:8000(/[a-z_-]*)\1""",
            r'(globalThis.location?.origin??"http://localhost:8000")+"\2"',
            script.read_text(),
        )
        if not count:
            raise BuildError(f"{script.name} holds no address to replace: the framework's build has changed.")
        script.write_text(replaced)


def _put_up_the_reader() -> None:
    # What shows the API's description at /api/docs, served from here like all else.
    place = CLIENT / "api-docs"
    place.mkdir(exist_ok=True)
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"):
        shutil.copy(Path(".web") / "node_modules" / "swagger-ui-dist" / name, place / name)


def _compress() -> None:
    for file in CLIENT.rglob("*"):
        if file.suffix in PACK:
            file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


def dev() -> None:
    """Build and serve again after every change; open tabs reload by themselves."""
    from watchfiles import Change, DefaultFilter, run_process  # noqa: PLC0415 - only a developer needs it

    class Sources(DefaultFilter):
        def __call__(self, change: Change, path: str) -> bool:
            return "external" not in Path(path).parts and super().__call__(change, path)

    serve = f"{sys.executable} -m loyalty_app.build serve"
    run_process("loyalty_app", "assets", "rxconfig.py", target=serve, target_type="command", watch_filter=Sources())


def main(*words: str) -> None:
    """Do what was asked for; what cannot be built ends with a sentence."""
    if words == ("dev",):
        dev()
        return
    try:
        build()
    except BuildError as problem:
        sys.exit(str(problem))
    if words == ("serve",):
        os.execv(sys.executable, [sys.executable, "-m", "loyalty_app.cli", "serve"])  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
