"""The import contracts hold, and each of them can fail."""

from copy import deepcopy

import grimp
import pytest
from importlinter import Contract, configuration
from importlinter.application.use_cases import read_user_options
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract

from loyalty_app.core.migrations import CHECKOUT

HOUSE = "loyalty_app"
TYPES = {"forbidden": ForbiddenContract, "independence": IndependenceContract, "layers": LayersContract}
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
def contracts() -> dict[str, Contract]:
    """Read the contracts of pyproject.toml, by id."""
    configuration.configure()
    options = read_user_options(str(CHECKOUT / "pyproject.toml"))
    return {
        one["id"]: TYPES[one["type"]](one["name"], options.session_options, one) for one in options.contracts_options
    }


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Read every import of the house once."""
    return grimp.build_graph(HOUSE, include_external_packages=True, cache_dir=None)


def test_the_house_keeps_its_contracts(imports, contracts):
    assert broken(imports, contracts) == set()


def test_every_contract_is_seen_to_fail_below(contracts):
    assert {contract for contract, _, _ in BREAKS} == contracts.keys()


@pytest.mark.parametrize(("contract", "module", "imported"), BREAKS)
def test_a_forbidden_import_breaks_its_contract_and_no_other(imports, contracts, contract, module, imported):
    importer, changed = f"{HOUSE}.{module}", deepcopy(imports)
    changed.add_module(importer)
    changed.add_module(imported, is_squashed=not imported.startswith(HOUSE))
    changed.add_import(importer=importer, imported=imported)

    assert broken(changed, contracts) == {contract}


def broken(imports: grimp.ImportGraph, contracts: dict[str, Contract]) -> set[str]:
    """Return the contracts that these imports break."""
    return {name for name, one in contracts.items() if not one.check(deepcopy(imports), verbose=False).kept}
