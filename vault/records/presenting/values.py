"""The vault's page: values by theme, each with its origin, its proof and its state in words."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.templatetags.civic import long_date, month, number
from vault import types
from vault.records import wording
from vault.records.presenting import data
from vault.records.values import questions
from vault.records.values.decrypted import Opened, PaperOpened, Values
from vault.records.values.listing import Sum
from vault.types.names import words

STATES = [
    ("", gettext_lazy("Tous")),
    ("verified", gettext_lazy("Vérifié")),
    ("declared", gettext_lazy("Déclaré")),
    ("expired", gettext_lazy("Expiré")),
]
PROOFS = [
    ("", gettext_lazy("Toutes")),
    ("paper", gettext_lazy("Un papier")),
    ("holder", gettext_lazy("Un organisme")),
    ("none", gettext_lazy("Aucune")),
]
#: The kinds of values that say nothing without their label.
_LABELLED = {"int", "number", "decimal", "list", "bool"}
IN_A_GIST = 2
_STATE_KINDS = {"verified": {"ok", "fresh"}, "declared": {"declared"}, "expired": {"expired"}}


_THOUSANDS = re.compile(r"(?<=\d)[\s,](?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")


def tokenize(text: str) -> list[str]:
    """Return the words of a text. A number is one word in any notation: 1 003,20 and 1003.20 are the same word."""
    return words(_DECIMAL.sub("v", _THOUSANDS.sub("", text)))


@dataclass(frozen=True)
class Row:
    label: str
    value: str
    origin: str
    proof: str
    proof_href: str
    tag: str
    tag_kind: str
    href: str
    action: str

    def matches(self, asked: Sequence[str], state: str) -> bool:
        if state and self.tag_kind not in _STATE_KINDS.get(state, ()):
            return False
        read = " ".join(tokenize(f"{self.label} {self.value} {self.origin} {self.proof}")) if asked else ""
        return all(word in read for word in asked)


@dataclass(frozen=True)
class Group:
    """One record: its title, and a row for each value."""

    record_id: UUID
    title: str
    rows: list[Row]
    main: str = ""
    older: bool = False
    type: str = ""
    gist: str = ""

    @property
    def href(self) -> str:
        return reverse("records:history", args=[self.record_id])


@dataclass(frozen=True)
class Section:
    """One theme. `sums` has one line per type of data; `more` links to older records that are not on this page.

    `elsewhere` counts the records behind `sums` and `more`.
    """

    code: str
    title: str
    groups: list[Group] = field(default_factory=list)
    sums: list[dict[str, str]] = field(default_factory=list)
    more: list[dict[str, str]] = field(default_factory=list)
    elsewhere: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.groups) + sum(self.elsewhere)

    @property
    def expired(self) -> int:
        """Return how many of the newest records have an expired value."""
        return sum(any(row.tag_kind == "expired" for row in group.rows) for group in self.shown)

    @property
    def gist(self) -> str:
        """Return the theme in one line: the newest record of two types, else the titles of its records."""
        newest: dict[str, str] = {}
        for group in self.shown:
            if group.gist:
                newest.setdefault(group.type, group.gist)
        titles = dict.fromkeys([group.title for group in self.shown] + [line["label"] for line in self.sums])
        return ". ".join(list(newest.values())[:IN_A_GIST]) or ". ".join(list(titles)[:IN_A_GIST])

    @property
    def shown(self) -> list[Group]:
        return [group for group in self.groups if not group.older]

    @property
    def folded(self) -> list[dict[str, str]]:
        """Return the past months and years, one line each, shown under the newest record of their type."""
        older = [group for group in self.groups if group.older]
        return [
            {
                "label": group.title,
                "href": group.href,
                "text": f"{group.main}. {group.rows[0].origin}",
                "tag": group.rows[0].tag,
                "tag_kind": group.rows[0].tag_kind,
            }
            for group in older
        ]


@dataclass(frozen=True)
class PaperRow:
    title: str
    href: str
    added: str
    tag: str
    tag_kind: str
    actions: list[dict[str, str]]


def sections(
    values: Values,
    papers: Iterable[PaperOpened],
    people: Mapping[UUID, str],
    *,
    search: str = "",
    state: str = "",
    only: Collection[UUID] | None = None,
    folded: Collection[UUID] = (),
    sums: Iterable[Sum] = (),
    more: Mapping[str, int] | None = None,
) -> list[Section]:
    """Return the themes in the catalogue's order, newest records first, without the empty themes."""
    proofs = {paper.paper_id: paper.title for paper in papers}
    asked = tokenize(search)
    found = {code: Section(code, title) for code, title in types.themes().items()}
    for record in reversed(list(values)):
        if only is not None and record.record_id not in only:
            continue
        rows = [row for row in _rows(record, proofs, secondary=False) if row.matches(asked, state)]
        if rows:
            group = Group(
                record.record_id,
                _title(record, people),
                rows,
                _main(record),
                record.record_id in folded,
                record.type,
                _gist(record),
            )
            found[types.get(record.type).theme].groups.append(group)
    for one in sums:
        line = _sum_line(one)
        if all(word in " ".join(tokenize(f"{line['label']} {line['text']}")) for word in asked):
            found[types.get(one.type).theme].sums.append(line)
            found[types.get(one.type).theme].elsewhere.append(one.count)
    for type_code, count in (more or {}).items():
        found[types.get(type_code).theme].more.append(_more_line(type_code, count))
        found[types.get(type_code).theme].elsewhere.append(count)
    return [section for section in found.values() if section.groups or section.sums]


def paginate(sections: Sequence[Section], page: int, size: int) -> tuple[list[Section], int]:
    """Return one page of the search results, and the number of pages. Matching needs decrypted records."""
    found = [(section, group) for section in sections for group in section.groups]
    pages = max(1, -(-len(found) // size))
    here = found[(min(page, pages) - 1) * size :][:size]
    shown = [
        replace(section, groups=[group for of, group in here if of is section], sums=section.sums if page <= 1 else [])
        for section in sections
    ]
    return [section for section in shown if section.groups or section.sums], pages


def record_rows(record: Opened) -> list[Row]:
    return list(_rows(record, {}))


def proven_rows(values: Values, paper_id: UUID) -> list[Row]:
    """Return the current values that a paper proves, each with its assurance; those that count least come last.

    The paper's own page gives its expiry.
    """
    found: list[Row] = []
    least: list[Row] = []
    for record in values:
        secondary = types.get(record.type).rules.secondary
        for name, row in zip(_shown(record), _rows(record, {}), strict=True):
            origin = record.origin(name)
            if origin.paper_id == paper_id:
                tag, tag_kind = wording.assurance_tag(origin)
                (least if name in secondary else found).append(replace(row, tag=tag, tag_kind=tag_kind))
    return found + least


def paper_rows(papers: Iterable[PaperOpened]) -> list[PaperRow]:
    return [_paper_row(paper) for paper in papers]


def _sum_line(one: Sum) -> dict[str, str]:
    when = long_date(one.retrieved_at)
    origin = _("%(holder)s, le %(day)s") % {"holder": wording.holder(one.holder), "day": when}
    # Nothing is called verified before it was checked row by row, as the page of the type does.
    tag, tag_kind = ("", "") if one.proven else (_("Déclaré"), "declared")
    return {
        "label": types.get(one.type).title,
        "href": reverse("records:of_type", args=[one.type]),
        "text": f"{_extent(one)}. {origin}",
        "tag": tag,
        "tag_kind": tag_kind,
    }


def _extent(one: Sum) -> str:
    count = data.records(one.type, one.count)
    if one.first is None or one.last is None:
        return count
    first, last = month(one.first), month(one.last)
    text = _("%(count)s, %(month)s") if first == last else _("%(count)s, de %(first)s à %(last)s")
    return text % {"count": count, "month": first, "first": first, "last": last}


def _more_line(type_code: str, count: int) -> dict[str, str]:
    title = types.get(type_code).title
    label = ngettext(
        "%(title)s : voir %(count)s autre, plus ancien", "%(title)s : voir les %(count)s autres, plus anciens", count
    ) % {
        "title": title,
        "count": number(count),
    }
    return {"label": label, "href": reverse("records:of_type", args=[type_code])}


def _main(record: Opened) -> str:
    name = types.get(record.type).rules.main
    return wording.format_value(types.field(f"{record.type}#/{name}"), record.payload.get(name)) if name else ""


def _gist(record: Opened) -> str:
    """Return the record in a few words: names and dates as they are, figures and lists with their label."""
    rules = types.get(record.type).rules
    text, before = "", ""
    for name in rules.gist or (rules.main,):
        if not name or record.payload.get(name) in (None, "", []):
            continue
        info = types.field(f"{record.type}#/{name}")
        part = wording.format_value(info, record.payload[name])
        if part == wording.NOTHING:
            continue
        if info.kind in _LABELLED:
            part = _("%(what)s : %(value)s") % {"what": info.label, "value": part}
        alone = info.kind in _LABELLED or info.kind == "address"
        between = ". " if alone else " " if before == info.kind == "text" else ", "
        text, before = f"{text}{between}{part}" if text else part, info.kind
    return text


def _rows(record: Opened, proofs: Mapping[UUID, str], *, secondary: bool = True) -> Iterable[Row]:
    typed = questions.is_typed(record.type)
    for name in _shown(record, secondary=secondary):
        info, value = types.field(f"{record.type}#/{name}"), record.payload[name]
        found = record.origin(name)
        tag, tag_kind = wording.state(record, found)
        yield Row(
            label=info.label,
            value=wording.format_value(info, value),
            origin=wording.origin(found),
            proof=proofs.get(found.paper_id, "") if found.paper_id else "",
            proof_href=reverse("records:paper", args=[found.paper_id]) if found.paper_id in proofs else "",
            tag=tag,
            tag_kind=tag_kind,
            href=f"{reverse('records:correct', args=[record.record_id])}?champ={name}" if typed else "",
            action=_("Corriger"),
        )


def _shown(record: Opened, *, secondary: bool = True) -> list[str]:
    """Return the names of the values to show, in the type's order."""
    data_type = types.get(record.type)
    left_out = {*data_type.rules.hidden, *(() if secondary else data_type.rules.secondary)}
    known = [pointer[1:] for pointer in data_type.fields]
    return [name for name in known if name not in left_out and record.payload.get(name) is not None]


def _title(record: Opened, people: Mapping[UUID, str]) -> str:
    whose = wording.about_person(record, people)
    if record.type == "foyer.situation":
        return _("Situation : %(person)s") % {"person": whose} if whose else _("Votre situation")
    return f"{wording.heading(record)}, {whose}" if whose else wording.heading(record)


def _paper_row(paper: PaperOpened) -> PaperRow:
    tag, tag_kind = wording.paper_state(paper, paper.is_proof)
    return PaperRow(
        title=paper.title,
        href=reverse("records:paper", args=[paper.paper_id]),
        added=wording.added(paper),
        tag=tag,
        tag_kind=tag_kind,
        actions=_paper_actions(paper),
    )


def _paper_actions(paper: PaperOpened) -> list[dict[str, str]]:
    def link(label: str, name: str) -> dict[str, str]:
        return {"label": label, "href": reverse(f"records:{name}", args=[paper.paper_id])}

    match paper.state:
        case "kept":
            first = link(_("Remplacer"), "replace_paper") if paper.is_expired else link(_("Télécharger"), "download")
            return [first, link(_("Supprimer"), "delete_paper")]
        case "to_confirm":
            return [link(_("Confirmer"), "confirm_paper"), link(_("Supprimer"), "delete_paper")]
        case "refused":
            return [link(_("Voir pourquoi"), "paper"), link(_("Supprimer"), "delete_paper")]
    return [link(_("Voir où cela en est"), "paper")]
