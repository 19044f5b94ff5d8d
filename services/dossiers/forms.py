from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.pages.forms import code_input
from services.dossiers.actions.dossiers import LETTER_LENGTH, RECIPIENT_LENGTH
from services.dossiers.actions.official_forms import MOST_TYPED, USUALLY_TYPED
from services.dossiers.content.refreshing import Ways
from services.dossiers.enums import Choice
from services.official_forms.filling import YES
from services.official_forms.mapping import CHECK, LINES, Line
from services.official_forms.presenting import in_french
from services.procedures import finding
from services.procedures.rules import Rules
from vault import types
from vault.records.forms.questions import QuestionForm


class StartForm(forms.Form):
    """`token` prevents a second dossier if the form is sent twice."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    aids = forms.MultipleChoiceField(
        label=_("Que demandez-vous\u00a0?"),
        help_text=_("Un seul dossier peut servir à plusieurs aides du même organisme."),
        widget=forms.CheckboxSelectMultiple,
    )
    recipient = forms.CharField(
        label=_("À qui l’envoyez-vous\u00a0?"),
        help_text=_(
            "Ce nom sera écrit sur chaque page copiée, pour que personne d’autre ne s’en serve. "
            "Par exemple\u00a0: CAF de Villebrume."
        ),
        max_length=RECIPIENT_LENGTH,
        required=False,
    )

    def __init__(self, *args: Any, chosen: Sequence[Rules], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = list(chosen) or finding.startable()
        self.fields["aids"].choices = [(aid.code, aid.name) for aid in offered]  # type: ignore[attr-defined]
        if chosen:
            self.initial.setdefault("recipient", offered[0].organisation)


class PrepareForm(forms.Form):
    """What a companion prepares; whom it is for stays the resident's choice."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    aids = forms.MultipleChoiceField(
        label=_("Quelle aide demander ?"),
        help_text=_("Un seul dossier peut servir à plusieurs aides du même organisme."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Cochez au moins une aide.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(aid.code, aid.name) for aid in finding.startable()]
        self.fields["aids"].choices = choices  # type: ignore[attr-defined]  # a field of choices


class LetterForm(forms.Form):
    letter = forms.CharField(
        label=_("Votre lettre"),
        help_text=_("Dites ce que vous demandez. Effacez tout si vous ne voulez pas de lettre."),
        widget=forms.Textarea(attrs={"rows": 16}),
        max_length=LETTER_LENGTH,
        required=False,
    )


class ChoiceForm(forms.Form):
    """The resident's decision about one need; `undo` removes it."""

    UNDO = "undo"

    key = forms.CharField(max_length=120)
    choice = forms.ChoiceField(choices=[*Choice.choices, (UNDO, "")])

    @property
    def chosen(self) -> Choice | None:
        choice = self.cleaned_data["choice"]
        return None if choice == self.UNDO else Choice(choice)


class GuarantorsForm(forms.Form):
    count = forms.IntegerField(min_value=0, max_value=9)


class AddPaperForm(forms.Form):
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    file = forms.FileField(
        label=_("Un PDF ou une photo"),
        help_text=_("PDF, JPEG ou PNG, 10 Mo au plus. Une photo nette prise de face suffit."),
        widget=forms.FileInput(attrs={"accept": "image/*,application/pdf"}),
    )


class AnswersForm(forms.Form):
    """What an official form asks that the vault does not have. Nothing is required: a form may stay incomplete."""

    def __init__(self, *args: Any, lines: Sequence[Line], kept: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for line in lines:
            typed = kept.get(line.name, "")
            if line.kind == CHECK:
                self.fields[line.name] = forms.BooleanField(
                    label=in_french(line.label), required=False, initial=typed == YES, label_suffix=""
                )
                continue
            widget = forms.Textarea(attrs={"rows": 4}) if line.kind == LINES else forms.TextInput()
            self.fields[line.name] = forms.CharField(
                label=in_french(line.label),
                required=False,
                initial=typed,
                widget=widget,
                max_length=MOST_TYPED.get(line.kind, USUALLY_TYPED),
            )

    @property
    def answers(self) -> dict[str, str]:
        return {name: {True: YES, False: ""}.get(typed, typed) for name, typed in self.cleaned_data.items()}


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code du dossier"),
        help_text=_("Il est sur la première page, comme 7KQ4-M2XD-93HT."),
        max_length=40,
        widget=code_input(),
    )


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("Fichier PDF du dossier"),
        help_text=_("Nous ne gardons pas ce fichier\u00a0: nous calculons son empreinte et nous l’oublions."),
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
    )


class TypedForm:
    """The values of one stale line, typed in the dossier's page. Nothing is filled in: a former value is stale."""

    def __init__(self, ways: Ways, data: QueryDict | None = None) -> None:
        code, slug = ways.need.code, ways.need.slug
        self.questions = {
            name: QuestionForm(types.field(f"{code}#/{name}"), data, prefix=f"{slug}-{name}") for name in ways.names
        }

    def is_valid(self) -> bool:
        """Check every question, so that each wrong answer is shown."""
        return not [form for form in self.questions.values() if not form.is_valid()]

    @property
    def payload(self) -> dict[str, Any]:
        return {name: form.answer for name, form in self.questions.items()}

    @property
    def wrong(self) -> QuestionForm | None:
        """Return the first question whose answer is wrong, for the summary of errors."""
        return next((form for form in self.questions.values() if form.errors), None)

    def refuse(self, problems: Iterable[str]) -> None:
        """Show why the vault refused the values, beside the first question."""
        first = next(iter(self.questions.values()))
        for problem in problems:
            first.add_error(None, problem)


class WatermarkForm(forms.Form):
    """A paper to mark, and the words of the mark; the portal adds the date."""

    purpose = forms.CharField(
        label=_("Pour quoi\u00a0?"),
        help_text=_("Par exemple\u00a0: location."),
        max_length=40,
        error_messages={"required": _("Écrivez pour quoi vous donnez ce papier.")},
    )
    recipient = forms.CharField(
        label=_("Pour qui\u00a0?"),
        help_text=_("Par exemple\u00a0: agence du Port."),
        max_length=60,
        error_messages={"required": _("Écrivez à qui vous donnez ce papier.")},
    )
    file = forms.FileField(
        label=_("Un PDF ou une photo"),
        help_text=_("PDF, JPEG ou PNG, 10 Mo et 20 pages au plus."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
        error_messages={
            "required": _("Choisissez le papier à protéger."),
            "empty": _("Ce fichier est vide."),
        },
    )

    def text(self, today: date) -> str:
        return f"Pour {self.cleaned_data['purpose']}, {self.cleaned_data['recipient']}, {today:%d/%m/%Y}"
