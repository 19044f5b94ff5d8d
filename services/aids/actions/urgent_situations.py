"""An urgent situation as its author writes it. Trying, publishing and closing a version are in services.versions."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from services.aids import shipping, urgent
from services.aids.models import UrgentSituation
from services.versions.actions import versions
from services.versions.actions.versions import Faulty


def begin(*, by: User, item: Mapping[str, Any]) -> UrgentSituation:
    """Begin the next version of a situation as a draft. Its version is given here, and its code if it has none.

    Raises:
        PermissionDenied: `by` is no agent.
        Faulty: it passes a limit.
    """
    versions.require_agent(by)
    if too_big := urgent.oversized(item):
        raise Faulty(too_big)
    with transaction.atomic():
        code = item.get("code") or versions.new_code(UrgentSituation, item["title"])
        numbered = {**item, "code": code, "version": versions.next_number(UrgentSituation, code)}
        return UrgentSituation.objects.create(written_by=by, **shipping.situation_columns(numbered))


def change(
    *, row: UrgentSituation, by: User, rules: Mapping[str, Any] | None = None, **columns: Any
) -> UrgentSituation:
    """Write a part of a draft, which is to be proposed again: what is named of the content, the name and dates.

    Raises:
        PermissionDenied: `by` did not begin the draft.
        NotNow: it is published.
        Faulty: it passes a limit.
    """
    with versions.changing(row, by, rules, columns) as held:
        if too_big := urgent.oversized(held.rules):
            raise Faulty(too_big)
    return held
