"""Browsers and the kinds of paper, for the tests of the vault."""

import pytest
from django.test import Client

from tests.accounts.factories import signed_in
from vault import holders, paper_kinds


@pytest.fixture
def kinds(db):
    paper_kinds.load()
    holders.load()


@pytest.fixture
def browser(resident) -> Client:
    return signed_in(resident)


@pytest.fixture
def other_browser(stranger) -> Client:
    return signed_in(stranger)
