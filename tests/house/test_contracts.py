"""The import contracts hold, and each of them can fail."""

from copy import deepcopy

import grimp
import pytest
from importlinter import configuration
from importlinter.application import use_cases
from importlinter.application.user_options import UserOptions

from loyalty_app.core.migrations import CHECKOUT

HOUSE = "loyalty_app"
BREAKS = (
    ("feature", "offers.rules", "loyalty_app.offers.service"),
    ("feature", "members.api", "loyalty_app.members.page"),
    ("feature", "offers.helpers", "datetime"),
    ("engine", "offers.rules", "reflex"),
    ("engine", "audit.service", "loyalty_app.ui.layout"),
    ("floors", "core.secrets", "loyalty_app.audit.models"),
    ("floors", "claims.service", "loyalty_app.redemptions.models"),
    ("floors", "extras", "datetime"),
    ("page", "offers.page", "loyalty_app.core.database"),
    ("page", "claims.page", "loyalty_app.batches.service"),
    ("page", "dashboard.page", "loyalty_app.batches.state"),
    ("pages", "offers.page", "loyalty_app.members.page"),
)
"""A contract, and a module with an import that breaks it and no other."""


@pytest.fixture(scope="module")
def options() -> UserOptions:
    configuration.configure()
    read = use_cases.read_user_options(str(CHECKOUT / "pyproject.toml"))
    use_cases._register_contract_types(read)
    return read


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Read every import of the house once."""
    return grimp.build_graph(HOUSE, include_external_packages=True, cache_dir=None)


def test_the_house_keeps_its_contracts(imports, options):
    assert broken(imports, options) == set()


def test_every_contract_is_seen_to_fail_below(options):
    assert {contract for contract, _, _ in BREAKS} == {one["id"] for one in options.contracts_options}


@pytest.mark.parametrize(("contract", "module", "imported"), BREAKS)
def test_a_forbidden_import_breaks_its_contract_and_no_other(imports, options, contract, module, imported):
    importer, changed = f"{HOUSE}.{module}", deepcopy(imports)
    changed.add_module(importer)
    changed.add_module(imported, is_squashed=not imported.startswith(HOUSE))
    changed.add_import(importer=importer, imported=imported)

    assert broken(changed, options) == {contract}


def broken(imports: grimp.ImportGraph, options: UserOptions) -> set[str]:
    """Return the contracts that these imports break."""
    names = {one["name"]: one["id"] for one in options.contracts_options}
    report = use_cases._build_report(imports, 0, options, (), show_timings=False, verbose=False)
    checked = {names[one.name]: check.kept for one, check in report.get_contracts_and_checks()}
    assert checked.keys() == set(names.values()), report.invalid_contract_options
    return {contract for contract, is_kept in checked.items() if not is_kept}
