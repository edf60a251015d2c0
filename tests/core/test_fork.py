"""A web process must not talk on a connection that its parent opened."""

import os
import subprocess
import sys

SCRIPT = """
import os
from loyalty_app.core import database

parents = database.connect(f"sqlite:///{os.environ['FILE']}")
with parents.connect():
    pass
child = os.fork()
if child == 0:
    os._exit(0 if database._engine is None else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_opens_its_own_connections(tmp_path):
    file = {"FILE": str(tmp_path / "fork.db")}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=os.environ | file, check=False, capture_output=True, timeout=60
    )

    assert run.returncode == 0, run.stderr.decode()
