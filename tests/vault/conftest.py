"""Fixtures of the vault's tests: browsers, and the kinds of paper."""

import pytest
from django.test import Client

from accounts.models import User
from tests import once
from tests.accounts.factories import signed_in
from tests.vault.at_desk import keeper
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder, PaperKind

KINDS = once.Rows(PaperKind, paper_kinds.load)
HOLDERS = once.Rows(Holder, holder_catalogue.load)


@pytest.fixture
def kinds(db):
    KINDS.add()
    HOLDERS.add()


@pytest.fixture
def browser(resident) -> Client:
    return signed_in(resident)


@pytest.fixture
def agathe(db) -> User:
    """An agent placed at the desk."""
    return keeper()


@pytest.fixture
def hers(agathe) -> Client:
    return signed_in(agathe)


@pytest.fixture
def other_browser(stranger) -> Client:
    return signed_in(stranger)
