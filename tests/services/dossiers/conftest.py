"""A resident whose vault holds enough for a dossier, browsers, and the worker's part."""

import pytest
from django.test import Client
from django.utils import translation

from tests.accounts.factories import signed_in
from vault.records.content import paper_kinds


@pytest.fixture(autouse=True)
def french():
    """A page read in English leaves its language to the thread, and so to the next test."""
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
