"""A proposal of one manager that closes the page of decisions to the others."""

import pytest
from django.urls import reverse

from accounts.models import CityDecision
from core.models import City
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification import made
from vault.records.content import holder_catalogue
from vault.records.models import Holder

pytestmark = pytest.mark.django_db


def test_a_proposal_of_one_manager_leaves_the_page_of_decisions_to_the_others():
    City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042")
    holder_catalogue.load()
    manager, camille = (AgentFactory(manages_agents=True) for _ in range(2))
    house = made.publisher()
    one = made.service(made.member(house), house)
    form = {"holder": Holder.objects.get(code="dgfip").pk, "service": one.pk, "types": ["fiscal.avis_ir"]}
    signed_in(manager).post(reverse("admin:holders_sender_add"), form | {"rhythm": "daily", "public_key": ""})
    [asked] = CityDecision.objects.all()
    browser = signed_in(camille)
    browser.raise_request_exception = False
    assert browser.get(reverse("city_decision", args=[asked.pk])).status_code == 200
