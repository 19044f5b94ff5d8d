"""Forms of a data request: the right, one part of the letter, one dated step."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.pages.forms import DateField
from vault.holders.actions.requests import LENGTHS
from vault.holders.enums import RequestAnswer, RequestStep
from vault.holders.models import DataRequest
from vault.records.enums import Right
from vault.records.models import Holder

#: By the slug of its page: the part of the letter, its question and its hint.
PARTS: dict[str, tuple[str, str | Promise, str | Promise]] = {
    "nom": ("name", _("Vos prénom et nom"), _("Comme l’organisme vous connaît.")),
    "adresse": (
        "address",
        _("Votre adresse postale"),
        _("Une ligne par ligne d’adresse. Elle aide l’organisme à vous reconnaître."),
    ),
    "e-mail": ("email", _("L’adresse où recevoir la réponse"), _("Comme nom@exemple.fr")),
    "reference": (
        "reference",
        _("Votre numéro chez cet organisme"),
        _("Numéro de client, d’allocataire ou de contrat, si vous l’avez."),
    ),
    "donnees": (
        "wanted",
        _("Les données que vous voulez surtout"),
        _("Vous pouvez en enlever ou en ajouter. La lettre est en français."),
    ),
    "depuis": ("since", _("Depuis quelle date ?"), _("Laissez vide pour tout demander.")),
    "jusqu-au": ("until", _("Jusqu’à quelle date ?"), _("Laissez vide pour aller jusqu’à aujourd’hui.")),
    "organisme": ("organisation", _("Le nom de l’organisme"), _("Comme il est écrit sur vos papiers.")),
    "adresse-organisme": (
        "recipient_address",
        _("L’adresse postale de l’organisme"),
        _("Elle est dans sa politique de confidentialité, à « délégué à la protection des données »."),
    ),
    "e-mail-organisme": (
        "recipient_email",
        _("L’adresse électronique de l’organisme"),
        _("Elle est dans sa politique de confidentialité, à « délégué à la protection des données »."),
    ),
}
#: By the slug of its page.
STEPS = {
    "envoyee": RequestStep.SENT,
    "prolongee": RequestStep.EXTENDED,
    "relancee": RequestStep.REMINDED,
    "plainte-deposee": RequestStep.COMPLAINED,
    "reponse": RequestStep.ANSWERED,
}
STEP_QUESTIONS: dict[RequestStep, tuple[str | Promise, str | Promise]] = {
    RequestStep.SENT: (
        _("Quel jour avez-vous envoyé la lettre ?"),
        _("Le délai d’un mois part de ce jour. La lettre ne change plus ensuite."),
    ),
    RequestStep.EXTENDED: (
        _("Quel jour l’organisme a-t-il annoncé un délai plus long ?"),
        _("Il peut prendre deux mois de plus, s’il le dit et l’explique dans le premier mois."),
    ),
    RequestStep.REMINDED: (
        _("Quel jour avez-vous envoyé la relance ?"),
        _("Nous la citerons dans la plainte, s’il en faut une."),
    ),
    RequestStep.COMPLAINED: (_("Quel jour avez-vous déposé la plainte ?"), _("La CNIL vous écrira elle-même.")),
    RequestStep.ANSWERED: (
        _("Quel jour la réponse est-elle arrivée ?"),
        _("Vous pourrez ensuite ajouter les fichiers reçus."),
    ),
}
_LINES = {"address", "recipient_address", "wanted"}
_EMAILS = {"email", "recipient_email"}
_DAYS = {"since", "until"}
_OWN = {"name": "name", "email": "email"}


class StartForm(forms.Form):
    """The choice of a right, left out if only one applies to the holder."""

    right = forms.ChoiceField(label=_("Que voulez-vous demander ?"), widget=forms.RadioSelect)
    token = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, holder: Holder, data: Any = None) -> None:  # noqa: ANN401 - as Django's Form
        super().__init__(data, initial={"token": uuid4()})
        choices = [
            (right.value, right.label[:1].upper() + right.label[1:]) for right in Right if right in holder.rights
        ]
        self.only = choices[0][0] if len(choices) == 1 else ""
        if self.only:
            del self.fields["right"]
        else:
            self.fields["right"].choices = choices  # type: ignore[attr-defined]  # a field of choices

    @property
    def chosen(self) -> str:
        return self.only or str(self.cleaned_data["right"])


class PartForm(forms.Form):
    """One part of the letter. Only the name is required."""

    def __init__(self, slug: str, parts: dict[str, str], data: Any = None) -> None:  # noqa: ANN401 - as Django's Form
        self.part, label, hint = PARTS[slug]
        super().__init__(data, initial={"answer": parts.get(self.part, "")})
        self.fields["answer"] = _part_field(self.part, label=label, help_text=hint, required=self.part == "name")

    @property
    def answer(self) -> dict[str, str]:
        value = self.cleaned_data["answer"]
        return {self.part: value.isoformat() if value and self.part in _DAYS else str(value or "")}


class StepForm(forms.Form):
    """The day of a step and, for an answer, what was received."""

    on = DateField()

    def __init__(self, step: RequestStep, request: DataRequest, data: Any = None) -> None:  # noqa: ANN401 - as Django's Form
        noted = getattr(request, f"{step}_on")
        super().__init__(data, initial={"on": noted or timezone.localdate(), "answer": request.answer})
        label, hint = STEP_QUESTIONS[step]
        self.fields["on"].label, self.fields["on"].help_text = str(label), str(hint)
        if step == RequestStep.ANSWERED:
            self.fields["answer"] = forms.ChoiceField(
                label=_("Qu’avez-vous reçu ?"), choices=RequestAnswer.choices, widget=forms.RadioSelect
            )


def _part_field(part: str, **options: Any) -> forms.Field:
    if part in _DAYS:
        return DateField(**options)
    if part in _EMAILS:
        widget = forms.EmailInput(attrs={"autocomplete": _OWN.get(part, "off"), "spellcheck": "false"})
        invalid = {"invalid": _("Écrivez une adresse complète, comme nom@exemple.fr")}
        return forms.EmailField(widget=widget, max_length=LENGTHS[part], error_messages=invalid, **options)
    if part in _LINES:
        return forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=LENGTHS[part], **options)
    return forms.CharField(
        widget=forms.TextInput(attrs={"autocomplete": _OWN.get(part, "off")}), max_length=LENGTHS[part], **options
    )
