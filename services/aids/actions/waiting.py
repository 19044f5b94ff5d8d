"""What waits for the resident, from the last result kept: the home page says it without running the engine each time.

The engine runs if there is no result, or if the vault, the month or the city's rules changed since the last one.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Exists, Max, Subquery
from django.utils import timezone
from django.utils.translation import gettext_noop

from services.aids import benefits, catalogue
from services.aids.actions import simulations
from services.aids.facts import from_vault
from services.aids.models import LocalAid
from vault import types
from vault.records import gate
from vault.records.models import Record
from vault.records.values import persons

SHOW: Final = gettext_noop("Afficher ce qui vous attend")
#: The session's key: when the engine last ran without a new result.
COMPUTED: Final = "aids_computed"
#: The session's key: the places of the questions that the resident skipped.
SKIPPED: Final = "aids_skipped"
#: The types that the computation reads, without the identity: alone, it gives nothing.
TYPES: Final = sorted({field_id.partition("#")[0] for field_id in from_vault.FIELDS} - {persons.IDENTITY})
LATELY: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Claim:
    """An aid that is due and not known to be received. `amount` is None for a right without money, or a local aid."""

    code: str
    title: str
    amount: Decimal | None
    unit: str
    since: date | None

    @property
    def in_total(self) -> bool:
        """Return True if its amount counts in the totals: a local aid's price does not."""
        known = benefits.BY_CODE.get(self.code)
        return self.amount is not None and known is not None and known.in_total

    def is_new(self, last_visit: date | None) -> bool:
        """Return True for an aid found today or after the last visit; at a first visit, found in the last 30 days."""
        today = timezone.localdate()
        after = today - LATELY if last_visit is None else min(last_visit, today - timedelta(days=1))
        return self.since is not None and self.since > after


@dataclass(frozen=True, slots=True)
class Asked:
    place: str
    text: str
    most: Decimal | None
    unit: str


@dataclass(frozen=True, slots=True)
class Waiting:
    claims: Sequence[Claim] = ()
    asked: Sequence[Asked] = ()
    unknown: int = 0
    knows_received: bool = False
    totals: Mapping[str, Decimal] = field(default_factory=dict)


def waiting(*, resident_id: UUID, session: MutableMapping[str, Any]) -> Waiting | None:
    """Return what waits for the resident, or None if nothing can be computed. Requires their scope."""
    times = _times()
    if not times["gives"]:
        return None
    if _is_stale(times, session):
        simulation = simulations.simulate(resident_id=resident_id)
        session[COMPUTED] = timezone.now().isoformat()
        if isinstance(simulation, simulations.Nothing):
            return None
    names = ("resultats", "recues_connues", "questions")
    values = gate.read_own(
        resident_id=resident_id, purpose=SHOW, fields=[f"{simulations.RESULT}#/{name}" for name in names]
    )
    last = values.latest(simulations.RESULT, resident_id)
    return _of(last.payload) if last else None


def _times() -> dict[str, Any]:
    """Return whether a value can be computed from, and when each of what a result depends on last changed.

    Cost: one query.
    """
    current = Record.objects.current()
    held = current.filter(type=simulations.RESULT, type_version=types.get(simulations.RESULT).version)
    rules = LocalAid.objects.shown().order_by("-updated_at")
    return Record.objects.filter(type__in=TYPES).aggregate(
        gives=BoolOr(Exists(current.filter(type__in=TYPES))),
        last=Max(Subquery(held.order_by("-created_at").values("created_at")[:1])),
        made=Max("created_at"),
        withdrawn=Max("withdrawn_at"),
        rules=Max(Subquery(rules.values("updated_at")[:1])),
    )


def _is_stale(times: Mapping[str, Any], session: Mapping[str, Any]) -> bool:
    """Compare times only: nothing is decrypted."""
    done = max((time for time in (times["last"], _time(session.get(COMPUTED))) if time), default=None)
    if done is None or timezone.localtime(done).strftime("%Y-%m") != timezone.localdate().strftime("%Y-%m"):
        return True
    return any(times[name] is not None and times[name] > done for name in ("made", "withdrawn", "rules"))


def _time(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _of(payload: Mapping[str, Any]) -> Waiting:
    found = payload["resultats"]
    due = [one for one in found if one["statut"] == simulations.FOUND and not one.get("recue")]
    claims = [_claim(one) for one in due]
    counted = [claim for claim in claims if claim.in_total]
    return Waiting(
        claims=sorted(claims, key=_yearly, reverse=True),
        asked=[_asked(one) for one in payload.get("questions") or ()],
        unknown=sum(one["statut"] == "unknown" and not one.get("recue") for one in found),
        knows_received=bool(payload.get("recues_connues")),
        totals={
            unit: sum((claim.amount or Decimal() for claim in counted if claim.unit == unit), Decimal())
            for unit in (benefits.MONTH, benefits.YEAR, benefits.ONCE)
        },
    )


def _claim(one: Mapping[str, Any]) -> Claim:
    known = benefits.BY_CODE.get(one["code"])
    return Claim(
        code=one["code"],
        title=str(known.title) if known else catalogue.in_words(one["titre"]),
        amount=Decimal(one["montant"]) if one.get("montant") else None,
        unit=one.get("unite", benefits.MONTH),
        since=date.fromisoformat(one["depuis"]) if one.get("depuis") else None,
    )


def _yearly(claim: Claim) -> Decimal:
    return (claim.amount or Decimal()) * (12 if claim.unit == benefits.MONTH else 1)


def _asked(one: Mapping[str, Any]) -> Asked:
    gain = Decimal(one["gain"]) if one.get("gain") else None
    return Asked(one["place"], one["texte"], gain, one.get("unite", benefits.MONTH))
