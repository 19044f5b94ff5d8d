"""A local aid as its author writes it. Trying, publishing and closing a version are in services.versions."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from services.aids import shipping
from services.aids.local import checking
from services.aids.models import LocalAid
from services.versions.actions import versions
from services.versions.actions.versions import Faulty


def begin(*, by: User, item: Mapping[str, Any]) -> LocalAid:
    """Begin the next version of an aid as a draft. `item` has the format of files; its version is given here.

    Raises:
        PermissionDenied: `by` is no agent.
        Faulty: it passes a limit.
    """
    versions.require_agent(by)
    if too_big := checking.oversized(item):
        raise Faulty(too_big)
    with transaction.atomic():
        number = versions.next_number(LocalAid, item["code"])
        aid = LocalAid.objects.create(written_by=by, **shipping.columns({**item, "version": number}))
        shipping.write_cases(aid, item.get("tests", ()))
    return aid


def begin_new(*, by: User, item: Mapping[str, Any]) -> LocalAid:
    """Begin an aid under a code of its own, made of its name. Two of one name at once have two codes.

    Raises:
        PermissionDenied, Faulty: as `begin`.
    """
    with transaction.atomic():
        return begin(by=by, item={**item, "code": versions.new_code(LocalAid, item["label"])})


def change(
    *,
    aid: LocalAid,
    by: User,
    rules: Mapping[str, Any] | None = None,
    cases: Sequence[Mapping[str, Any]] | None = None,
    **columns: Any,
) -> LocalAid:
    """Write a part of a draft, which is to be tried again: the rules that are named, all cases, the name and dates.

    Raises:
        PermissionDenied: `by` did not begin the draft.
        NotNow: it is published.
        Faulty: it passes a limit.
    """
    tests = list(cases) if cases is not None else []
    with versions.changing(aid, by, rules, columns) as held:
        if too_big := checking.oversized({**held.rules, "tests": tests}):
            raise Faulty(too_big)
        if cases is not None:
            held.cases.all().delete()
            shipping.write_cases(held, tests)
    return held
