"""The official form of a dossier's aid: what it says, what is missing, its pages, and whether it goes into the PDF.

Nothing that is drawn is kept. The note keeps what the resident typed for a form and that they want it joined; the
pages are drawn again from the vault each time, after an entry of the journal.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from services.dossiers import perms
from services.dossiers.actions import dossiers as actions
from services.dossiers.models import Dossier
from services.official_forms import drawing, filling
from services.official_forms.drawing import CannotDraw, Drawn
from services.official_forms.filling import Filling
from services.official_forms.mapping import LINES, Refused
from services.official_forms.models import OfficialForm
from services.procedures import finding
from services.procedures.rules import Rules
from vault.records import gate

FILL: Final = gettext_noop("Remplir un formulaire officiel")
#: The part of the note about forms: by their code, what was typed and the version that is joined.
NOTE: Final = "forms"
MOST_TYPED: Final = {LINES: 2000}
USUALLY_TYPED: Final = 200
#: What the note keeps of one form.
Kept = dict[str, Any]


@dataclass(frozen=True)
class Joined:
    """A form that goes into the PDF, filled."""

    form: OfficialForm
    filling: Filling
    drawn: Drawn


@dataclass(frozen=True)
class Forms:
    """The forms that a dossier is offered, and the codes of those that its procedures ask for, in force or not."""

    offered: list[OfficialForm]
    named: frozenset[str]

    def to_read(self, note: Mapping[str, Any]) -> list[OfficialForm]:
        """Return the forms that are asked for and that the resident has not joined yet."""
        return [form for form in self.offered if form.code in self.named and not is_joined(note, form)]

    def withdrawn(self) -> list[str]:
        """Return the names of the forms that are asked for and that the city has closed. Cost: one query at most."""
        gone = self.named - {form.code for form in self.offered}
        return _titles(gone) if gone else []


class FormChanged(Exception):
    """The city published another version of a form since the resident joined it."""


def of_dossier(dossier: Dossier, asked: Sequence[Rules] | None = None) -> Forms:
    """Return the forms of a dossier. A partner's part has none: its applicant fills one form. Cost: two queries.

    Args:
        asked: what `finding.chosen` gives for the dossier, for who has it already.
    """
    if dossier.part_of:
        return Forms([], frozenset())
    asked = finding.chosen(dossier.aids, dossier.versions) if asked is None else asked
    named = frozenset(one.form for one in asked if one.form)
    found = OfficialForm.objects.defer("blank").order_by("title").in_force()
    return Forms([form for form in found if form.code in named or set(form.aids) & set(dossier.aids)], named)


def offered(dossier: Dossier) -> list[OfficialForm]:
    """Return the forms in force of the dossier's aids, and those that its procedures name."""
    return of_dossier(dossier).offered


def of_note(note: Mapping[str, Any], form: OfficialForm) -> dict[str, Any]:
    return dict(note.get(NOTE, {}).get(form.code, {}))


def is_joined(note: Mapping[str, Any], form: OfficialForm) -> bool:
    return bool(of_note(note, form).get("joined") == str(form.pk))


def read(*, dossier: Dossier, form: OfficialForm, note: Mapping[str, Any]) -> Filling:
    """Return what the form says. Writes one journal entry.

    Raises:
        CannotDraw: the form has too few rows, or its map is for types that no longer exist.
    """
    try:
        mapping = form.map
        values = gate.read_own(resident_id=dossier.resident_id, purpose=FILL, fields=filling.wanted(mapping))
        answers = of_note(note, form).get("answers", {})
        return filling.fill(mapping, values, resident_id=dossier.resident_id, answers=answers)
    except Refused as refusal:
        raise CannotDraw(str(refusal)) from None
    except filling.TooMany as problem:
        sentence = _("« %(line)s » : le formulaire a %(rows)s lignes, et votre foyer %(people)s personnes.")
        words = {"line": problem.line.label, "rows": len(problem.line.rows), "people": problem.people}
        raise CannotDraw(sentence % words, problem.line) from None


def draw(form: OfficialForm, found: Filling) -> Drawn:
    """Return the filled form. Raises CannotDraw."""
    return drawing.draw(form.as_blank, found)


def answer(*, dossier: Dossier, by: UUID, form: OfficialForm, answers: Mapping[str, str]) -> None:
    """Keep what the resident typed for lines of the form, sealed with the dossier. An empty text removes it.

    Raises:
        AlreadyBuilt: the PDF exists.
    """
    perms.require_owner(dossier, by)
    lines = {line.name: line for line in form.map.lines}

    def written(kept: dict[str, Any]) -> dict[str, Any]:
        held = dict(kept.get("answers", {}))
        for name, text in answers.items():
            if name in lines:
                held[name] = text.strip()[: MOST_TYPED.get(lines[name].kind, USUALLY_TYPED)]
        return {**kept, "answers": {name: text for name, text in held.items() if text}}

    _change(dossier, by, form, written)


def join(*, dossier: Dossier, by: UUID, form: OfficialForm, joined: bool) -> None:
    """Put this version of the form into the PDF that will be made, or leave it out.

    Raises:
        AlreadyBuilt: the PDF exists.
    """
    perms.require_owner(dossier, by)

    def written(kept: dict[str, Any]) -> dict[str, Any]:
        others = {name: value for name, value in kept.items() if name != "joined"}
        return {**others, "joined": str(form.pk)} if joined else others

    _change(dossier, by, form, written)


def joined(dossier: Dossier, note: Mapping[str, Any]) -> Iterator[Joined]:
    """Yield the forms of the PDF, drawn.

    Raises:
        FormChanged: a newer version waits to be read.
        CannotDraw: a value that changed since does not fit.
    """
    for form in offered(dossier):
        wanted = of_note(note, form).get("joined")
        if wanted is None:
            continue
        if wanted != str(form.pk):
            raise FormChanged
        found = read(dossier=dossier, form=form, note=note)
        yield Joined(form, found, draw(form, found))


def in_force(forms: Collection[UUID]) -> bool:
    """Return whether each of these versions is still the one that residents are offered."""
    return len(OfficialForm.objects.filter(pk__in=forms).defer("blank").in_force()) == len(forms)


def left_out(dossier: Dossier, note: Mapping[str, Any]) -> list[str]:
    """Return the names of the forms that the PDF says are left out: asked for and not joined, or joined and closed."""
    forms = of_dossier(dossier)
    codes = {code for code, kept in note.get(NOTE, {}).items() if kept.get("joined")}
    codes -= {form.code for form in forms.offered}
    return [*(form.title for form in forms.to_read(note)), *_titles(codes)]


def _titles(codes: Collection[str]) -> list[str]:
    """Return the titles of the newest versions."""
    last = OfficialForm.objects.filter(code__in=codes).defer("blank").order_by("code", "-version").distinct("code")
    return [form.title for form in last]


def _change(dossier: Dossier, by: UUID, form: OfficialForm, change: Callable[[Kept], Kept]) -> None:
    def changed(note: dict[str, Any]) -> dict[str, Any]:
        forms = dict(note.get(NOTE, {}))
        return {**note, NOTE: {**forms, form.code: change(dict(forms.get(form.code, {})))}}

    actions.change_note(dossier, by, changed)
