"""What somebody does for a resident under a grant, besides reading."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django_scopes import scope

from core import journal
from vault.records import gate
from vault.records.models import Grant


@contextmanager
def under(grant: Grant, *, changing: Sequence[Grant] | None = None) -> Iterator[None]:
    """An act in the giver's scope, while the grant counts: a stop waits for its end, and comes before the next one.

    As the gate does it: the grant's lock, shared, then a look at the grant in the next statement. `changing`: the grants that the act
    changes, none included; then all are held alone, in the one order.

    Raises:
        gate.Refused: the grant is not active. Nothing was done, and the journal has a line that says so.
    """
    with transaction.atomic(durable=True), scope(resident=grant.resident_id):
        if changing is None:
            gate.lock(grant, shared=True)
        else:
            gate.lock_exclusively([grant, *changing])
        counts = Grant.objects.active().filter(pk=grant.pk).exists()
        if counts:
            yield
        else:
            details = {"recipient": grant.recipient_label, "grant": str(grant.pk)}
            journal.write(
                resident_id=grant.resident_id,
                actor_id=grant.pk,
                event="act_refused",
                purpose=grant.purpose,
                details=details,
            )
    if not counts:
        raise gate.Refused(grant.pk)
