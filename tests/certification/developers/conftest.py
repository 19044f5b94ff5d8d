import pytest
from django.utils import timezone

from accounts.models import PublisherRole
from certification.access.actions import clients
from certification.access.enums import Environment
from certification.developers import personas
from certification.developers.actions import personas as actions
from tests.accounts.factories import signed_in
from tests.certification.access.program import BACK, program
from tests.certification.made import filled, labelled, member, service

PLAYED = {"elodie", "gaelle", "tess"}


@pytest.fixture
def developer(house):
    return member(house, PublisherRole.DEVELOPER)


@pytest.fixture
def theirs(developer):
    """The developer's browser."""
    return signed_in(developer)


@pytest.fixture
def played(db):
    """Three personas, with their vaults."""
    return actions.seed(timezone.localdate(), [one for one in personas.everyone() if one.slug in PLAYED])


@pytest.fixture
def request_of_one(owner, one):
    """A request under way, for a service without a label."""
    return filled(owner, one)


@pytest.fixture
def tried(request_of_one, developer):
    """A test program of the service, with its secret."""
    service = request_of_one.service
    return clients.register(service=service, by=developer, environment=Environment.TEST, redirect_uris=[BACK])


@pytest.fixture
def session(tried):
    return program(*tried)


@pytest.fixture
def granted_label_of_another(owner, house):
    return labelled(owner, service(owner, house, "Un autre service"))
