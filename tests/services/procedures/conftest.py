"""Two agents who may decide together, and the kinds of paper."""

import pytest

from tests.accounts.factories import AgentFactory
from vault.records.content import paper_kinds


@pytest.fixture
def author(db):
    return AgentFactory(name="Awa Sorel")


@pytest.fixture
def second(db):
    return AgentFactory(name="Hugo Bastide")


@pytest.fixture(autouse=True)
def kinds(db):
    paper_kinds.load()
