"""Compare the requirements of a dossier's aids with the vault. Pure functions."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.templatetags.civic import long_date
from services.aids.catalogue import Condition, PaperNeed, in_words
from services.dossiers.content import conditions
from services.dossiers.content.freshness import Freshness, freshness
from services.dossiers.content.situation import Situation, expired
from services.dossiers.enums import Choice, NeedState
from services.procedures.rules import Rules, Section
from vault import types
from vault.records import wording
from vault.records.enums import Outcome, PaperState
from vault.records.models import Paper, PaperKind
from vault.records.papers import checks
from vault.records.papers.checks import minimum
from vault.records.values.decrypted import CheckLine, Opened

PAPER, VALUES = "paper", "values"
#: Types required from everyone. Other types are joined only if the vault has them.
EXPECTED = {
    "identite.pivot",
    "identite.contact",
    "foyer.composition",
    "logement.domicile",
    "fiscal.avis_ir",
    "social.quotient_familial",
}
#: Parts of an address that say where a letter arrives: a town alone does not.
STREET = ("voie", "lignes", "ban_id")
#: Types that organisations need from each partner: identity and income. The applicant alone gives the others.
OF_EACH_PARTNER = {
    "identite.pivot",
    "emploi.revenu",
    "emploi.indemnite_ft",
    "emploi.inscription_ft",
    "revenu.mensuel",
    "social.paiement",
    "fiscal.avis_ir",
}
#: Roles whose papers may belong to a partner.
OF_ADULTS = {"applicant", "household", "partner"}
READY = {NeedState.PRESENT, NeedState.LEFT_OUT}
SETTLED = READY | {NeedState.NOT_CONCERNED}


@dataclass(frozen=True)
class Need:
    """One requirement. `key` names it in the resident's choices; `papers` and `records` would be joined to the
    dossier.
    """

    key: str
    sort: str
    code: str
    title: str
    state: NeedState
    hint: str = ""
    question: str | Promise = ""
    required: bool = True
    wanted: int = 1
    papers: tuple[UUID, ...] = ()
    records: tuple[UUID, ...] = ()
    fields: tuple[str, ...] = ()
    #: The fields that are needed and that no record has.
    lacking: tuple[str, ...] = ()
    waiting: UUID | None = None
    #: A paper of somebody who has no vault here: the resident adds it to the dossier, and no other paper answers.
    of_guarantor: bool = False

    @property
    def slug(self) -> str:
        """Return the id of the line in the dossier's page, so that an act comes back to it."""
        return f"ligne-{self.key.replace(':', '-').replace('.', '-')}"

    @property
    def settled(self) -> bool:
        return self.state in SETTLED or not self.required

    @property
    def joined(self) -> bool:
        if self.state == NeedState.MISSING:
            return bool(self.lacking)
        return self.state == NeedState.PRESENT or (
            self.state == NeedState.EXPIRED and bool(self.papers or self.records)
        )

    def as_present(self) -> "Need":
        """Return the need for a reader to whom the fields that it seems to lack are not open."""
        return replace(self, state=NeedState.PRESENT, lacking=(), hint="")

    @property
    def lacking_words(self) -> str:
        return ", ".join(types.field(field_id).label for field_id in self.lacking)


@dataclass(frozen=True)
class Wanted:
    """One kind of paper of one person, for several aids: highest count, strictest period, common substitutes."""

    kind: str
    who: str
    count: int
    freshness: Freshness
    #: In the order of the aids.
    conditions: tuple[Condition | None, ...]
    alternatives: tuple[str, ...]
    required: bool
    each: str | None
    note: str
    #: From 1 on; 0: not a guarantor's.
    guarantor: int = 0

    @classmethod
    def of(cls, need: PaperNeed) -> "Wanted":
        return cls(
            kind=need.kind,
            who=need.who,
            count=need.count,
            freshness=freshness(need.period),
            conditions=(need.condition,),
            alternatives=tuple(need.alternatives),
            required=need.required,
            each=need.each,
            note=in_words(need.note or ""),
        )

    @property
    def key(self) -> str:
        return f"{PAPER}:{self.kind}:{self.who}"

    def with_(self, other: "Wanted") -> "Wanted":
        stricter = other if other.freshness.stricter_than(self.freshness) else self
        return replace(
            self,
            count=max(self.count, other.count),
            freshness=stricter.freshness,
            conditions=tuple(dict.fromkeys([*self.conditions, *other.conditions])),
            alternatives=tuple(kind for kind in self.alternatives if kind in other.alternatives),
            required=self.required or other.required,
            each=self.each or other.each,
            note=" ".join(dict.fromkeys(filter(None, [self.note, other.note]))),
        )


@dataclass
class Shelf:
    """The resident's papers. Each can be joined once."""

    papers: Sequence[Paper]
    #: Papers of guarantors, each for the need that names it.
    added: Mapping[str, frozenset[UUID]] = field(default_factory=dict)
    taken: set[UUID] = field(default_factory=set)

    def find(self, wanted: "Wanted", states: Iterable[str]) -> list[Paper]:
        """Return the papers that answer, in these states: the required kind before its substitutes, then the newest
        first. Only what was added for a guarantor answers for one, and for nobody else.
        """
        if wanted.guarantor:
            return [paper for paper in self._free(states) if paper.pk in self.added.get(wanted.key, ())]
        return self.proving([wanted.kind, *wanted.alternatives], states)

    def proving(self, kinds: Sequence[str], states: Iterable[str]) -> list[Paper]:
        """Return the papers of these kinds and states, but those of guarantors: the first kind before the others, then
        the newest first.
        """
        others = {key for keys in self.added.values() for key in keys}
        found = [paper for paper in self._free(states) if paper.kind in kinds and paper.pk not in others]
        oldest = date.min
        return sorted(
            sorted(found, key=lambda paper: (paper.issued_on or oldest, paper.created_at), reverse=True),
            key=lambda paper: kinds.index(paper.kind) > 0,
        )

    def _free(self, states: Iterable[str]) -> list[Paper]:
        states = set(states)
        return [paper for paper in self.papers if paper.state in states and paper.pk not in self.taken]


def needs(
    *,
    aids: Sequence[Rules],
    situation: Situation,
    papers: Sequence[Paper],
    kinds: Mapping[str, PaperKind],
    choices: Mapping[str, str],
    guarantors: int = 0,
    added: Mapping[str, Sequence[str]] | None = None,
) -> list[Need]:
    """Return the needs of a dossier: values, then papers, then those of so many guarantors.

    `added`: the papers that the resident added for a guarantor, by the key of the need.
    """
    shelf = Shelf(papers, {key: frozenset(map(UUID, ids)) for key, ids in (added or {}).items()})
    wanted_papers = [*_wanted_papers(aids), *_of_guarantors(aids, guarantors)]
    lines = [_values_need(code, fields, situation, shelf, kinds) for code, fields in _wanted_fields(aids).items()]
    lines += [_paper_need(wanted, situation, shelf, kinds=kinds, choices=choices) for wanted in wanted_papers]
    return [
        _left_out(line) if choices.get(line.key) == Choice.LEFT_OUT else line for line in lines if line is not None
    ]


def aids_for_partner(aids: Sequence[Rules], kinds: Mapping[str, PaperKind]) -> list[Rules]:
    """Return the aids reduced to their requirements from a partner, as if the partner were the applicant; empty if
    there are none.
    """
    parts = [
        replace(
            aid, sections=(Section("", _fields_of_each(aid)),), papers=_papers_of_each(aid, kinds), most_guarantors=0
        )
        for aid in aids
        if aid.co_holder
    ]
    return [part for part in parts if part.fields or part.papers]


def _fields_of_each(aid: Rules) -> tuple[str, ...]:
    return tuple(field_id for field_id in aid.fields if field_id.partition("#")[0] in OF_EACH_PARTNER)


def _papers_of_each(aid: Rules, kinds: Mapping[str, PaperKind]) -> tuple[PaperNeed, ...]:
    proving = {code for code, kind in kinds.items() if OF_EACH_PARTNER.intersection(kind.proves)}
    return tuple(
        replace(need, who="applicant") for need in aid.papers if need.kind in proving and need.who in OF_ADULTS
    )


def wanted_fields(aids: Sequence[Rules]) -> list[str]:
    return [field_id for fields in _wanted_fields(aids).values() for field_id in fields]


def condition_fields(aids: Sequence[Rules]) -> list[str]:
    """Return the fields that the conditions on papers look at. Those unknown to this portal are skipped."""
    found: list[str] = []
    for condition in (paper.condition for aid in aids for paper in aid.papers if paper.condition is not None):
        if condition.field and types.field_exists(condition.field):
            found.append(condition.field)
        if condition.of and types.is_known(condition.of):
            found += [field.id for field in types.get(condition.of).fields.values()][:1]
    return list(dict.fromkeys(found))


def _wanted_fields(aids: Sequence[Rules]) -> dict[str, list[str]]:
    """Return the fields of each type, in the order of the first aid. Fields unknown to this portal are skipped."""
    by_type: dict[str, list[str]] = {}
    for field_id in dict.fromkeys(field_id for aid in aids for field_id in aid.fields):
        if types.field_exists(field_id):
            by_type.setdefault(field_id.partition("#")[0], []).append(field_id)
    return by_type


def _wanted_papers(aids: Sequence[Rules]) -> list[Wanted]:
    merged: dict[str, Wanted] = {}
    for wanted in (Wanted.of(need) for aid in aids for need in aid.papers):
        merged[wanted.key] = merged[wanted.key].with_(wanted) if wanted.key in merged else wanted
    return list(merged.values())


def most_guarantors(aids: Sequence[Rules]) -> int:
    return max((aid.most_guarantors for aid in aids), default=0)


def _of_guarantors(aids: Sequence[Rules], count: int) -> list[Wanted]:
    return [
        replace(Wanted.of(need), who=f"guarantor{rank}", conditions=(None,), guarantor=rank)
        for rank in range(1, min(count, most_guarantors(aids)) + 1)
        for need in {need.kind: need for aid in aids for need in aid.guarantor_papers}.values()
    ]


def _values_need(
    code: str, fields: Sequence[str], situation: Situation, shelf: Shelf, kinds: Mapping[str, PaperKind]
) -> Need | None:
    kind = types.get(code)
    records = situation.values.of_type(code)
    line = Need(
        key=f"{VALUES}:{code}",
        sort=VALUES,
        code=code,
        title=kind.title,
        state=NeedState.MISSING,
        required=code in EXPECTED,
        fields=tuple(fields),
    )
    if not records:
        return line if line.required else None
    ids = tuple(record.record_id for record in records)
    if all(expired(record) for record in records):
        stale = replace(line, state=NeedState.EXPIRED, records=ids, hint=_("Ce que vous avez n’est plus à jour."))
        proving = sorted(one for one, kind in kinds.items() if code in kind.proves)
        return _on_its_way(stale, partial(shelf.proving, proving), stale.papers) or stale
    if lacking := _lacking(code, fields, records, situation.resident_id):
        line = replace(line, records=ids, lacking=lacking)
        return replace(line, hint=_("Il manque : %(fields)s.") % {"fields": line.lacking_words})
    origin = wording.origin(records[-1].origin(""))
    return replace(
        line, state=NeedState.PRESENT, records=ids, hint=_("Vos informations : %(origin)s") % {"origin": origin}
    )


def _lacking(code: str, fields: Iterable[str], records: Sequence[Opened], resident_id: UUID) -> tuple[str, ...]:
    """Return the needed fields that somebody's records lack: the resident's own ones if there are any."""
    by_person: dict[UUID, list[Opened]] = {}
    for record in records:
        by_person.setdefault(record.person, []).append(record)
    owned = [by_person[resident_id]] if resident_id in by_person else list(by_person.values())
    names = {field_id: field_id.partition("#/")[2].split("/")[0] for field_id in fields}
    listed = types.get(code).rules.needed
    needed = set(names.values()) if listed is None else set(listed)
    return tuple(
        field_id
        for field_id, name in names.items()
        if name in needed and not all(any(_is_said(one.payload.get(name)) for one in own) for own in owned)
    )


def _is_said(value: Any) -> bool:  # noqa: ANN401 - a payload's value
    if isinstance(value, Mapping) and "cog" in value:
        return any(value.get(part) for part in STREET)
    return value not in (None, "", [], {})


def _paper_need(
    wanted: Wanted, situation: Situation, shelf: Shelf, *, kinds: Mapping[str, PaperKind], choices: Mapping[str, str]
) -> Need:
    kind = kinds.get(wanted.kind)
    count = wanted.count * _per_child(wanted, situation)
    line = Need(
        key=wanted.key,
        sort=PAPER,
        code=wanted.kind,
        title=_title(wanted, kind),
        state=NeedState.MISSING,
        required=wanted.required,
        wanted=count,
        of_guarantor=bool(wanted.guarantor),
        hint=" ".join(filter(None, [wanted.note, _substitutes(wanted, kinds)])),
    )
    concerned, question = _concerned(wanted, situation, kind, choices)
    if concerned is False:
        return replace(line, state=NeedState.NOT_CONCERNED, hint="")
    if wanted.guarantor:
        return _found(line, wanted, shelf)
    if kind is not None and minimum.asked(kind.who_may_ask, minimum.Asker.ADMINISTRATION) == Outcome.FAILED:
        line = replace(line, required=False, hint=checks.text(CheckLine("minimum_asked", Outcome.FAILED, "")))
    found = _found(line, wanted, shelf)
    if concerned is None and found.state == NeedState.MISSING:
        return replace(line, state=NeedState.ASK, question=question)
    return found


def _concerned(
    wanted: Wanted, situation: Situation, kind: PaperKind | None, choices: Mapping[str, str]
) -> tuple[bool | None, str | Promise]:
    """Return True, False or None with a question. A paper is needed as soon as one aid needs it."""
    if (chosen := choices.get(wanted.key)) in {Choice.CONCERNED, Choice.NOT_CONCERNED}:
        return chosen == Choice.CONCERNED, ""
    answers = {condition: conditions.answer(condition, situation, kind) for condition in wanted.conditions}
    if True in answers.values():
        return True, ""
    waiting = [condition for condition, answer in answers.items() if condition is not None and answer is None]
    return (None, conditions.question(waiting[0])) if waiting else (False, "")


def _found(line: Need, wanted: Wanted, shelf: Shelf) -> Need:
    kept = shelf.find(wanted, [PaperState.KEPT])
    fresh = wanted.freshness.chosen([paper for paper in kept if wanted.freshness.accepts(paper)])[: line.wanted]
    if len(fresh) == line.wanted:
        shelf.taken |= {paper.pk for paper in fresh}
        return replace(
            line, state=NeedState.PRESENT, papers=_ids(fresh), hint=wanted.freshness.doubt(fresh) or _about(fresh)
        )
    if coming := _on_its_way(line, partial(shelf.find, wanted), _ids(fresh)):
        return coming
    joined = fresh or kept[: line.wanted]
    shelf.taken |= {paper.pk for paper in joined}
    if fresh:
        missing = line.wanted - len(fresh)
        hint = ngettext("Il en manque %(count)s.", "Il en manque %(count)s.", missing) % {"count": missing}
        return replace(line, papers=_ids(joined), hint=hint)
    if kept:
        reason = wanted.freshness.reason(kept[0])
        hint = _("%(reason)s Sans plus récent, nous le joindrons quand même.") % {"reason": reason}
        return replace(line, state=NeedState.EXPIRED, papers=_ids(joined), hint=hint)
    return line


def _on_its_way(line: Need, find: Callable[[Sequence[str]], list[Paper]], papers: tuple[UUID, ...]) -> Need | None:
    """Return the line as it waits for a paper that was just added, or None. `find`: the papers in some states."""
    if waiting := find([PaperState.TO_CONFIRM]):
        return replace(
            line,
            state=NeedState.TO_CONFIRM,
            papers=papers,
            waiting=waiting[0].pk,
            hint=_("Vous l’avez ajouté. Vérifiez ce que nous avons lu."),
        )
    if find([PaperState.QUARANTINED, PaperState.CHECKING]):
        return replace(line, state=NeedState.CHECKING, papers=papers, hint=_("Nous contrôlons ce papier."))
    return None


def _left_out(line: Need) -> Need:
    return replace(
        line, state=NeedState.LEFT_OUT, papers=(), records=(), hint=_("Vous avez choisi de ne pas le joindre.")
    )


def _ids(papers: Iterable[Paper]) -> tuple[UUID, ...]:
    return tuple(paper.pk for paper in papers)


def _about(papers: Sequence[Paper]) -> str:
    if len(papers) > 1:
        return ngettext("%(count)s papier", "%(count)s papiers", len(papers)) % {"count": len(papers)}
    if papers[0].issued_on:
        return _("Papier daté du %(day)s") % {"day": long_date(papers[0].issued_on)}
    return _("Papier ajouté le %(day)s") % {"day": long_date(papers[0].created_at)}


def _per_child(wanted: Wanted, situation: Situation) -> int:
    return max(1, len(situation.children or [])) if wanted.each == "child" else 1


def _title(wanted: Wanted, kind: PaperKind | None) -> str:
    label = kind.label if kind else wanted.kind
    whose = {
        "partner": _("de votre conjoint"),
        "child": _("de votre enfant"),
        "host": _("de la personne qui vous héberge"),
    }.get(wanted.who)
    if wanted.guarantor:
        whose = _("de votre garant n° %(rank)s") % {"rank": wanted.guarantor}
    elif wanted.kind == "attestation_hebergement":
        whose = None
    title = f"{label} {whose}" if whose else label
    return f"{title} {wanted.freshness.words}" if wanted.freshness.words else title


def _substitutes(wanted: Wanted, kinds: Mapping[str, PaperKind]) -> str:
    labels = [kinds[code].label for code in wanted.alternatives if code in kinds]
    return _("Ou à la place : %(papers)s.").replace(" :", "\u00a0:") % {"papers": ", ".join(labels)} if labels else ""
