"""A city and a resident with a full vault. All tests of aids run on one worker: the engine is loaded once."""

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from core.models import City
from tests.accounts.factories import signed_in
from tests.services.aids import people


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("aids"))


@pytest.fixture
def villebrume() -> City:
    return City.objects.update_or_create(
        pk=1, defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042"}
    )[0]


@pytest.fixture
def awa(resident: User, villebrume: City) -> Client:
    """Awa, with a full vault and the city's three aids, signed in."""
    people.full_vault(resident)
    people.local_aids()
    return signed_in(resident)
