"""The words for a value, its origin and its state, in the page's language."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.templatetags.civic import long_date, money, month, number, short_date
from vault import types
from vault.records.content import holder_catalogue
from vault.records.enums import Assurance, Method, PaperState, Validity
from vault.records.models import RESIDENT, Paper, PaperKind
from vault.records.values.decrypted import Opened, Origin, PaperOpened
from vault.types import FieldInfo, geography
from vault.types.names import first_name, words

#: The sources of values that are not organisations.
_NOT_HOLDERS: dict[str, str | Promise] = {"service": gettext_lazy("Calculé ici"), RESIDENT: gettext_lazy("Vous")}
#: A value that is empty.
NOTHING = "–"
#: A whole number from 1 to 12 is a month.
MONTHS = 12
#: Kinds of paper that come again: the title has the month.
_DATED = {Validity.PERIOD, Validity.MAX_AGE, Validity.FROM_ISSUE}
#: Years and month numbers are counted, not measured: no thousands separator.
_BARE = ("année",)


def not_anchored() -> str:
    """Return why nobody but the resident reads today: see `gate.NotAnchored`."""
    return _("Le journal n’est plus scellé depuis des heures : seuls les habitants lisent leurs données.")


def format_value(info: FieldInfo, value: Any) -> str:  # noqa: ANN401 - a payload's value
    """Return a value as a person writes it."""
    if value is None or value in ("", []):
        return NOTHING
    match info.kind:
        case "bool":
            return _("Oui") if value else _("Non")
        case "choice":
            return str(info.options.get(value, value))
        case "date" | "datetime":
            return long_date(value)
        case "partial_date":
            return _partial_date(str(value))
        case "month":
            return month(value)
        case "address":
            return address(value)
        case "commune" | "country":
            place = geography.find(info.kind, str(value))
            return place.label if place else str(value)
        case "object":
            return ", ".join(f"{name} {number(part)}" for name, part in value.items())
        case "list":
            return ", ".join(_item(info, item) for item in value)
        case "int" | "number" | "decimal":
            return _amount(info, value)
    return str(value)


def _partial_date(text: str) -> str:
    """Format a date whose month or day may be unknown, written 00."""
    known = text.removesuffix("-00").removesuffix("-00")
    return known if len(known) == 4 else month(known) if len(known) == 7 else long_date(known)


def address(value: Mapping[str, Any]) -> str:
    lines = [value.get("voie"), value.get("complement")] if value.get("voie") else value.get("lignes") or []
    town = " ".join(part for part in (value.get("code_postal"), value.get("commune")) if part)
    return ", ".join(str(line) for line in [*lines, town] if line) or NOTHING


def origin(found: Origin) -> str:
    """Return the origin in words: “Impôts, le 31 juillet 2026” or “Saisi par vous, le 4 mars 2026”."""
    when = long_date(found.issued_at or found.at)
    if found.method == Method.TYPED:
        return _("Saisi par vous, le %(day)s") % {"day": when}
    return _("%(holder)s, le %(day)s") % {"holder": holder(found.holder), "day": when}


def month_name(number_in_year: int) -> str:
    return date_format(date(2000, number_in_year, 1), "F")


def holder(name: str) -> str:
    return str(_NOT_HOLDERS.get(name) or holder_catalogue.name(name))


def state(record: Opened, found: Origin, today: date | None = None) -> tuple[str, str]:
    """Return the tag of a value: its words and its kind. An expired validity takes precedence over the assurance."""
    until, today = record.validity.end, today or timezone.localdate()
    if until is not None and until < today:
        return _("Expiré le %(day)s") % {"day": short_date(until)}, "expired"
    if found.proven and until is not None:
        return _("À jour jusqu’au %(day)s") % {"day": short_date(until)}, "fresh"
    return assurance_tag(found)


def assurance_tag(found: Origin) -> tuple[str, str]:
    return (_("Preuve expirée"), "expired") if found.proof_ended else assurance(found.assurance)


def assurance(level: str) -> tuple[str, str]:
    if Assurance(level).proven:
        return _("Vérifié"), "ok"
    if level == Assurance.CONSISTENT:
        return _("Recoupé"), "fresh"
    return _("Déclaré"), "declared"


def paper_title(kind: PaperKind | None, about: str = "", issued_on: date | None = None) -> str:
    """Return the title that distinguishes a paper: “Avis d’impôt sur le revenu 2026”, “Bulletin de salaire, octobre
    2026”.
    """
    label = kind.label if kind else _("Papier à préciser")
    if not about and issued_on and kind and kind.validity in _DATED:
        about = f"{issued_on:%Y-%m}"
    if not about:
        return label
    return f"{label}, {month(about)}" if "-" in about else f"{label} {about}"


def paper_state(paper: PaperOpened | Paper, proven: bool = False, today: date | None = None) -> tuple[str, str]:
    today = today or timezone.localdate()
    match paper.state:
        case PaperState.QUARANTINED | PaperState.CHECKING:
            return _("Contrôle en cours"), ""
        case PaperState.TO_CONFIRM:
            return _("À confirmer"), "soon"
        case PaperState.REFUSED:
            return _("Refusé"), "expired"
    if paper.expires_on is not None and paper.expires_on < today:
        return _("Expiré le %(day)s") % {"day": short_date(paper.expires_on)}, "expired"
    if paper.expires_on is not None:
        return _("À jour jusqu’au %(day)s") % {"day": short_date(paper.expires_on)}, "fresh"
    return (_("Vérifié"), "ok") if proven else (_("Rangé"), "fresh")


def day(when: date | None) -> str:
    return long_date(when) if when else ""


def day_of(text: str) -> str:
    return long_date(text) if text else ""


def added(paper: PaperOpened) -> str:
    return _("Ajouté le %(day)s") % {"day": long_date(paper.created_at)}


def about_person(record: Opened, people: Mapping[Any, str]) -> str:
    """Return the name of the person that the value is about, or "" for the resident."""
    if record.role in {"self", "household"}:
        return ""
    return people.get(record.person, str(_ROLE_LABELS.get(record.role, "")))


_ROLE_LABELS: dict[str, str | Promise] = {
    "spouse": gettext_lazy("Votre conjoint"),
    "child": gettext_lazy("Votre enfant"),
}


def heading(record: Opened) -> str:
    """Return the title that distinguishes a record: “Salaire du mois, octobre 2026”, “RSA”, “RSA : non”."""
    title, denied_by = _title(record), types.get(record.type).rules.denied_by
    denied = denied_by and record.payload.get(denied_by) in (False, 0)
    return _("%(title)s : non") % {"title": title} if denied else title


def _title(record: Opened) -> str:
    data_type = types.get(record.type)
    payload = record.payload
    if isinstance(payload.get("annee_revenus"), int):
        return _("%(title)s, revenus %(year)s") % {"title": data_type.title, "year": payload["annee_revenus"]}
    if isinstance(payload.get("mois"), str):
        return f"{data_type.title}, {month(payload['mois'])}"
    if isinstance(payload.get("mois"), int) and isinstance(payload.get("annee"), int):
        when = f"{payload['annee']}-{payload['mois']:02d}"
        return f"{data_type.title}, {month(when)}"
    if payload.get("annee_scolaire"):
        return f"{data_type.title}, {payload['annee_scolaire']}"
    if (name := data_type.rules.heading) and payload.get(name):
        return format_value(types.field(f"{record.type}#/{name}"), payload[name])
    return data_type.title


def counts(values: int, papers: int) -> str:
    """Return “28 informations et 9 papiers.”, without the one of which there is none."""
    labels = {
        "values": ngettext("%(count)s information", "%(count)s informations", values) % {"count": number(values)},
        "papers": ngettext("%(count)s papier", "%(count)s papiers", papers) % {"count": number(papers)},
    }
    if values and papers:
        return _("%(values)s et %(papers)s.") % labels
    return f"{labels['papers' if papers else 'values']}."


def _item(info: FieldInfo, item: Any) -> str:  # noqa: ANN401 - a payload's value
    if item is None:
        return NOTHING
    if not isinstance(item, Mapping):
        return str(info.options.get(item, item))
    if "prenoms" in item:
        return first_name(item["prenoms"])
    parts = [format_value(inner, item[name]) for name, inner in info.items.items() if item.get(name) is not None]
    return " ".join(parts)


def _amount(info: FieldInfo, value: Any) -> str:  # noqa: ANN401 - a payload's value
    if info.kind == "int" and info.schema.get("maximum") == MONTHS:
        return month_name(value)
    if info.unit in _BARE or (info.kind == "int" and not info.unit):
        return str(value)
    if info.unit.startswith("EUR"):
        per = {"EUR/mois": _("par mois"), "EUR/an": _("par an")}.get(info.unit, "")
        return f"{money(value)} {per}".strip()
    label = info.unit_label
    return f"{number(value)} {label}".strip() if info.unit not in ("part", "part de 1") else number(value)


def label_value_pairs(type_code: str, payload: Mapping[str, Any], fields: Sequence[str]) -> list[tuple[str, str]]:
    """Return (label, value) for each field of this type that has a value, as a person writes them."""
    infos = [types.field(field) for field in fields if field.startswith(f"{type_code}#/")]
    found = [(info, payload.get(info.id.partition("#/")[2].split("/")[0])) for info in infos]
    return [(info.label, format_value(info, value)) for info, value in found if value not in (None, "", [], {})]


def type_matches(data_type: types.DataType, search: str) -> bool:
    """Return True if each word of the search begins a word of the type, its theme or its fields."""
    labels = " ".join(info.label for info in data_type.fields.values())
    read = words(f"{data_type.title} {data_type.theme_label} {labels}")
    return all(any(word.startswith(part) for word in read) for part in words(search))


def join_labels(names: Sequence[str]) -> str:
    return ", ".join([*names[:1], *(small(name) for name in names[1:])])


def small(title: str) -> str:
    """Return the title for use within a sentence: lower case, except acronyms such as RIB or CAF."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]
