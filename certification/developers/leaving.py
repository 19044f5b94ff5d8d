"""Leaving: nothing here is a resident's, but the names by which services know them, in events of seven days."""

from certification.developers.actions import calls, outbox, webhooks
from core import leaving
from core.leaving import Rows

PROGRAM = "a service's program: no resident"

ROWS = [
    Rows("developers.Call", nobody="calls of a program: no value, no token, no person"),
    Rows("developers.Endpoint", nobody=PROGRAM),
    Rows("developers.Delivery", nobody=PROGRAM),
    Rows("developers.Trial", nobody=PROGRAM),
    Rows(
        "developers.Event",
        nobody="told to the service, which must learn that an agreement ended: ids, seven days, no resident's number",
    ),
]


def purge() -> None:
    calls.purge()
    outbox.purge()
    webhooks.forget_former_secrets()


APP = leaving.App("developers", ROWS, level=40, purge=purge)
