"""One agent of an office who opens requests while their residents stop them.

python -m tests.attacks.racing_office MORE RESIDENT:REQUEST:PLACE…

Each is opened as fast as possible until it is refused, then MORE times: nothing of it may be read.
"""

import sys
import time
from functools import partial
from typing import Any
from uuid import UUID

from tests.attacks.racing import report, until_refused


def open_all(more: int, named: list[str]) -> None:
    from django_scopes import scope

    from accounts.models import Membership
    from services.requests.actions import office
    from services.requests.models import SentRequest
    from vault.records import gate
    from vault.records.gate import notes

    opened_at = [0.0]
    opened = notes._opened

    def timed_opened(*args: Any) -> Any:
        found = opened(*args)
        opened_at[0] = time.monotonic()
        return found

    vars(notes)["_opened"] = timed_opened
    for number, name in enumerate(named):
        resident, request, place = (UUID(part) for part in name.split(":"))
        with scope(resident=resident):
            row = SentRequest.objects.select_related("grant", "organisation").get(pk=request)
        membership = Membership.objects.select_related("person", "organisation").get(pk=place)
        read = partial(office.open_request, request=row, place=membership)
        reads, begun = until_refused(number, read, gate.Refused, office.Gone)
        for _again in range(more):
            start = time.monotonic()
            try:
                read()
            except (gate.Refused, office.Gone):
                continue
            reads, begun = reads + 1, start
        report(number=number, reads=reads, begun=begun, opened=opened_at[0], tried=more)


if __name__ == "__main__":
    import django

    django.setup()
    open_all(int(sys.argv[1]), sys.argv[2:])
