"""The city's machine as the recipient of a grant."""

from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.exceptions import PermissionDenied

from vault.records.grants.agreements import Agreement
from vault.records.grants.terms import Terms
from vault.records.models import Grant

#: A portal has one city, whose row has no UUID.
CITY_ID: UUID = uuid5(NAMESPACE_URL, "garant:city")


def never_again(former: Grant, agreement: Agreement, terms: Terms, seen: str) -> Grant:
    """Refuse to renew (`RecipientKind.give`): the watch is turned on again on its own page.

    Raises:
        PermissionDenied: always.
    """
    raise PermissionDenied
