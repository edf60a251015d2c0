"""Reflex's own settings; ours are in `loyalty_app/core/config.py`."""

import reflex as rx

from loyalty_app.core.config import settings

config = rx.Config(
    app_name="loyalty_app",
    app_module_import="loyalty_app.loyalty_app",
    # The build replaces this address by the page's own, so that one build serves every port (ADR).
    api_url="http://localhost:8000",
    cors_allowed_origins=[settings().origin],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    # Nothing imports it: the build copies its files for the page /api/docs.
    frontend_packages=["swagger-ui-dist@5.35.0"],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
