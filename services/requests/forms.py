from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import Organisation
from core.pages.forms import DateField, PublicWords, say_conditional
from services.requests.actions.answering import TEXT_LENGTH
from services.requests.actions.office import MESSAGE_LENGTH
from services.requests.actions.outside import NUMBER_LENGTH, OFFICE_LENGTH
from services.requests.actions.sending import MONTHS, Office
from services.requests.enums import Fault, OutsideAnswer, OutsideStep, Proposal
from services.requests.models import OutsideRequest

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LENGTH = MESSAGE_LENGTH
#: The question of each step of a request outside Garant, and its hint.
STEP_QUESTIONS: "dict[OutsideStep, tuple[_StrPromise, _StrPromise]]" = {
    OutsideStep.SENT: (_("Quel jour l’avez-vous envoyée ?"), _("Le délai de l’organisme part de ce jour.")),
    OutsideStep.ASKED: (
        _("Quel jour vous a-t-on demandé un papier ?"),
        _("Le délai s’arrête de ce jour jusqu’à votre envoi."),
    ),
    OutsideStep.SUPPLIED: (_("Quel jour avez-vous envoyé le papier ?"), _("Le délai repart de ce jour.")),
    OutsideStep.ANSWERED: (_("La réponse est arrivée"), _("Celui de la lettre ou du message.")),
}


def _months(count: int) -> str:
    return str(ngettext_lazy("%(count)s mois", "%(count)s mois", count) % {"count": count})


class SendForm(forms.Form):
    """`seen` is the fingerprint of the lines on the page; `token` makes one request of a form sent twice."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    office = forms.ChoiceField(
        label=_("À quel service ?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez un service."), "invalid_choice": _("Ce service n’est plus ouvert.")},
    )
    months = forms.TypedChoiceField(
        label=_("Combien de temps garde-t-il sa copie ?"),
        help_text=_("Ce jour-là, elle est effacée. Vous pouvez arrêter avant."),
        widget=forms.RadioSelect,
        coerce=int,
        error_messages={"required": _("Choisissez une durée.")},
    )

    def __init__(self, *args: Any, offices: Sequence[Office], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(str(one.organisation.pk), f"{one.organisation.name}, {one.organisation.address}") for one in offices]
        if len(offices) > 1 and offices[0].is_named:
            self.fields["office"].help_text = _("Celui de cette démarche est en premier.")
        self.fields["office"].choices = found  # type: ignore[attr-defined]  # a field of choices
        self.fields["months"].choices = [(count, _months(count)) for count in MONTHS]  # type: ignore[attr-defined]


class CorrectForm(forms.Form):
    """The resident's mended line: words, or one of their papers."""

    text = forms.CharField(label=_("Ce qu’il faut lire"), max_length=TEXT_LENGTH, required=False)
    paper = forms.ChoiceField(label=_("Un papier de votre coffre"), widget=forms.RadioSelect, required=False)

    def __init__(self, *args: Any, papers: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["paper"].choices = papers  # type: ignore[attr-defined]  # a field of choices
        if not papers:
            del self.fields["paper"]
        say_conditional(self, "text", "paper")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not self.errors and not data.get("text", "").strip() and not data.get("paper"):
            raise forms.ValidationError(_("Écrivez ce qu’il faut lire, ou choisissez un papier."))
        return data


class AskForm(forms.Form):
    fault = forms.ChoiceField(
        label=_("Qu’est-ce qui ne va pas ?"),
        choices=[(fault.value, fault.label) for fault in Fault if fault != Fault.MISSING],
        widget=forms.RadioSelect,
        error_messages={"required": _("Dites ce qui ne va pas.")},
    )
    #: One agent writes it, who may know nobody's number but their office's.
    message = PublicWords(
        label=_("Ce que la personne lira"),
        help_text=_("Dites ce qui suffit. Elle ne touchera que cette ligne."),
        rows=3,
        max_length=LENGTH,
        error_messages={"required": _("Écrivez ce qui suffit : sans cela, la personne ne sait pas quoi faire.")},
    )

    def __init__(self, *args: Any, office: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(PublicWords, self.fields["message"]).known = (office.phone,)


class ProposeForm(forms.Form):
    proposal = forms.ChoiceField(
        label=_("Votre proposition"),
        choices=Proposal.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez une proposition.")},
    )
    reason = forms.CharField(
        label=_("Motif, en une ou deux phrases"),
        help_text=_("Obligatoire pour refuser. Avec le chiffre et la règle : « 526 € est sous 650 € »."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=LENGTH,
        required=False,
    )
    given = forms.CharField(
        label=_("Ce qui est accordé"),
        help_text=_("Obligatoire pour accorder. Comme « 1,20 € le repas »."),
        max_length=200,
        required=False,
    )
    starts_on = DateField(label=_("À partir du"), required=False)
    ends_on = DateField(label=_("Jusqu’au"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        say_conditional(self, "reason", "given")

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        refusing = data.get("proposal") == Proposal.REFUSE
        if refusing and not data.get("reason", "").strip():
            self.add_error("reason", _("Un refus a un motif : la personne le lit en premier."))
        if data.get("proposal") == Proposal.GRANT and not data.get("given", "").strip():
            self.add_error("given", _("Dites ce qui est accordé."))
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", _("La fin est avant le début."))
        return data


class NumberForm(forms.Form):
    """The office outside Garant, and the number that it gave."""

    office = forms.CharField(label=_("À quel organisme ?"), max_length=OFFICE_LENGTH)
    number = forms.CharField(
        label=_("Le numéro qu’il vous a donné"),
        help_text=_("S’il y en a un : numéro de dossier ou d’allocataire."),
        max_length=NUMBER_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class OutsideForm(NumberForm):
    """`token` makes one request of a form sent twice."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    on = DateField(
        label=STEP_QUESTIONS[OutsideStep.SENT][0],
        help_text=STEP_QUESTIONS[OutsideStep.SENT][1],
        initial=timezone.localdate,
    )
    field_order = ("token", "office", "on", "number")


class OutsideStepForm(forms.Form):
    """The day of a step and, for an answer, which one."""

    on = DateField()

    def __init__(self, step: OutsideStep, request: OutsideRequest, data: Any = None) -> None:  # noqa: ANN401 - a QueryDict
        noted = getattr(request, f"{step}_on")
        super().__init__(
            data,
            initial={
                "on": noted or timezone.localdate(),
                "answer": request.answer,
                "ends_on": request.ends_on,
            },
        )
        self.title, hint = STEP_QUESTIONS[step]
        self.fields["on"].label, self.fields["on"].help_text = _("Le jour"), str(hint)
        if step == OutsideStep.ANSWERED:
            self.fields["answer"] = forms.ChoiceField(
                label=_("Qu’a-t-il répondu ?"),
                choices=OutsideAnswer.choices,
                widget=forms.RadioSelect,
                error_messages={"required": _("Dites ce qu’il a répondu.")},
            )
            self.fields["ends_on"] = DateField(
                label=_("Si c’est accordé, jusqu’à quand ?"),
                help_text=_("Vide si la lettre n’en dit rien. Nous vous le rappelons un mois avant."),
                required=False,
            )
