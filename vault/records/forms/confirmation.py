"""The confirmation page of a paper that was read, and the resident's answers on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.templatetags.civic import long_date
from vault import types
from vault.records import actions, wording
from vault.records.enums import Assurance, Outcome, Role
from vault.records.forms.papers import DatesForm
from vault.records.forms.questions import QuestionForm
from vault.records.papers import checks
from vault.records.values import persons
from vault.records.values.decrypted import Opened, PaperOpened, Values
from vault.records.values.persons import Person
from vault.types.names import words

Form = TypeVar("Form", bound=forms.Form)

#: How many of the values that were read show before the fold.
COUNTED = 5
OWN, OTHER, NEW, OLD = "own", "other", "new", "old"


@dataclass(frozen=True)
class ReadRow:
    """One value that was read.

    `form` is set if the resident types the value; `carried` are the inputs of a typed value shown again as text.
    """

    key: str
    label: str
    value: str
    source: str
    tag: str
    tag_kind: str
    form: QuestionForm | None
    carried: tuple[tuple[str, str], ...] = ()

    @property
    def is_open(self) -> bool:
        return self.form is not None and not self.carried


class WhoseForm(forms.Form):
    whose = forms.ChoiceField(
        label=gettext_lazy("Est-ce bien le vôtre ?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Dites à qui est ce papier.")},
    )

    def __init__(self, people: Sequence[Person], own: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(OWN, own)]
        choices += [
            (str(person.id), _("Non, à %(name)s, de mon foyer") % {"name": person.full_name or person.called})
            for person in people
        ]
        choices.append((OTHER, _("Non, à quelqu’un d’autre")))
        self.fields["whose"].choices = choices  # type: ignore[attr-defined]  # a field of choices


class WhichForm(forms.Form):
    which = forms.ChoiceField(
        label=gettext_lazy("Lequel des deux avis est le bon ?"),
        widget=forms.RadioSelect,
        choices=[
            (NEW, gettext_lazy("Celui que vous ajoutez")),
            (OLD, gettext_lazy("Celui qui est déjà dans votre coffre")),
        ],
        error_messages={"required": gettext_lazy("Dites lequel des deux avis est le bon.")},
    )


class Confirmation:
    """The page of one paper and its forms.

    `data` is the posted form. It is validated when the resident confirms; while they only open a value to change it,
    their input stays as typed. `saving` validates the values that they changed, and shows them as they will be kept.

    Args:
        account_name: the name that the resident gave when they signed up, for a vault without an identity.
    """

    def __init__(
        self,
        paper: PaperOpened,
        values: Values,
        resident_id: UUID,
        data: QueryDict | None = None,
        *,
        judged: bool = False,
        saving: bool = False,
        account_name: str = "",
    ) -> None:
        self.paper, self.values, self.resident_id = paper, values, resident_id
        self.data = data if data is not None else QueryDict()
        self.judged, self.saving, self.account_name = judged, saving, account_name
        self.problems: Sequence[str] = ()
        self.people = persons.persons(values, resident_id=resident_id)
        bound = self.data if judged else None
        self.whose = self._carried(WhoseForm(self.people[1:], self._own_words, bound)) if self.is_doubtful else None
        self.which = self._carried(WhichForm(bound)) if self.rivals else None
        self.dates = None if paper.records else self._carried(DatesForm(bound, initial=self._dates()))
        self.rows = [
            row for position, record in enumerate(paper.records) for row in self._record_rows(position, record)
        ]

    @property
    def is_doubtful(self) -> bool:
        """Return whether the name read is not known as the resident's. The page then asks whose paper it is.

        A vault without an identity compares with the name of the account.
        """
        return self.is_anothers or self._is_unknown

    @property
    def is_anothers(self) -> bool:
        return any(self.paper.outcome(code) == Outcome.FAILED for code in checks.NAMES)

    @property
    def _is_unknown(self) -> bool:
        compared = any(self.paper.outcome(code) for code in checks.NAMES)
        if not compared or not self.names or self.people[0].family_name:
            return False
        known = set(words(self.account_name))
        return len(known) < 2 or not any(known <= set(words(name)) for name in self.names)

    @property
    def _own_words(self) -> str:
        if self.is_anothers:
            return _("Oui, à moi : mon nom a changé, ou il est écrit autrement")
        return _("Oui, à moi")

    @property
    def names(self) -> list[str]:
        """Return the people named on the paper."""
        read: list[Any] = list(self.paper.reading.get("names", []))
        for record in self.paper.records:
            payload = record["payload"]
            read += [payload.get("declarant1"), payload.get("declarant2"), *(payload.get("occupants") or [])]
        return list(dict.fromkeys(str(name) for name in read if name))

    @property
    def signature(self) -> str:
        return self.paper.outcome("2ddoc_signature") or ""

    @property
    def signed_on(self) -> str:
        days = [record["provenance"].get("issued_at") for record in self.paper.records]
        return next((long_date(day) for day in days if day), "")

    @property
    def warnings(self) -> list[str]:
        """Return the failed checks, except those that the page asks about."""
        asked = {*checks.NAMES, "tax_same_year"}
        return [
            checks.text(check)
            for check in self.paper.checks
            if check.outcome == Outcome.FAILED and check.code not in asked
        ]

    @property
    def passed(self) -> list[str]:
        return [checks.text(check) for check in self.paper.checks if check.outcome == Outcome.PASSED]

    @property
    def inconclusive(self) -> list[str]:
        return [checks.text(check) for check in self.paper.checks if check.outcome == Outcome.INCONCLUSIVE]

    @property
    def changes(self) -> list[str]:
        """Return one sentence per value of the vault that the paper changes."""
        sentence = gettext_lazy("%(label)s : %(before)s devient %(after)s.")
        return [
            change
            for record in self.paper.records
            if (held := self._held(record))
            for change in _changes(held, record["payload"], sentence)
        ]

    @property
    def rivals(self) -> list[Opened]:
        """Return the vault's notices that contradict this one about the same year."""
        held = [(self._held(record), record["payload"]) for record in self.paper.records]
        return [found for found, payload in held if found and actions.contradicts(found.type, found.payload, payload)]

    @property
    def rival_words(self) -> list[str]:
        sentence = gettext_lazy("%(label)s : %(before)s dans votre coffre, %(after)s sur ce papier.")
        pairs = [(self._held(record), record["payload"]) for record in self.paper.records]
        return [change for held, payload in pairs if held for change in _changes(held, payload, sentence)]

    def is_valid(self) -> bool:
        """Validate every form, so that all the errors appear at once."""
        return not [form for form in self.forms if not form.is_valid()]

    @property
    def discards(self) -> bool:
        return self._chosen("whose") == OTHER or self._chosen("which") == OLD

    @property
    def farewell(self) -> str:
        if self._chosen("whose") == OTHER:
            return _("Rien n’a été rangé : ce papier est celui de quelqu’un d’autre. Son fichier est effacé.")
        return _(
            "Rien n’a changé : l’avis qui était dans votre coffre reste le bon. "
            "Le fichier que vous veniez d’ajouter est effacé."
        )

    @property
    def answers(self) -> actions.Answers:
        person = self._person
        return actions.Answers(
            person=person.id if person else None,
            role=person.role if person else Role.SELF,
            own_word=self._chosen("whose") == OWN
            or (person is not None and not any(person.is_named(name) for name in self.names)),
            instead=self._chosen("which") == NEW,
            values={row.key: row.form.answer for row in self.rows if row.form is not None},
        )

    @property
    def main_rows(self) -> list[ReadRow]:
        """Return the values that count, and those that the resident is changing. A short paper has only these."""
        opened = {*self.data.getlist("edited"), *self.edited}
        counted = [key for position, record in enumerate(self.paper.records) for key in _counted(position, record)]
        found = [row for row in self.rows if row.key in opened or row.key in counted[:COUNTED]]
        return found if counted and len(self.rows) > COUNTED + 1 else self.rows

    @property
    def more_rows(self) -> list[ReadRow]:
        shown = {row.key for row in self.main_rows}
        return [row for row in self.rows if row.key not in shown]

    @property
    def edited(self) -> list[str]:
        return [row.key for row in self.rows if row.form is not None]

    @property
    def types_values(self) -> bool:
        return any(row.is_open for row in self.rows)

    @property
    def forms(self) -> list[forms.Form]:
        asked = [self.whose, self.which, self.dates, *(row.form for row in self.rows)]
        return [form for form in asked if form is not None]

    @property
    def errors(self) -> list[dict[str, str]]:
        found = [{"text": problem, "href": ""} for problem in self.problems]
        for form in [form for form in self.forms if form.is_bound]:
            for name, texts in form.errors.items():
                href = f"#{form[name].id_for_label or f'{form[name].auto_id}_0'}" if name in form.fields else ""
                found += [{"text": str(text), "href": href} for text in texts]
        return found

    def _carried(self, form: Form) -> Form:
        """Give a form that is not validated yet the values typed so far."""
        if not self.judged:
            form.initial = {**form.initial, **typed_so_far(form, self.data)}
        return form

    def _record_rows(self, position: int, record: Mapping[str, Any]) -> list[ReadRow]:
        payload = record["payload"]
        found = []
        data_type = types.get(record["type"])
        for pointer, info in data_type.fields.items():
            value, key = payload.get(pointer[1:]), f"{position}/{pointer[1:]}"
            if pointer[1:] in data_type.rules.hidden or (value is None and not info.required):
                continue
            if value is None or key in {*self.data.getlist("edited"), self.data.get("edit")}:
                found.append(self._typed_row(info, key, value))
            else:
                found.append(self._read_row(info, key, value, record["provenance"]["assurance"]))
        return found

    def _read_row(self, info: types.FieldInfo, key: str, value: Any, level: str) -> ReadRow:  # noqa: ANN401 - of a payload
        source = _("Lu dans le code signé") if level == Assurance.SIGNATURE else _("Lu sur le papier, sans signature")
        tag, tag_kind = (_("À confirmer"), "soon") if self.is_doubtful else wording.assurance(level)
        return ReadRow(key, info.label, wording.format_value(info, value), source, tag, tag_kind, None)

    def _typed_row(self, info: types.FieldInfo, key: str, value: Any) -> ReadRow:  # noqa: ANN401 - of a payload
        form = self._question(info, key, value)
        tag, tag_kind = wording.assurance(Assurance.DECLARED)
        shown = wording.format_value(info, value)
        carried: tuple[tuple[str, str], ...] = ()
        if key in self._saved and form.is_valid():
            shown, carried = wording.format_value(info, form.answer), self._inputs(form)
        return ReadRow(key, info.label, shown, _("Corrigé par vous"), tag, tag_kind, form, carried)

    @property
    def _saved(self) -> set[str]:
        """Return the values shown as they will be kept: those just typed, and those of earlier posts."""
        just_now = self.data.getlist("edited") if self.saving else []
        return {*just_now, *self.data.getlist("saved")} - {self.data.get("edit")}

    def _inputs(self, form: QuestionForm) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, text)
            for name, texts in self.data.lists()
            if name.startswith(f"{form.prefix}-")
            for text in texts
            if isinstance(text, str)
        )

    def _question(self, info: types.FieldInfo, key: str, value: Any) -> QuestionForm:  # noqa: ANN401 - of a payload
        prefix = "value-" + key.replace("/", "-")
        judged = self.judged or key in self._saved
        form = QuestionForm(info, self.data if judged else None, current=value, prefix=prefix)
        if self.data.get("edit") == key:
            _focus(form)
        return form if judged else self._carried(form)

    def _held(self, record: Mapping[str, Any]) -> Opened | None:
        """Return the vault's record that this one would supersede."""
        person = self._person
        return actions.would_supersede(self.values, record, person.id if person else self.resident_id)

    @property
    def _person(self) -> Person | None:
        return next((person for person in self.people if str(person.id) == self._chosen("whose")), None)

    def _chosen(self, name: str) -> str:
        return self.data.get(name, "")

    def _dates(self) -> dict[str, date | None]:
        return {"issued_on": self.paper.issued_on, "expires_on": self.paper.expires_on}


def _focus(form: forms.Form) -> None:
    """Put the keyboard's focus on the field that the resident opened. A list of choices has no single field.

    The page's URL must have no fragment: the browser would not move the focus.
    """
    widget = next(iter(form.fields.values())).widget
    if not isinstance(widget, forms.RadioSelect):
        widget.attrs["autofocus"] = True


def compared_fields(paper: PaperOpened) -> list[str]:
    """Return the fields that `Confirmation` needs: the names of the household, and the types read on the paper."""
    codes = sorted({record["type"] for record in paper.records})
    fields = [field_id for code in codes for field_id in types.fields_of(code)]
    return list(dict.fromkeys([*persons.FIELDS, *fields]))


def _counted(position: int, record: Mapping[str, Any]) -> list[str]:
    """Return the keys of the values that a person would be asked for, had they no paper."""
    asked = types.get(record["type"]).rules.asked
    return [f"{position}/{name}" for name in asked if record["payload"].get(name) is not None]


def typed_so_far(form: forms.Form, data: QueryDict) -> dict[str, Any]:
    """Return the input of a form that is not validated yet, as its widgets read it."""
    read = {
        name: field.widget.value_from_datadict(data, MultiValueDict(), form.add_prefix(name))
        for name, field in form.fields.items()
    }
    return {name: value for name, value in read.items() if value not in (None, "", [])}


def _changes(held: Opened, payload: Mapping[str, Any], sentence: str | Promise) -> list[str]:
    found = []
    for name, value in payload.items():
        before = held.payload.get(name)
        if before in (None, value) or name in types.get(held.type).rules.hidden or value is None:
            continue
        info = types.field(f"{held.type}#/{name}")
        found.append(
            str(sentence)
            % {
                "label": info.label,
                "before": wording.format_value(info, before),
                "after": wording.format_value(info, value),
            }
        )
    return found
