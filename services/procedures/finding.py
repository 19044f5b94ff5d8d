"""Find what a procedure asks: the version in force, or the one that a dossier began with.

A row of the city takes the place of what came with the portal under the same code.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from services.aids import benefits, catalogue, shipping
from services.aids.models import LocalAid
from services.procedures.enums import Kind, Silence
from services.procedures.models import Procedure
from services.procedures.rules import Rules, of_aid

#: The time to answer that the law sets where a procedure says none (CRPA L231-1, L231-6).
MONTHS = 2


class Unknown(LookupError):
    """No procedure has this code, or it takes no requests today."""


def is_national(code: str) -> bool:
    """Return whether a procedure is the State's or a fund's: it came with the portal and no agent changes it."""
    return catalogue.exists(code) and catalogue.get(code).scope == "national"


def startable() -> list[Rules]:
    """Return the procedures that one can begin today: the portal's, then the city's own. Cost: one query."""
    rows = {row.code: row for row in Procedure.objects.in_force()}
    ours = [aid for aid in map(of_aid, catalogue.all_aids()) if aid.code not in rows]
    return [*ours, *(row.asks for row in rows.values() if is_open(row, timezone.localdate()))]


def is_open(row: Procedure, today: date) -> bool:
    begun = row.opens_on is None or row.opens_on <= today
    return begun and (row.closes_on is None or row.closes_on >= today)


def current(codes: Iterable[str]) -> list[Rules]:
    """Return what one can ask for today, in the order of the codes. Cost: one query, none for national codes.

    Raises:
        Unknown: a code has no procedure, or one that is closed.
    """
    found, today = _in_force(codes), timezone.localdate()
    rules = []
    for code, row in found.items():
        if row is not None and is_open(row, today):
            rules.append(row.asks)
        elif row is None and catalogue.exists(code):
            rules.append(of_aid(catalogue.get(code)))
        else:
            raise Unknown(code)
    return rules


def applying(aid: str) -> str:
    """Return the code of the procedure by which one asks for an aid, open or not; empty without one.

    What an agent published goes before the catalogue. Cost: one query, none for a national aid.
    """
    if known := benefits.BY_CODE.get(aid):
        return known.dossier
    for row in Procedure.objects.filter(rules__for_aids__contains=[aid]).order_by("code").in_force():
        return row.code
    return next((one.code for one in catalogue.all_aids() if aid in one.for_aids), "")


def aid_names(codes: Iterable[str]) -> dict[str, str]:
    """Return the names of the city's aids in force, sorted, then of those among `codes` that are not in force.

    Cost: two queries.
    """
    aids = sorted(LocalAid.objects.in_force(), key=lambda aid: aid.name.casefold())
    names = {aid.code: aid.name for aid in aids}
    ended = {code: code for code in codes if code not in names}
    shipped = [LocalAid(**shipping.columns(item)) for item in catalogue.local_aids() if item["code"] in ended]
    known = LocalAid.objects.shown().filter(code__in=ended).order_by("version").believed()
    ended |= {aid.code: aid.name for aid in [*shipped, *known]}
    return names | {code: _("%(aid)s (pas en vigueur)") % {"aid": name} for code, name in ended.items()}


def open_for(aid: str) -> Rules | None:
    """Return the procedure by which one asks for an aid today. Cost: two queries, none for a national aid."""
    code = applying(aid)
    try:
        return current([code])[0] if code else None
    except Unknown:
        return None


def is_answered_here(asked: Rules) -> bool:
    """Return whether an office of this portal may answer: the one that it names, or else the city's."""
    return asked.office is not None or not (asked.kind == Kind.PARTNER or is_national(asked.code))


def _in_force(codes: Iterable[str]) -> dict[str, Procedure | None]:
    """Return the row in force of each code; None if the portal's own serves, or if there is none."""
    codes = list(dict.fromkeys(codes))
    cities = [code for code in codes if not is_national(code)]
    rows = {row.code: row for row in Procedure.objects.filter(code__in=cities).in_force()} if cities else {}
    return {code: rows.get(code) for code in codes}


def chosen(codes: Sequence[str], versions: Mapping[str, int]) -> list[Rules]:
    """Return what a dossier asks: the versions that it began with, whatever became of them since.

    A code that exists no more is skipped. Cost: one query, none for national codes.
    """
    cities = [code for code in dict.fromkeys(codes) if not is_national(code)]
    wanted = [Q(code=code, version=versions.get(code, 0)) for code in cities]
    rows: dict[str, Procedure] = {}
    if wanted:
        either = Q()
        for one in wanted:
            either |= one
        rows = {row.code: row for row in Procedure.objects.shown().filter(either).believed()}
    found = []
    for code in dict.fromkeys(codes):
        if code in rows:
            found.append(rows[code].asks)
        elif catalogue.exists(code):
            found.append(of_aid(catalogue.get(code)))
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a procedure since a dossier began: another version, or none. `on` is its day."""

    code: str
    title: str
    on: date | None
    closed: bool
    version: int = 0


def newest(codes: Sequence[str]) -> dict[str, Procedure]:
    """Return the last public version of each procedure of the city. Cost: one query, none for national codes."""
    cities = [code for code in dict.fromkeys(codes) if not is_national(code)]
    rows = Procedure.objects.shown().filter(code__in=cities).order_by("version")
    return {row.code: row for row in rows.believed()} if cities else {}


def latest(codes: Sequence[str]) -> list[Rules]:
    """Return what these procedures ask, or asked last. Cost: one query, none for national codes."""
    rows = newest(codes)
    known = [code for code in dict.fromkeys(codes) if code in rows or catalogue.exists(code)]
    return [rows[code].asks if code in rows else of_aid(catalogue.get(code)) for code in known]


def on_day(codes: Sequence[str], day: date) -> list[Rules]:
    """Return what these procedures asked on a day. One that is younger than that asks what it does now.

    Cost: two queries, none for national codes.
    """
    chosen, cities = list(dict.fromkeys(codes)), [code for code in codes if not is_national(code)]
    rows = Procedure.objects.shown().filter(code__in=cities, published_at__date__lte=day).order_by("version")
    known = {row.code: row.asks for row in rows.believed()} if cities else {}
    younger = [code for code in cities if code not in known and not catalogue.exists(code)]
    known |= {one.code: one for one in latest(younger)}
    asked = [code for code in chosen if code in known or catalogue.exists(code)]
    return [known.get(code) or of_aid(catalogue.get(code)) for code in asked]


def changes(
    codes: Sequence[str], versions: Mapping[str, int], last: Mapping[str, Procedure] | None = None
) -> list[Change]:
    """Return what changed since a dossier began with these versions. `last`: what `newest` found, for several."""
    last = newest(codes) if last is None else last
    today, found = timezone.localdate(), []
    for code in dict.fromkeys(codes):
        if (row := last.get(code)) is None:
            continue
        if row.closed_at is not None:
            found.append(Change(code, row.label, timezone.localdate(row.closed_at), closed=True))
        elif row.closes_on is not None and row.closes_on < today:
            found.append(Change(code, row.label, row.closes_on, closed=True))
        elif row.version != versions.get(code, 0):
            on = timezone.localdate(row.published_at) if row.published_at else None
            found.append(Change(code, row.label, on, closed=False, version=row.version))
    return found


def names(codes: Sequence[str], title: str = "") -> str:
    """Return the names of procedures in the page's language. `title` has the French names of those of the city.

    Cost: one query without a title, if the catalogue lacks one of them.
    """
    if all(map(catalogue.exists, codes)):
        return ", ".join(catalogue.get(code).name for code in codes)
    if title:
        return catalogue.name_of(title) if len(codes) == 1 else title
    rows = Procedure.objects.shown().filter(code__in=codes).order_by("version")
    known = {aid.code: aid.name for aid in catalogue.all_aids()} | {row.code: row.name for row in rows.believed()}
    return ", ".join(known.get(code, code) for code in codes)


def closing(first: date, last: date) -> dict[str, date]:
    """Return the codes of the procedures in force that close within these days, and when."""
    rows = Procedure.objects.filter(closes_on__range=(first, last)).in_force()
    return {row.code: row.closes_on for row in rows if row.closes_on is not None}


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an office has, what its silence means, and to whom one appeals."""

    months: int = MONTHS
    silence: Silence = Silence.REFUSED
    appeals: tuple[catalogue.Appeal, ...] = ()


def terms(codes: Sequence[str], at: datetime) -> Terms:
    """Return the terms of a request that was received at this moment: those in force that day.

    Of several procedures: the longest time to answer, and an acceptance only where each says so. Cost: one query, none
    for national codes, whose offices are outside Garant.
    """
    cities = [code for code in codes if not is_national(code)]
    rows = (
        Procedure.objects.shown()
        .filter(Q(closed_at=None) | Q(closed_at__gt=at), code__in=cities, published_at__lte=at)
        .order_by("version")
        .believed()
        if cities
        else []
    )
    found = [row.asks for row in {row.code: row for row in rows}.values()]
    if not found:
        return Terms()
    delays = [one.decision_delay.months or MONTHS for one in found]
    accepted = len(found) == len(set(codes)) and all(
        one.decision_delay.silence_means == Silence.ACCEPTED for one in found
    )
    return Terms(max(delays), Silence.ACCEPTED if accepted else Silence.REFUSED, found[0].appeals)
