"""Every admin page is built on `core.admin.PortalAdmin`: its list is filtered by what the page shows, only."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Field
from django.test import RequestFactory

from core.admin import PortalAdmin, ReadOnly
from tests.accounts.factories import AgentFactory

pytestmark = pytest.mark.django_db
LOOKUPS = ("", "__startswith", "__lte", "__in", "__isnull")


def pages() -> list[Any]:
    return list(admin.site._registry.values())


def test_every_admin_has_the_portals_base() -> None:
    assert [type(page).__name__ for page in pages() if not isinstance(page, PortalAdmin)] == []
    assert not issubclass(ReadOnly, admin.ModelAdmin), "what is mixed in must leave the base to the class"


@pytest.mark.parametrize("page", pages(), ids=lambda page: type(page).__name__)
def test_a_url_asks_a_list_what_its_filters_ask_and_nothing_else(page: Any) -> None:
    request = RequestFactory().get("/")
    request.user = AgentFactory.build(is_superuser=True)
    shown = {one if isinstance(one, str) else getattr(one, "parameter_name", one) for one in page.list_filter}
    columns = {name for one in page.model._meta.get_fields() for name in {one.name, getattr(one, "attname", one.name)}}
    for column in columns - shown:
        assert not [ask for ask in LOOKUPS if page.lookup_allowed(column + ask, "1", request)], column
    for column in columns & shown:
        assert not page.lookup_allowed(f"{column}__startswith", "1", request)


@pytest.mark.parametrize("page", pages(), ids=lambda page: type(page).__name__)
def test_every_filter_that_a_list_shows_works(page: Any) -> None:
    request = RequestFactory().get("/")
    request.user = AgentFactory.build(is_superuser=True)
    for one in page.list_filter:
        if not isinstance(one, str):
            assert page.lookup_allowed(one.parameter_name, "1", request)
            continue
        field: Field[Any, Any] = page.model._meta.get_field(one)
        made = admin.FieldListFilter.create(field, request, {}, page.model, page, field_path=one)
        assert [name for name in made.expected_parameters() if not page.lookup_allowed(name, "1", request)] == []
