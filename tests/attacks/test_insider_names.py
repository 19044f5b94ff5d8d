"""A colleague's name, in letters of another alphabet that look the same."""

import pytest
from django.urls import reverse

from core.models import City
from tests.accounts.factories import AgentFactory, signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["\u0421\u0430mille", "Cami\u0406le", "Camille\u3164"])
def test_who_works_for_the_city_takes_no_name_that_looks_like_a_colleagues(name):
    City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042")
    AgentFactory(name="Camille")
    agathe = AgentFactory(name="Agathe", manages_agents=True)
    signed_in(agathe).post(reverse("change_name"), {"name": name})
    agathe.refresh_from_db()
    assert agathe.name == "Agathe"
