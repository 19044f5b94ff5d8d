"""A procedure as its author writes it. Trying, publishing and closing a version are in services.versions."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from services.aids import catalogue
from services.procedures import finding, rules, shipping
from services.procedures.models import Procedure
from services.versions.actions import versions
from services.versions.actions.versions import Faulty, NotNow


def begin(*, by: User, item: Mapping[str, Any]) -> Procedure:
    """Begin the next version of a procedure as a draft. `item` has the format of files; its version is given here.

    Raises:
        PermissionDenied: `by` is no agent, or the code is that of a national procedure.
        Faulty: it cannot be read.
    """
    versions.require_agent(by)
    if finding.is_national(str(item.get("code"))):
        raise PermissionDenied
    if faults := rules.problems({**item, "version": 1}):
        raise Faulty(faults)
    with transaction.atomic():
        number = versions.next_number(Procedure, item["code"])
        return Procedure.objects.create(written_by=by, **shipping.columns({**item, "version": number}))


def begin_new(*, by: User, item: Mapping[str, Any]) -> Procedure:
    """Begin a procedure under a code of its own, made of its title. Two of one title at once have two codes.

    Raises:
        PermissionDenied, Faulty: as `begin`.
    """
    known = [aid.code for aid in catalogue.all_aids()]
    with transaction.atomic():
        return begin(by=by, item={**item, "code": versions.new_code(Procedure, item["title"], known)})


def change(
    *, row: Procedure, by: User, seen: int, rules_: Mapping[str, Any] | None = None, **columns: Any
) -> Procedure:
    """Write a part of a draft: the rules that are named, the label and the dates. It is to be proposed again.

    Args:
        seen: how often the draft had been written when its page was shown.

    Raises:
        PermissionDenied: `by` did not begin the draft.
        NotNow: it is published, or was written since by another page.
        Faulty: it cannot be read any more.
    """
    with versions.changing(row, by, rules_, columns) as held:
        if held.changes != seen:
            raise NotNow
        if faults := rules.problems(held.document):
            raise Faulty(faults)
        held.changes += 1
    return held
