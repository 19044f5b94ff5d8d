"""The town in which one dishonest person works: its name and telephone, in French."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.utils import translation

from core.models import City


@pytest.fixture(autouse=True)
def town(db: None) -> Iterator[None]:
    cache.clear()
    with translation.override("fr"):
        City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042", phone="01 99 00 12 34")
        yield
