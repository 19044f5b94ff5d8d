"""Forms of debates and votes. Nothing is ticked beforehand; a proposal without a choice is “no opinion”."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.debates.enums import Choice, Kind, Rule
from campaigns.debates.models import Vote
from campaigns.debates.personal import find_personal
from core.pages.forms import DateField, PublicWords, as_read
from core.symbols import read_code
from vault.types.names import words

SIDES = ((Kind.FOR.value, gettext_lazy("Pour")), (Kind.AGAINST.value, gettext_lazy("Contre")))
CHOICES = tuple((choice.value, choice.label) for choice in (Choice.FOR, Choice.AGAINST, Choice.NONE))
YES_OR_NO = ((Choice.FOR.value, gettext_lazy("Oui")), (Choice.AGAINST.value, gettext_lazy("Non")))
DECISIONS = (
    ("approve", gettext_lazy("Approuver : le vote ouvre dans quelques minutes")),
    ("refuse", gettext_lazy("Refuser")),
)
APPEALS = (
    ("yes", gettext_lazy("L’auteur a raison : remettre le texte")),
    ("no", gettext_lazy("Laisser le texte écarté")),
)


def _text(label: Any, rows: int = 4, **others: Any) -> forms.CharField:  # noqa: ANN401 - lazy
    return forms.CharField(label=label, max_length=600, widget=forms.Textarea({"rows": rows}), **others)


class PostForm(forms.Form):
    """A public text of a resident. What it says of somebody is pointed out, and published if its author keeps it."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        found = find_personal(*(data.get(name, "") for name in ("title", "text")))
        if found:
            self.fields["keep"] = forms.BooleanField(label=_("Publier ainsi : ce texte reste public"), required=False)
            if not self.data.get("keep"):
                said = _(
                    "Ce texte donne un nom ou de quoi joindre quelqu’un : %(found)s. Retirez-le, ou publiez ainsi."
                )
                raise ValidationError({"text": said % {"found": ", ".join(found)}})
        return data


class ProposalForm(PostForm):
    title = forms.CharField(label=gettext_lazy("Votre proposition, en une ligne"), max_length=100)
    text = _text(gettext_lazy("Ce que cela changerait"), 5)


class ArgumentForm(PostForm):
    side = forms.ChoiceField(label=gettext_lazy("Votre argument est"), choices=SIDES, widget=forms.RadioSelect)
    text = _text(gettext_lazy("Votre argument"))


class AppealForm(forms.Form):
    text = _text(gettext_lazy("Pourquoi ce texte respecte la règle"))


class SetAsideForm(forms.Form):
    rule = forms.ChoiceField(label=gettext_lazy("Règle"), choices=Rule.choices, widget=forms.RadioSelect)
    reasons = PublicWords(
        label=gettext_lazy("Raison (publiée)"),
        max_length=600,
        rows=3,
        help_text=gettext_lazy("Sans recopier le texte, ni nommer personne."),
    )


class DecideAppealForm(forms.Form):
    decision = forms.ChoiceField(label=gettext_lazy("Décision"), choices=APPEALS, widget=forms.RadioSelect)
    words = PublicWords(label=gettext_lazy("Raison (publiée)"), max_length=600, rows=3)


class AskVoteForm(forms.Form):
    day = DateField(label=gettext_lazy("Dernier jour du vote"))
    hour = forms.TypedChoiceField(
        label=gettext_lazy("Heure de fin"),
        choices=[(hour, f"{hour}\u00a0h") for hour in range(8, 23)],
        coerce=int,
        initial=20,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "day" in data and "hour" in data and self.closes_at() <= timezone.now():
            raise ValidationError({"day": _("Le vote finit à une heure à venir.")})
        return data

    def closes_at(self) -> datetime:
        data = self.cleaned_data
        return timezone.make_aware(datetime.combine(data["day"], time(data["hour"])))


class DecideVoteForm(forms.Form):
    shown = as_read()
    decision = forms.ChoiceField(label=gettext_lazy("Décision"), choices=DECISIONS, widget=forms.RadioSelect)
    words = PublicWords(label=gettext_lazy("Pourquoi (publié)"), max_length=600, rows=3, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") == "refuse" and not data.get("words", "").strip():
            raise ValidationError({"words": _("Écrivez pourquoi : c’est publié.")})
        return data


class BallotForm(forms.Form):
    """One question for each proposal of a vote, in its order."""

    def __init__(self, vote: Vote, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = [f"choice_{number}" for number in range(len(vote.options))]
        for name, title in zip(self.names, vote.titles, strict=True):
            self.fields[name] = forms.ChoiceField(
                label=title, choices=CHOICES, widget=forms.RadioSelect, required=False
            )

    def choices(self) -> list[Choice]:
        return [Choice(self.cleaned_data[name] or Choice.NONE) for name in self.names]


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code de votre invitation"),
        max_length=40,
        help_text=gettext_lazy("La ville ne voit pas quels codes ont servi, ni qui les a tapés."),
        widget=forms.TextInput({"class": "govuk-input--width-20"}),
    )


class OpeningForm(forms.Form):
    """The ballot of a member of a group. Nothing is ticked."""

    choice = forms.ChoiceField(
        label=gettext_lazy("Cette consultation doit-elle ouvrir ?"), choices=YES_OR_NO, widget=forms.RadioSelect
    )


class CivilForm(forms.Form):
    """A civil status, as it is written on an identity paper."""

    family_name = forms.CharField(label=gettext_lazy("Nom de naissance"), max_length=100)
    given_names = forms.CharField(
        label=gettext_lazy("Tous les prénoms"), max_length=200, help_text=gettext_lazy("Dans l’ordre du papier.")
    )
    birthdate = DateField(
        label=gettext_lazy("Date de naissance"),
        help_text=gettext_lazy("Sans jour ou sans mois sur le papier, écrivez 1."),
    )

    def clean_family_name(self) -> str:
        return _letters(self.cleaned_data["family_name"])

    def clean_given_names(self) -> str:
        return _letters(self.cleaned_data["given_names"])

    def civil(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("family_name", "given_names", "birthdate")}


class SlipForm(CivilForm):
    """The civil status of who votes on paper, and the roll, which they tick."""

    signed = forms.BooleanField(
        label=gettext_lazy("La personne a coché elle-même la liste : elle vote."),
        error_messages={"required": gettext_lazy("La personne coche elle-même la liste avant d’avoir un numéro.")},
    )


class UnseenDate(forms.CharField):
    """A date of eight digits, typed by the voter and shown to nobody."""

    widget = forms.PasswordInput(
        attrs={"inputmode": "numeric", "autocomplete": "off", "class": "govuk-input--width-10"}
    )

    def clean(self, value: Any) -> date:  # noqa: ANN401 - Django's
        typed = "".join(sign for sign in super().clean(value) if sign not in " ./-")
        try:
            if len(typed) != 8 or not (typed.isascii() and typed.isdigit()):
                raise ValueError
            return date(int(typed[4:]), int(typed[2:4]), int(typed[:2]))
        except ValueError:
            raise ValidationError(_("La personne tape 8 chiffres\u00a0: jour, mois, année, comme 31031988.")) from None


class PaperForm(BallotForm):
    """A paper ballot: the number that another agent gave, the choices, which the person reads again, and their date.

    The date is compared with the one that the first agent read: a slip that they gave for somebody else takes no
    ballot. The agent does not see it, since they see the choices.
    """

    number = forms.CharField(
        label=gettext_lazy("Numéro écrit sur l’enveloppe"),
        max_length=20,
        help_text=gettext_lazy("Huit signes, donnés par l’agent qui a vu le papier d’identité."),
        widget=forms.TextInput({"class": "govuk-input--width-10", "autocomplete": "off", "spellcheck": "false"}),
    )
    read_again = forms.BooleanField(
        label=gettext_lazy("La personne a relu ses choix sur cet écran."),
        error_messages={"required": gettext_lazy("La personne relit ses choix sur cet écran avant de déposer.")},
    )
    birthdate = UnseenDate(
        label=gettext_lazy("Date de naissance, tapée par la personne"),
        max_length=12,
        help_text=gettext_lazy(
            "Donnez-lui le clavier. La personne tape 8 chiffres, comme 31031988, que l’écran n’affiche pas, sans vous "
            "les dire. Sans jour ou sans mois sur son papier, elle tape 01."
        ),
    )

    def __init__(self, vote: Vote, *args: Any, **kwargs: Any) -> None:
        super().__init__(vote, *args, **kwargs)
        self.order_fields(["number", *self.names, "read_again", "birthdate"])

    def clean_number(self) -> str:
        return read_code(self.cleaned_data["number"])


class ProofForm(CivilForm):
    """The civil status of the resident whose visit is active. `visit`: the one that the page was opened for."""

    visit = forms.UUIDField(widget=forms.HiddenInput)


def _letters(name: str) -> str:
    if not words(name):
        raise ValidationError(_("Écrivez le nom en lettres latines, comme sur le papier."))
    return name
