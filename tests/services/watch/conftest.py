"""A resident with a full vault and the watch. These tests share the worker of the aids', which has the engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.utils import translation

from accounts.models import User
from core.models import City
from tests.services.aids import people
from tests.services.watch import made

NOW = "2025-11-20 10:00:00+01:00"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("aids"))


@pytest.fixture(autouse=True)
def november() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=True) as clock, translation.override("fr"):
        yield clock


@pytest.fixture
def villebrume(db: None) -> City:
    return City.objects.update_or_create(
        pk=1, defaults={"name": "Villebrume", "of_name": "de Villebrume", "insee": "00042"}
    )[0]


@pytest.fixture
def awa(resident: User, villebrume: City) -> User:
    """Awa, whose vault is full, with the watch on and its first check made."""
    people.full_vault(resident)
    people.local_aids()
    made.turned_on(resident)
    made.look()
    return resident
