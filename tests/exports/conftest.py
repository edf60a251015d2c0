"""A data folder of the test's own."""

import pytest

from loyalty_app.core.config import settings


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    monkeypatch.setattr(settings(), "data_dir", folder)
    return folder
