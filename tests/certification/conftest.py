"""A publisher with its owner, a service of theirs, and its label."""

import pytest

from tests.certification.made import labelled, member, publisher, service


@pytest.fixture
def house(db):
    return publisher()


@pytest.fixture
def owner(house):
    return member(house)


@pytest.fixture
def one(owner, house):
    return service(owner, house)


@pytest.fixture
def label(owner, one):
    return labelled(owner, one)
