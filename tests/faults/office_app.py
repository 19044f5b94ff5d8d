"""One act on a request, in a process that dies in the middle of it.

python -m tests.faults.office_app MOMENT MODULE:FUNCTION ACT…   dies before or after that function is called first

Acts: `letters JOB`, the worker's; `day`, the scheduler's, which ends grants whose day has come; `send RESIDENT DOSSIER
OFFICE TOKEN`, the page's.
"""

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any
from uuid import UUID

import django

django.setup()


def die(*_given: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(moment: str, name: str) -> None:
    """Replace the function by one that kills this process before it, or after it."""
    module, _colon, path = name.partition(":")
    holder: Any = import_module(module)
    *parts, last = path.split(".")
    for part in parts:
        holder = getattr(holder, part)
    real: Callable[..., object] = getattr(holder, last)

    def run_and_die(*given: Any, **named: Any) -> None:
        real(*given, **named)
        die()

    setattr(holder, last, die if moment == "before" else run_and_die)


def act(what: str, *words: str) -> None:
    from vault.records.actions import grants

    if what == "letters":
        from services.requests import tasks

        tasks.write_letters(*words)
    elif what == "day":
        grants.close_expired_grants()
    else:
        send(*(UUID(word) for word in words))


def send(resident_id: UUID, dossier_id: UUID, office_id: UUID, token: UUID) -> None:
    from django_scopes import scope

    from services.dossiers.models import Dossier
    from services.requests import lines
    from services.requests.actions import sending

    with scope(resident=resident_id):
        dossier = Dossier.objects.select_related("seal").get(pk=dossier_id)
    sending.send(
        resident_id=resident_id,
        by=resident_id,
        dossier=dossier,
        organisation_id=office_id,
        months=3,
        token=token,
        seen=lines.fingerprint(lines.of_dossier(dossier)),
    )


if __name__ == "__main__":
    dying(*sys.argv[1:3])
    act(*sys.argv[3:])
