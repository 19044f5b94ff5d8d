"""Turn the watch on: a grant to the city's machine, for twelve months, and the row that it works by."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core.database import locks
from core.journal import heads
from core.models import City
from core.models.rows import check
from services.watch import ending, perms
from services.watch.agreements import AGREEMENT
from services.watch.enums import CITY_KIND, MONTHS
from services.watch.models import Watch
from services.watch.recipient import CITY_ID
from vault.records import gate
from vault.records.actions import grants
from vault.records.actions.grants import Recipient
from vault.records.enums import GrantChannel, Mode
from vault.records.grants.agreements import fields_of
from vault.records.grants.terms import Terms
from vault.records.values.decrypted import Values

PREVIEW: Final = gettext_noop("Voir ce que la veille lirait")


def values_today(*, resident_id: UUID) -> Values:
    """Return the resident's own values that the watch would count now. Write one entry."""
    fields = [name for item in AGREEMENT.items for name in item.fields]
    return gate.read_own(resident_id=resident_id, purpose=PREVIEW, fields=fields)


def fingerprint(values: Values) -> str:
    """Return a hash of what the page of the agreement showed: its text's version, the records of the values."""
    parts = [AGREEMENT.version, *sorted(str(record.record_id) for record in values)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def accept(*, resident_id: UUID, by: UUID, items: Sequence[str], shown: Mapping[str, str]) -> Watch:
    """Give the grant and start the watch. The same yes twice gives one; other items, or a later year, replace it.

    What was found stays when a new agreement replaces the former, unless that one has fewer lines: the watch then
    forgets what it made of all of them, as when a line is taken out.

    Args:
        items: the optional items that the resident chose.
        shown: the values of each item as the page displayed them.
    """
    perms.require_self(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        locks.hold("watch", resident_id)
        watch = _locked(resident_id)
        chosen = AGREEMENT.chosen(items)
        if watch is not None:
            check(watch)
            wanted = {name for item in chosen for name in item.fields}
            former = set(fields_of(watch.grant)) if watch.grant else set()
            if watch.grant and watch.grant.stands and not watch.grant.ends_soon and former == wanted:
                return watch
            if former - wanted:
                ending.forget(watch)
            # The former grant ends below. Taken off the watch first, its end deletes nothing.
            watch.grant = None
            watch.save(update_fields=["grant"])
        else:
            watch = Watch(resident_id=resident_id)
        watch.grant = grants.give(
            resident_id=resident_id,
            by=by,
            agreement=AGREEMENT,
            recipient=Recipient(CITY_KIND, CITY_ID, City.current().label),
            terms=Terms(
                [item.code for item in chosen],
                Mode.COUNT,
                MONTHS,
                channel=GrantChannel.PAGE,
                shown=shown,
            ),
        )
        # Counted as a change: a check under the former grant, if one is going on, does not settle this one.
        watch.due_at, watch.taken_until, watch.changes = timezone.now(), None, watch.changes + 1
        watch.save()
    return watch


def _locked(resident_id: UUID) -> Watch | None:
    """Return the watch, locked after its grant and the journal: the order of a stop, and of a change of the vault."""
    found = Watch.objects.select_related("grant").first()
    if found is None:
        return None
    if found.grant is not None:
        gate.lock_exclusively([found.grant])
    heads.lock(resident_id)
    return Watch.objects.select_related("grant").select_for_update(of=("self",)).first()
