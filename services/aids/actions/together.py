"""Simulate a couple's aids: one partner computes, and the other's values count under their agreement.

Only the results are kept, in the vault of the partner who computes.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from services.aids.actions.simulations import ENGINE, KEEP, RESULT, read_household
from services.aids.facts import from_vault
from services.aids.household import BadHousehold
from services.aids.together.joint import CODE, TOGETHER
from services.aids.together.merging import merged
from vault.records import gate
from vault.records.actions import Source, Subject, Superseded, add_record
from vault.records.enums import Method, Mode, Role
from vault.records.grants.agreements import fields_of
from vault.records.models import Grant, Record
from vault.records.values.decrypted import Values
from vault.sharing.across import household_access
from vault.sharing.models import Member

if TYPE_CHECKING:
    from services.aids.results import Result, Results

ALONE: Final = "alone"
NO_GRANT: Final = "no_grant"
NO_FAMILY: Final = "no_family"
BAD: Final = "bad"


@dataclass(slots=True)
class Together:
    """A couple's results.

    `own` holds the record ids of the partner who computes: only these may be named or linked.
    """

    partner: Member
    grant: Grant
    read: from_vault.Read
    results: "Results"
    spouse_id: UUID
    own: frozenset[str]

    @property
    def shows_total(self) -> bool:
        return self.grant.mode == Mode.LOOK

    @property
    def listed(self) -> list["Result"]:
        """Return the household's aids. Personal aids are left out: they could reveal values that the partner did not
        share.
        """
        return [result for result in self.results.results if not result.benefit.personal]

    def is_of_partner(self, key: str) -> bool:
        return f"people[{self.spouse_id}]" in key


@dataclass(frozen=True, slots=True)
class NotTogether:
    """No simulation. `why`: no partner, no active grant, a household not described (`NO_FAMILY`) or an impossible one
    (`BAD`).
    """

    why: str
    partner: Member | None = None


def simulate(*, resident_id: UUID, keep: bool = True, today: date | None = None) -> Together | NotTogether:
    """Simulate the couple's aids for the resident and keep the outcome if it changed.

    Write one entry in each journal: the resident's own read, and the partner's values counted under the agreement.
    """
    place = household_access.of(resident_id)
    partner = place.partner if place else None
    if partner is None:
        return NotTogether(ALONE)
    received = household_access.received(resident_id, agreement=CODE)
    grant = next((grant for grant in received if grant.resident_id == partner.resident_id), None)
    if grant is None:
        return NotTogether(NO_GRANT, partner)
    own = gate.read_own(resident_id=resident_id, purpose=TOGETHER, fields=[*from_vault.FIELDS, f"{RESULT}#/empreinte"])
    if own.latest("foyer.composition") is None:
        return NotTogether(NO_FAMILY, partner)
    try:
        theirs = gate.read(grant=grant, fields=fields_of(grant), person=partner.resident_id)
        found = _compute(
            resident_id, partner, grant=grant, own=own, theirs=theirs, today=today or timezone.localdate()
        )
    except gate.Refused:
        return NotTogether(NO_GRANT, partner)
    except BadHousehold:
        return NotTogether(BAD, partner)
    if keep:
        _keep(resident_id, found, own)
    return found


def _compute(
    resident_id: UUID, partner: Member, *, grant: Grant, own: Values, theirs: Values, today: date
) -> Together:
    from services.aids import results

    values, spouse_id = merged(own, theirs, resident_id=resident_id, partner_id=partner.resident_id, name=partner.name)
    read = read_household(values, resident_id=resident_id, today=today)
    mine = frozenset(str(record.record_id) for record in own)
    return Together(partner, grant, read=read, results=results.compute(read.household), spouse_id=spouse_id, own=mine)


def _keep(resident_id: UUID, found: Together, own: Values) -> Record | None:
    """Keep the outcome in the vault of the partner who computes, apart from their own outcome.

    Return None if the last record has the same fingerprint.
    """
    mark = fingerprint(found)
    last = own.latest(RESULT, found.partner.resident_id)
    if last is not None and last.payload.get("empreinte") == mark:
        return None
    try:
        return add_record(
            resident_id=resident_id,
            by=resident_id,
            subject=Subject(type=RESULT, person=found.partner.resident_id, role=Role.HOUSEHOLD),
            payload=outcome(found, mark),
            source=Source(holder=ENGINE, method=Method.DERIVED),
            supersedes=last.record_id if last else None,
            purpose=KEEP,
        )
    except Superseded:
        return None


def fingerprint(found: Together) -> str:
    """Return a keyed hash: given a plain hash, a reader could try incomes until one matches."""
    from services.aids.engine import run as engine

    known = asdict(found.read.household)
    known.update(id="", title="", unknown=sorted(known["unknown"]), receives=sorted(known["receives"]))
    text = json.dumps([known, engine.versions(), str(found.grant.pk)], sort_keys=True, default=str, ensure_ascii=False)
    return salted_hmac("services.aids.together", text, algorithm="sha256").hexdigest()


def outcome(found: Together, mark: str) -> dict[str, Any]:
    """Return amounts only: no figure, no reason that holds one, no record of the partner."""
    from services.aids.engine import run as engine
    from services.aids.results import ELIGIBLE

    used = sorted({record for records in found.read.sources.values() for record in records} & found.own)
    with translation.override("fr"):
        reason = [{"texte": counted_sentence()}]
        kept = [
            {
                "code": result.code,
                "titre": str(result.benefit.title),
                "montant": f"{result.low:.2f}" if result.benefit.money and result.status == ELIGIBLE else None,
                "au_moins": not result.exact,
                "unite": result.benefit.unit,
                "statut": result.status,
                "raisons": reason,
            }
            for result in found.listed
        ]
    return {
        "periode": found.results.month,
        "moteur": engine.versions(),
        "empreinte": mark,
        "resultats": kept,
        "entrees": [{"record_id": record} for record in used],
        "hypotheses": [],
    }


def counted_sentence() -> str:
    return _("Les revenus de votre partenaire ont été pris en compte, sans vous être montrés.")
