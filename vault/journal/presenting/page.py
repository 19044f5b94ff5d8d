"""The journal's page: filters, pagination, and one entry in full."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import journal
from core.journal import Ground, Line, Means
from core.templatetags.civic import clock
from vault import types
from vault.journal import sentences
from vault.journal.repeated import identify_act
from vault.journal.sentences import EntryText
from vault.records.grants.recipient_names import names_of
from vault.records.models import Grant, Record

#: The rows of a page: one per entry of others, one per day for the resident's own acts. A filter on a person unfolds
#: the own acts.
ROWS = 10
#: How many own acts are shown under their day's row; beyond, a link leads to that day.
UNFOLDED = 20
#: How many entries one page searches at most: about a second of decryption.
MOST_SEARCHED = 20_000


class Who(StrEnum):
    ALL = ""
    OTHERS = "autres"
    ME = "moi"
    PORTAL = "portail"


class Kind(StrEnum):
    ALL = ""
    READ = "lectures"
    REFUSED = "refus"
    SHARING = "partages"
    PAPERS = "papiers"
    VALUES = "valeurs"
    ORGANISATIONS = "organismes"
    DOSSIERS = "dossiers"
    ACCOUNT = "compte"


class When(StrEnum):
    ALL = ""
    MONTH = "mois"
    YEAR = "an"


_WHO: dict[Who, str | Promise] = {
    Who.ALL: gettext_lazy("Tout le monde"),
    Who.OTHERS: gettext_lazy("Les autres"),
    Who.ME: gettext_lazy("Vous"),
    Who.PORTAL: gettext_lazy("Le portail, tout seul"),
}
_KINDS: dict[Kind, str | Promise] = {
    Kind.ALL: gettext_lazy("Tout"),
    Kind.READ: gettext_lazy("Lectures"),
    Kind.REFUSED: gettext_lazy("Refus"),
    Kind.SHARING: gettext_lazy("Accords et foyer"),
    Kind.PAPERS: gettext_lazy("Papiers"),
    Kind.VALUES: gettext_lazy("Valeurs"),
    Kind.ORGANISATIONS: gettext_lazy("Organismes"),
    Kind.DOSSIERS: gettext_lazy("Dossiers"),
    Kind.ACCOUNT: gettext_lazy("Compte et journal"),
}
_WHEN: dict[When, str | Promise] = {
    When.ALL: gettext_lazy("Depuis le début"),
    When.MONTH: gettext_lazy("30 derniers jours"),
    When.YEAR: gettext_lazy("12 derniers mois"),
}
_DAYS = {When.MONTH: 30, When.YEAR: 365}
#: The kind of an event by the beginning of its code; the first match counts.
_BEGINNINGS = (
    (Kind.SHARING, ("grant", "sharing", "household", "shared", "link", "mandate", "emergency", "erasure")),
    (Kind.PAPERS, ("paper", "side", "file", "upload")),
    (Kind.ORGANISATIONS, ("connection", "request", "records_received")),
    (Kind.DOSSIERS, ("dossier", "part_")),
    (
        Kind.ACCOUNT,
        ("vault_opened", "identity_linked", "identity_unlinked", "second_factor", "journal", "contest", "alerts"),
    ),
)
_LAW: dict[Ground, str | Promise] = {
    Ground.OWN: gettext_lazy(
        "Vous l’avez demandé. Le portail ne fait que ce que vous demandez (RGPD, article 6.1.b et e)."
    ),
    Ground.GRANT: gettext_lazy("Vous avez donné votre accord, et vous pouvez l’arrêter (RGPD, article 6.1.a)."),
    Ground.EMERGENCY: gettext_lazy(
        "Un accès d’urgence, décidé par deux agents sans votre accord : vous pouvez l’arrêter et contester (RGPD, "
        "article 6.1.d et e)."
    ),
    Ground.TASK: gettext_lazy("La mission de service public de la ville (RGPD, article 6.1.e)."),
}


@dataclass(frozen=True)
class Wanted:
    """The filters of the page.

    A recipient is identified by their first grant: the URL then contains no name, and the page no account id, which
    would outlive a parting.
    """

    who: Who = Who.ALL
    grant: UUID | None = None
    kind: Kind = Kind.ALL
    when: When = When.ALL
    day: date | None = None
    type: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "Wanted":
        """Read the filters of a query. Invalid values are ignored."""
        who = query.get("qui", "")
        return cls(
            who=Who(who) if who in set(Who) else Who.ALL,
            grant=_uuid(who),
            kind=Kind(query.get("quoi", "")) if query.get("quoi", "") in set(Kind) else Kind.ALL,
            when=When(query.get("quand", "")) if query.get("quand", "") in set(When) else When.ALL,
            day=_day(query.get("jour", "")),
            type=query["type"] if types.is_known(query.get("type", "")) else "",
        )

    @property
    def query(self) -> str:
        filters = {
            "qui": self.chosen_who,
            "quoi": self.kind,
            "quand": self.when,
            "jour": self.day or "",
            "type": self.type,
        }
        return urlencode({name: value for name, value in filters.items() if value})

    @property
    def chosen_who(self) -> str:
        return str(self.grant or self.who)

    @property
    def unfolded(self) -> bool:
        """True if the resident's own acts are listed one by one."""
        return self.who in {Who.ME, Who.OTHERS, Who.PORTAL} or self.grant is not None

    @property
    def since(self) -> datetime | None:
        if self.day:
            return _midnight(self.day)
        return timezone.now() - timedelta(days=_DAYS[self.when]) if self.when else None

    @property
    def until(self) -> datetime | None:
        return _midnight(self.day + timedelta(days=1)) if self.day else None


@dataclass(frozen=True)
class Repeated(EntryText):
    """A row that stands for the same act several times in a day: how many, and when the first one was."""

    times: int
    first: str


@dataclass
class Day:
    """The entries of one day: those of others in `lines`, the first own acts in `own`, their number in `own_count`."""

    day: date
    lines: list[EntryText] = field(default_factory=list)
    own: list[EntryText] = field(default_factory=list)
    own_count: int = 0
    readings: dict[tuple[str, ...], list[Line]] = field(default_factory=dict)

    @property
    def own_words(self) -> str:
        return ngettext("Vous : %(count)s acte", "Vous : %(count)s actes", self.own_count) % {"count": self.own_count}


@dataclass(frozen=True)
class Page:
    """One page of the journal.

    `older`: the entry number below which the next page begins. `cut`: the search stopped at `MOST_SEARCHED`, so that
    entries may be missing.
    """

    days: list[Day]
    older: int | None
    cut: bool


def page(*, reader: UUID, wanted: Wanted, before: int | None) -> Page:
    found, older, cut = _collect(reader, wanted, before)
    kinds = sentences.paper_kinds(found)
    days = []
    for of_day, entries in groupby(found, key=_local_day):
        day = Day(of_day)
        for entry in entries:
            own = not wanted.unfolded and sentences.is_own(entry, reader)
            day.own_count += own
            if same := _same(entry, wanted):
                day.readings.setdefault(same, []).append(entry)
                if len(day.readings[same]) > 1:
                    continue
            if not own or len(day.own) < UNFOLDED:
                (day.own if own else day.lines).append(sentences.present_entry(entry, kinds, reader))
        days.append(day)
        _count_readings(day)
    return Page(days, older, cut)


def _same(entry: Line, wanted: Wanted) -> tuple[str, ...] | None:
    """Return the row of a day in which a repeated reading is counted; None where each has its own."""
    return None if wanted.grant else identify_act(entry)


def _count_readings(day: Day) -> None:
    several = {entries[0].id: entries for entries in day.readings.values() if len(entries) > 1}
    day.lines = [
        Repeated(**vars(line), times=len(several[line.id]), first=clock(several[line.id][-1].at))
        if line.id in several
        else line
        for line in day.lines
    ]


def context(*, reader: UUID, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of the page's template."""
    number, wanted = query.get("avant", ""), Wanted.read(query)
    before = int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else None
    shown = page(reader=reader, wanted=wanted, before=before)
    return {
        "days": shown.days,
        "older": shown.older,
        "cut": shown.cut,
        "newest": before is None,
        "wanted": wanted,
        "choices": choices(wanted),
    }


def search_entries(*, reader: UUID, wanted: Wanted, before: int | None = None) -> Iterator[tuple[Line, bool]]:
    """Yield each entry of the period, newest first, and whether it matches the filters."""
    grants = _grants_of(wanted.grant)
    for entry in journal.lines(resident_id=reader, before=before, since=wanted.since, until=wanted.until):
        yield entry, _matches(entry, reader, wanted, grants)


def choices(wanted: Wanted) -> dict[str, list[tuple[str, str]]]:
    """Return the choices of the filters. Requires the resident's scope."""
    by_recipient = Grant.objects.order_by("recipient_label", "recipient_id", "created_at").distinct(
        "recipient_label", "recipient_id"
    )
    names = names_of(list(by_recipient))
    grants = sorted(((pk, one.label) for pk, one in names.items()), key=lambda one: one[1])
    held = Record.objects.order_by("type").values_list("type", flat=True).distinct()
    titles = sorted((types.get(code).title, code) for code in {*held, wanted.type} if types.is_known(code))
    return {
        "who": [
            *((code.value, str(words)) for code, words in _WHO.items()),
            *((str(pk), label) for pk, label in grants),
        ],
        "kinds": [(code.value, str(words)) for code, words in _KINDS.items()],
        "periods": [(code.value, str(words)) for code, words in _WHEN.items()],
        "types": [("", _("Toutes")), *((code, title) for title, code in titles)],
    }


def kind_of(event: str) -> Kind:
    if event in sentences.REFUSALS:
        return Kind.REFUSED
    if sentences.is_reading(event):
        return Kind.READ
    return next((kind for kind, beginnings in _BEGINNINGS if event.startswith(beginnings)), Kind.VALUES)


def rows(entry: Line, reader: UUID) -> list[dict[str, str]]:
    """Return who, why, legal ground and means of an entry, for a summary list."""
    pairs = [
        (_("Qui"), by_whom(entry, reader)),
        (_("Pourquoi"), _(entry.purpose) if entry.purpose else ""),
        (_("Ce qui le permet"), str(_LAW[entry.ground])),
        (_("Par quel moyen"), _capital(str(sentences.MEANS[entry.means]))),
    ]
    return [{"key": key, "value": value} for key, value in pairs if value]


def _collect(reader: UUID, wanted: Wanted, before: int | None) -> tuple[list[Line], int | None, bool]:
    """Return the entries of one page, the number below which the next begins, and whether the search was cut."""
    found: list[Line] = []
    count, folded, last = 0, None, before
    seen: set[tuple[date, tuple[str, ...]]] = set()
    for searched, (entry, matches) in enumerate(search_entries(reader=reader, wanted=wanted, before=before)):
        if searched >= MOST_SEARCHED:
            return found, last, True
        if matches:
            own = not wanted.unfolded and sentences.is_own(entry, reader)
            day = _local_day(entry)
            new_row = not own or folded != day
            if same := _same(entry, wanted):
                new_row = (day, same) not in seen
                seen.add((day, same))
            if new_row and count >= ROWS:
                return found, last, False
            count += new_row
            folded = day if own else folded
            found.append(entry)
        last = entry.number
    return found, None, False


def _matches(entry: Line, reader: UUID, wanted: Wanted, grants: Container[str]) -> bool:
    if wanted.grant and entry.details.get("grant", "") not in grants:
        return False
    if wanted.kind and kind_of(entry.event) != wanted.kind:
        return False
    if wanted.type and not any(field_id.partition("#")[0] == wanted.type for field_id in entry.fields):
        return False
    return wanted.who == Who.ALL or _who(entry, reader) == wanted.who


def by_whom(entry: Line, reader: UUID) -> str:
    if entry.means == Means.SCHEDULER:
        return _("Le portail, tout seul")
    if entry.actor_id == reader:
        return _("Vous")
    if entry.event in sentences.BY_UNKNOWN:
        return _("Une personne qui n’avait pas le bon code")
    return entry.details.get("recipient") or _("Un agent de la ville")


def _who(entry: Line, reader: UUID) -> Who:
    if entry.means == Means.SCHEDULER:
        return Who.PORTAL
    return Who.ME if sentences.is_own(entry, reader) else Who.OTHERS


def _grants_of(grant: UUID | None) -> set[str]:
    """Return the ids of all grants to the recipient of this one."""
    if grant is None:
        return set()
    recipients = Grant.objects.filter(pk=grant).values("recipient_id")
    return {str(pk) for pk in Grant.objects.filter(recipient_id__in=recipients).values_list("pk", flat=True)}


def _local_day(entry: Line) -> date:
    return timezone.localtime(entry.at).date()


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
