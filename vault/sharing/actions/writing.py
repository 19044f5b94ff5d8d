"""Values that a recipient writes into the vault, where its grant says so: declared by it, under its name."""

from collections.abc import Collection, Sequence

from core import journal
from core.models.rows import check
from vault import types
from vault.records.actions.declared_by import Value, write_declared
from vault.records.enums import RefusalCode
from vault.records.gate import Refusal, Refused
from vault.records.grants.agreements import WRITE
from vault.records.models import Grant, GrantWrite
from vault.sharing.actions import acts


def write(*, grant: Grant, values: Sequence[Value]) -> int:
    """Write values of types that the grant lets its recipient write, all or none, with one journal entry.

    Return how many are new. A value that is there, or that the resident withdrew, is not written again.

    Raises:
        Refused: the grant is not active, or does not have a type. Nothing is written; the journal has the refusal.
        Invalid: a value does not follow its type.
    """
    new: Sequence[Value] | None = None
    with acts.under(grant):
        held = Grant.objects.get(pk=grant.pk)
        if _covers(held, {type_code for type_code, _payload in values}):
            new = write_declared(resident_id=held.resident_id, name=held.recipient_label, values=values)
            if new:
                _journal(held, "granted_write", new, count=str(len(new)))
        else:
            _journal(held, "act_refused", (), reason=RefusalCode.NOT_COVERED.value)
    if new is None:
        raise Refused(grant.pk, Refusal(RefusalCode.NOT_COVERED))
    return len(new)


def _covers(grant: Grant, wanted: Collection[str]) -> bool:
    """Return whether the grant has all these types. A line that was taken out does not come back with its row."""
    if not all(map(types.is_known, wanted)):
        return False
    rows = list(GrantWrite.objects.filter(grant=grant, type__in=wanted))
    check(*rows)
    return {row.type for row in rows} == set(wanted) and not grant.has_lost(f"{WRITE}{one}" for one in wanted)


def _journal(grant: Grant, event: str, values: Sequence[Value], **details: str) -> None:
    fields = dict.fromkeys(f"{type_code}#/{name}" for type_code, payload in values for name in payload)
    journal.write(
        resident_id=grant.resident_id,
        actor_id=grant.pk,
        event=event,
        purpose=grant.purpose,
        fields=list(fields),
        details={"recipient": grant.recipient_label, "grant": str(grant.pk), **details},
    )
