"""The page where a resident sends a dossier shows first the office that its procedure names, and chooses none."""

import pytest
from django.urls import reverse

from accounts.models import Organisation
from services.requests.actions import sending
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.procedures.written import asking, published
from tests.services.requests.made import finished, opened_office

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = "Celui de cette démarche est en premier."


@pytest.fixture
def dossier(resident):
    for name in ("Accueil des sports", "Service Scolarité"):
        opened_office(name)
    published(AgentFactory(name="Awa"), AgentFactory(name="Hugo"), asking(code="carte", office="Service Scolarité"))
    return finished(resident, aids=["carte"], versions={"carte": 1})


def test_the_office_of_the_procedure_comes_first_and_none_is_chosen(resident, dossier):
    page = signed_in(resident).get(reverse("requests:send", args=[dossier.pk])).content.decode()
    assert page.index("Service Scolarité") < page.index("Accueil des sports")
    assert FIRST in page and " checked" not in page


def test_without_a_named_office_or_once_it_closed_the_list_is_by_name(resident, dossier):
    other = finished(resident)
    assert [one.organisation.name for one in sending.offices(other)] == ["Accueil des sports", "Service Scolarité"]
    Organisation.objects.filter(name="Service Scolarité").update(receives=False)
    assert [(one.organisation.name, one.is_named) for one in sending.offices(dossier)] == [
        ("Accueil des sports", False)
    ]
    page = signed_in(resident).get(reverse("requests:send", args=[dossier.pk])).content.decode()
    assert FIRST not in page
