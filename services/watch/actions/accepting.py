"""Turn the watch on: a grant to the city's machine, for twelve months, and the row that it works by."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from django_scopes import scope

from core import locks
from core.models import City
from core.models.rows import check
from services.watch import perms
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


def accept(*, resident_id: UUID, by: UUID, items: Sequence[str], shown: Mapping[str, str]) -> Watch:
    """Give the grant and start the watch. The same yes twice gives one; other items, or a later year, replace it.

    What was found stays when a new agreement replaces the former.

    Args:
        items: the optional items that the resident chose.
        shown: the values of each item as the page displayed them.
    """
    perms.require_self(resident_id, by)
    with transaction.atomic(), scope(resident=resident_id):
        locks.hold("watch", resident_id)
        watch = Watch.objects.select_related("grant").select_for_update(of=("self",)).first()
        chosen = AGREEMENT.chosen(items)
        if watch is not None:
            check(watch)
            if watch.grant and watch.grant.stands and not watch.grant.ends_soon and _same(watch, chosen):
                return watch
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
        watch.due_at, watch.taken_until = timezone.now(), None
        watch.save()
    return watch


def _same(watch: Watch, chosen: Sequence[object]) -> bool:
    grant = watch.grant
    wanted = {name for item in AGREEMENT.items if item in chosen for name in item.fields}
    return grant is not None and set(fields_of(grant)) == wanted
