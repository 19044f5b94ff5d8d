"""Acts under a grant other than reading, such as adding a paper."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django_scopes import scope

from core import journal
from core.models.rows import check
from vault.records import gate
from vault.records.models import Grant
from vault.sharing.enums import Done
from vault.sharing.models import MandateAct


@contextmanager
def under(grant: Grant, *, changing: Sequence[Grant] | None = None) -> Iterator[None]:
    """Run the block in the giver's scope under the grant's lock, if the grant is active.

    As in the gate, the locks are shared and the grant is read in the next statement: a stop waits for the end of the
    block and takes effect before the next act.

    Args:
        changing: the grants that the act changes, even if there are none. They are then locked exclusively together
            with `grant`, in the common order.

    Raises:
        gate.Refused: the grant is not active, or its recipient may not act now. Nothing was done; the refusal is in
            the resident's journal.
    """
    with transaction.atomic(durable=True), scope(resident=grant.resident_id):
        if changing is not None:
            gate.lock_exclusively([grant, *changing])
        gate.lock_shared(grant)
        found = gate.active(grant)
        if isinstance(found, Grant):
            check(found)
            yield
        else:
            details = {"recipient": grant.recipient_label, "grant": str(grant.pk), "reason": found.code.value}
            journal.write(
                resident_id=grant.resident_id,
                actor_id=grant.pk,
                event="act_refused",
                purpose=grant.purpose,
                details=details,
            )
    if not isinstance(found, Grant):
        raise gate.Refused(grant.pk, found)


def note(grant: Grant, done: Done) -> None:
    """Write an act into its companion's own list. Call it inside `under`; the caller journals."""
    MandateAct.objects.create(resident_id=grant.resident_id, grant=grant, done=done)
