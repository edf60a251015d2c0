"""Run the tablet's own scripts, without a browser."""

import json
import os
import re
import subprocess
from pathlib import Path
from shutil import which
from typing import Any

from loyalty_app.counter import rules

FOLDER = Path(rules.__file__).parent
IMPORTS = re.compile(r"^import .*\n", re.MULTILINE)


def ask(scripts: tuple[str, ...], question: str, *told: object) -> Any:
    """Put scripts that need no screen one after another, and return what they answer."""
    node = which("node", path=os.pathsep.join([str(Path(".venv/bin").resolve()), os.environ.get("PATH", "")]))
    assert node, "Node comes with the environment"
    lines = [IMPORTS.sub("", (FOLDER / script).read_text()) for script in scripts]
    answer = f"await (async () => {{ {question} }})()"
    script = "\n".join([*lines, f"const told = {json.dumps(told)};", f"console.log(JSON.stringify({answer}));"])
    ran = subprocess.run(
        [node, "--input-type=module", "-"], input=script, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
