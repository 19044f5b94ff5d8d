import pytest

from tests.ui.pages import villebrume


@pytest.fixture
def city(db):
    city = villebrume()
    city.save()
    return city
