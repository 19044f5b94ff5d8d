"""Stamps: what tells a resident's contribution from a row that somebody wrote into the database.

The portal stamps a contribution as it is given: an HMAC, under a key of the campaign, of its pseudonym, its sealed
content, the plan and its days. Neither role of the database can make one, and it names nobody. One stamp is one row:
it names the pseudonym, which is a row's key.

The stamps that are there are frozen in a tally each night, and whenever a release takes some of them. A withdrawal
leaves the stamp of its row, under an HMAC of its own. So a row that somebody else deleted is missed, and one that was
withdrawn or counted, and put back, is noticed.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from campaigns.contributions import sealing
from campaigns.contributions.models import Arrival, Contribution, Tally, WithdrawnStamp
from campaigns.plans.models import Campaign
from core import canonical

STAMPS = b"stamps of contributions"
#: One statement, so one moment: a withdrawal moves a stamp from the one table to the other.
PRESENT = """
SELECT NULL::bytea, NULL::uuid, NULL::date, NULL::boolean, mac, stamp FROM campaigns.withdrawn_stamp
WHERE campaign_id = %s
UNION ALL
SELECT pseudonym, batch_id, counts_from, again, payload, stamp FROM campaigns.contribution WHERE campaign_id = %s
"""
#: Rows read at once.
PAGE = 5_000
Stamp = Callable[["Row"], bytes]


class Altered(Exception):
    """Somebody else deleted contributions of the campaign, or put some back."""


@dataclass(frozen=True, slots=True)
class Row:
    """A contribution as it is stored."""

    pseudonym: bytes
    batch_id: UUID
    counts_from: date
    again: bool
    payload: bytes = field(repr=False)
    stamp: bytes = field(repr=False, default=b"")

    @classmethod
    def of(cls, pseudonym: Any, batch_id: UUID, counts_from: date, again: bool, payload: Any, stamp: Any) -> "Row":  # noqa: ANN401 - bytes of the database
        return cls(bytes(pseudonym), batch_id, counts_from, again, bytes(payload), bytes(stamp))


@dataclass(frozen=True)
class Present:
    """What is there of a campaign: the stamps of contributions that wait to be counted, and of withdrawn ones."""

    stamps: list[bytes]
    withdrawn: frozenset[bytes]
    #: Pseudonyms of rows that no resident gave, or that were withdrawn and put back.
    others: list[bytes]
    #: How many of the contributions `look` was asked to count.
    counted: int

    @property
    def count(self) -> int:
        return len(self.stamps) + len(self.withdrawn)


def stamper(campaign_id: UUID, plan_sha256: str) -> Stamp:
    """Return the function that gives a row its stamp. Cost: two microseconds a row. Raises NoKeys, KeysDown."""
    begun = hmac.new(_key(campaign_id), canonical.encode([str(campaign_id), plan_sha256]), "sha256")

    def stamp(row: Row) -> bytes:
        of_row = begun.copy()
        days = row.counts_from.toordinal().to_bytes(4) + bytes([row.again, len(row.pseudonym)])
        of_row.update(days + row.pseudonym + row.batch_id.bytes + row.payload)
        return of_row.digest()

    return stamp


def stamp_all(arrivals: Iterable[Arrival], *, campaign_id: UUID, plan_sha256: str) -> list[Arrival]:
    """Return new arrivals of one campaign with their stamps. Raises NoKeys, KeysDown."""
    stamp, made = stamper(campaign_id, plan_sha256), list(arrivals)
    for one in made:
        one.stamp = stamp(Row(bytes(one.pseudonym), one.batch_id, one.counts_from, one.again, bytes(one.payload)))
    return made


def is_genuine(row: Row, stamp: Stamp) -> bool:
    return hmac.compare_digest(row.stamp, stamp(row))


def note_withdrawn(campaign_id: UUID, stamps: Iterable[bytes]) -> None:
    """Keep the stamps of withdrawn contributions, in the transaction that deletes them. Raises NoKeys, KeysDown."""
    key = _key(campaign_id)
    made = [WithdrawnStamp(stamp=one, campaign_id=campaign_id, mac=_withdrawal(key, one)) for one in stamps if one]
    WithdrawnStamp.objects.bulk_create(made)


def look(campaign: Campaign, counts: Callable[[Row], bool] | None = None) -> Present:
    """Return what is there. Cost: reads each contribution, one after the other. Raises NoKeys, KeysDown.

    Args:
        counts: which of the contributions to count.
    """
    stamp, key = stamper(campaign.pk, campaign.plan.sha256), _key(campaign.pk)
    stamps: list[bytes] = []
    withdrawn, others, counted = set[bytes](), [], 0
    with connection.chunked_cursor() as cursor:
        cursor.execute(PRESENT, [campaign.pk, campaign.pk])
        while page := cursor.fetchmany(PAGE):
            for one in page:
                if one[0] is None:
                    if hmac.compare_digest(bytes(one[4]), _withdrawal(key, bytes(one[5]))):
                        withdrawn.add(bytes(one[5]))
                    continue
                row = Row.of(*one)
                if row.stamp in withdrawn or not is_genuine(row, stamp):
                    others.append(row.pseudonym)
                else:
                    stamps.append(row.stamp)
                    counted += counts is not None and counts(row)
    return Present(stamps, frozenset(withdrawn), others, counted)


def is_whole(campaign: Campaign, present: Present) -> bool:
    """Return whether the stamps that are there are those of the tally. Without a tally, none are expected."""
    tally = Tally.objects.filter(pk=campaign.pk).first()
    if tally is None:
        return not present.count
    made = _tally(campaign, [*present.stamps, *present.withdrawn])
    return (tally.count, bytes(tally.mac)) == (made.count, made.mac)


def freeze(campaign: Campaign, present: Present) -> None:
    """Write the tally: what is there is to be there from now on. Raises NoKeys, KeysDown."""
    made = _tally(campaign, [*present.stamps, *present.withdrawn])
    Tally.objects.bulk_create([made], update_conflicts=True, unique_fields=["pk"], update_fields=["count", "mac"])


def leave(campaign: Campaign, before: int, taken: int) -> bool:
    """Freeze what is left once a release has taken its rows, and forget the withdrawn stamps.

    Args:
        before: how many stamps there were, those of the tally.

    Return False, and write nothing, if others are missing or were put back meanwhile.
    """
    left = look(campaign)
    if left.count + taken != before:
        return False
    WithdrawnStamp.objects.filter(campaign_id=campaign.pk, stamp__in=left.withdrawn).delete()
    freeze(campaign, replace(left, withdrawn=frozenset()))
    return True


def adopt(campaign: Campaign) -> None:
    """Stamp the contributions from before stamps, once. What is there then is believed, and frozen.

    The campaign's key then says that it was done: later rows without a stamp are not believed.
    """
    stamp = stamper(campaign.pk, campaign.plan.sha256)
    for model in (Contribution, Arrival):
        table = model._meta.db_table  # noqa: SLF001 - Django documents it
        with connection.cursor() as cursor:
            columns = f'pseudonym, batch_id, counts_from, again, payload, stamp FROM "{table}"'
            cursor.execute(f"SELECT {columns} WHERE campaign_id = %s AND stamp = '' FOR UPDATE", [campaign.pk])
            rows = [Row.of(*one) for one in cursor.fetchall()]
            cursor.executemany(
                f'UPDATE "{table}" SET stamp = %s WHERE campaign_id = %s AND pseudonym = %s',  # noqa: S608 - our own table
                [(stamp(row), campaign.pk, row.pseudonym) for row in rows],
            )
    sealing.say_stamped(campaign.pk)
    freeze(campaign, look(campaign))


def _tally(campaign: Campaign, stamps: Collection[bytes]) -> Tally:
    digest = hashlib.sha256(b"".join(sorted(stamps))).hexdigest()
    said = canonical.encode(["tally", str(campaign.pk), len(stamps), digest])
    return Tally(campaign_id=campaign.pk, count=len(stamps), mac=hmac.digest(_key(campaign.pk), said, "sha256"))


def _withdrawal(key: bytes, stamp: bytes) -> bytes:
    return hmac.digest(key, b"withdrawn" + stamp, "sha256")


def _key(campaign_id: UUID) -> bytes:
    return hmac.digest(sealing.hmac_key(campaign_id), STAMPS, "sha256")
