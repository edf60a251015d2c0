"""A data folder of the test's own, and codes that make the same pictures every time."""

from itertools import count

import pytest

from loyalty_app.core import secrets
from loyalty_app.core.config import settings


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    monkeypatch.setattr(settings(), "data_dir", folder)
    return folder


@pytest.fixture(autouse=True)
def numbers_in_order(monkeypatch):
    """Give batches their numbers in order and not by lot: so a link, and its picture, is the same in each run."""
    monkeypatch.setattr(secrets, "new_number", count(1).__next__)
