"""Fixtures of the tests of requests: language, an office with two agents, browsers."""

import pytest
from django.utils import translation

from tests.services.requests.made import member, opened_office


@pytest.fixture(autouse=True)
def french():
    """Restore the thread's language, which a page read in English would leave to the next test."""
    with translation.override("fr"):
        yield


@pytest.fixture
def office(db):
    return opened_office()


@pytest.fixture
def claire(office):
    return member(office, "Claire Morvan")


@pytest.fixture
def hugo(office):
    return member(office, "Hugo Bastide", instructs=False, may_decide=True)
