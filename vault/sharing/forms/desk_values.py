"""Values that the resident says at the desk, and their yes. Nothing is filled in or ticked beforehand."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vault import types
from vault.records.forms.questions import QuestionForm
from vault.records.values import persons, questions
from vault.types import DataType, FieldInfo
from vault.types.plausible import Doubts


class PresentForm(forms.Form):
    """The yes of the resident, in front of the agent."""

    present = forms.BooleanField(
        label=gettext_lazy("La personne est devant moi. Je lui ai tout relu, et elle dit que c’est juste."),
        error_messages={"required": gettext_lazy("Relisez-lui ces valeurs, et cochez si elle dit oui.")},
    )


class ValuesForm:
    """The questions of one type on one page, then the resident's yes. What nobody answers is not written."""

    def __init__(self, code: str, data: QueryDict | None = None) -> None:
        self.code, self.data = code, data
        self.questions = [_question(info, data) for info in asked(code)]
        self.present = PresentForm(data)

    @property
    def every_form(self) -> Iterator[forms.Form]:
        yield from self.questions
        yield self.present

    def is_valid(self) -> bool:
        """Check every question, so that each wrong answer is shown."""
        wrong = [form for form in self.every_form if not form.is_valid()]
        if not wrong and not self.payload:
            self.present.add_error(None, _("Rien n’est écrit. Écrivez ce que la personne dit, ou revenez."))
        return not wrong and bool(self.payload)

    @property
    def payload(self) -> dict[str, Any]:
        answers = {form.info.pointer[1:]: form.answer for form in self.questions if form.has_changed()}
        for name, value in list(answers.items()):
            answers = {**questions.implied(self.code, name, value), **answers}
        return {name: value for name, value in answers.items() if value not in (None, "", [])}

    @property
    def errors(self) -> list[dict[str, str]]:
        """Return all the errors, for their summary at the top of the page."""
        found = []
        for form in self.every_form if self.data is not None else ():
            for name, texts in form.errors.items():
                href = f"#{form[name].id_for_label or f'{form[name].auto_id}_0'}" if name in form.fields else ""
                found += [{"text": str(text), "href": href} for text in texts]
        return found

    def refuse(self, problems: Iterable[str]) -> None:
        """Show why the vault refused the values."""
        for problem in problems:
            self.present.add_error(None, problem)


def asked(code: str) -> list[FieldInfo]:
    """Return the fields to type on one page. A list of people or amounts is typed item by item, by the resident."""
    found = [questions.field(code, name) for name in questions.names(code)]
    return [info for info in found if not info.items]


def typed_here() -> list[DataType]:
    """Return the types whose required values can all be typed on one page."""
    return [one for one in questions.typed_types() if asked(one.code) and not _needs_a_list(one)]


def is_typed_here(code: str) -> bool:
    return questions.is_typed(code) and types.get(code) in typed_here()


def _needs_a_list(data_type: DataType) -> bool:
    return any(info.required and info.items for info in data_type.fields.values())


def _find_doubts(info: FieldInfo, value: Any) -> Doubts:  # noqa: ANN401 - of a payload
    """Return what the answer makes odd by itself. Nothing of the vault is compared: a doubt would tell it."""
    anybody = UUID(int=0)
    place, name = (info.type, anybody), info.pointer[1:]
    return persons.find_doubts({}, resident_id=anybody, place=place, name=name, value=value)


def _question(info: FieldInfo, data: QueryDict | None) -> QuestionForm:
    prefix = info.pointer[1:].replace("/", "-")
    form = QuestionForm(info, data, prefix=prefix, empty_permitted=not info.required, use_required_attribute=False)
    if info.id in persons.COMPARED:
        form.find_doubts = partial(_find_doubts, info)
    for field in form.fields.values():
        if info.kind == "month":
            choice = cast(forms.ChoiceField, field)
            choice.choices = [("", _("Choisissez")), *cast(list[tuple[str, str]], choice.choices)]
        if info.required:
            field.error_messages["required"] = _("Il faut cette réponse pour ranger les autres.")
    return form
