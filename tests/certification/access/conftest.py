import pytest

from accounts.models import PublisherRole
from certification.access.actions import clients
from certification.access.enums import Environment
from certification.labels.actions import labels, requests
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.access.program import BACK, program
from tests.certification.made import ORDINARY, asked, filled, labelled, member, reviewed, service
from tests.vault.made import add_signed_notice


@pytest.fixture
def developer(house):
    return member(house, PublisherRole.DEVELOPER)


@pytest.fixture
def registered(label, developer):
    return clients.register(service=label.service, by=developer, environment=Environment.LIVE, redirect_uris=[BACK])


@pytest.fixture
def client_of_service(registered):
    return registered[0]


@pytest.fixture
def session(registered):
    return program(*registered)


@pytest.fixture
def tenant(resident):
    """A resident with a tax notice in their vault."""
    add_signed_notice(resident)
    return resident


@pytest.fixture
def browser(tenant):
    return signed_in(tenant)


@pytest.fixture
def granted_label(owner, house):
    """Return a function that grants a label for the usual two fields and some more, and kinds of papers."""

    def grant(*fields, papers=(), name="Plus Juste", **purpose):
        request = filled(owner, service(owner, house, name), **purpose)
        wanted = request.purposes.get()
        for field in fields:
            asked(wanted, owner, field)
        for kind, required in papers:
            requests.ask_paper(
                purpose=wanted, by=owner, kind=kind, required=required, why="Pour voir.", why_en="To see."
            )
        instructor = AgentFactory()
        requests.submit(request=request, by=owner)
        requests.take(request=request, by=instructor)
        reviewed(request, instructor)
        requests.propose(request=request, by=instructor, favourable=True, opinion="Tout est rempli.", months=12)
        request.refresh_from_db()
        label = requests.accept(request=request, by=AgentFactory(), reasons="Tout est rempli.")
        return labels.accept_agreement(label=label, by=owner)

    return grant


@pytest.fixture
def granted_ordinary(owner, house):
    """A label for nothing delicate."""
    return labelled(owner, service(owner, house, "Mon Quartier"), fields=ORDINARY)


@pytest.fixture
def program_of(developer):
    """Return a function that registers a program of a label's service."""

    def register(label, environment=Environment.LIVE):
        client, secret = clients.register(
            service=label.service, by=developer, environment=environment, redirect_uris=[BACK]
        )
        return program(client, secret)

    return register
