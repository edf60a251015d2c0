"""The journeys know every page."""

from tests.house.app import routes
from tests.journeys.routes import ROUTES


def test_the_journeys_visit_every_page():
    assert sorted(ROUTES) == routes()
