"""Fixtures of the tests of dossiers: language, kinds of papers and browsers."""

import pytest
from django.test import Client
from django.utils import translation

from tests.accounts.factories import signed_in
from vault.records.content import paper_kinds


@pytest.fixture(autouse=True)
def french():
    """Restore the thread's language, which a page read in English would leave to the next test."""
    with translation.override("fr"):
        yield


@pytest.fixture
def kinds(db):
    paper_kinds.load()


@pytest.fixture
def browser(resident) -> Client:
    return signed_in(resident)


@pytest.fixture
def other_browser(stranger) -> Client:
    return signed_in(stranger)
