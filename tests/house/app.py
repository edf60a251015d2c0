"""The whole program in this process, as its server loads it."""

import importlib

from loyalty_app.jobs import service as jobs

_program = importlib.import_module("loyalty_app.loyalty_app")
jobs.hand_over.clear()  # what tests make is not for the queue of this machine

app, guard = _program.app, _program.guard


def routes() -> list[str]:
    """Return the route of every page."""
    return sorted(app._unevaluated_pages)
