"""Logging for operators: one line an event, and nothing that people typed or that opens a session."""

import logging


def set_up() -> None:
    """Send warnings and worse to the standard error stream."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
