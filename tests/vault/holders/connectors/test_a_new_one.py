"""A connector is added by one folder: a toy connector is offered and pulled (docs/connectors.md)."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vault.holders.connectors.conftest import outcomes, pulled, records
from vault.holders import connectors

pytestmark = pytest.mark.django_db(transaction=True)

TOY = """
from vault.holders.connectors.api_particulier.connector import ApiParticulier
from vault.holders.connectors.frame import Call, Dataset, Offer

DATASET = Dataset("qf", "Quotient", ("social.quotient_familial",))


class Toy(ApiParticulier):
    code = "toy"
    settings = {"url": "where it answers", "token": "the city's token", "recipient": "a SIRET"}
    offers = (
        Offer("mutuelle", "la mutuelle du Lavoir", "Essayer.", (DATASET,), "rien", "la loi"),
    )

    def calls(self, config, link):
        query = [("nomNaissance", link.person.family_name), ("prenoms[]", link.person.given_names[0])]
        yield Call("qf", "v3/dss/quotient_familial/identite", [("recipient", config["recipient"]), *query])


CONNECTOR = Toy()
"""


@pytest.fixture
def toy(holders, settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Replace the connectors' folder with a copy that has one more connector."""
    shutil.copytree(connectors.FOLDER, tmp_path / "connectors", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "connectors" / "toy"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "connector.py").write_text(TOY)
    monkeypatch.setattr(connectors, "FOLDER", folder.parent)
    monkeypatch.setattr(connectors, "__path__", [str(folder.parent)])
    settings.CONNECTORS = {**settings.CONNECTORS, "toy": settings.CONNECTORS["api_particulier"]}
    before = set(sys.modules)
    connectors.all_connectors.cache_clear()
    yield
    connectors.all_connectors.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith("vault.holders.connectors.toy"):
            del sys.modules[name]


def test_a_new_folder_is_offered_and_pulled(toy, nadia, her_browser, connected) -> None:
    assert "mutuelle" in connectors.available()
    assert "/coffre/connexions/nouvelle/mutuelle/" in her_browser.get("/coffre/connexions/").content.decode()
    assert "Quotient" in her_browser.get("/coffre/connexions/nouvelle/mutuelle/").content.decode()
    connection = pulled(connected("mutuelle", ["qf"]))
    assert outcomes(connection)["qf"]["code"] == "arrived"
    assert records(nadia, "social.quotient_familial")


def test_a_connector_without_settings_is_not_available(toy, settings) -> None:
    settings.CONNECTORS = {}
    assert connectors.available() == {}
