"""Forms of the developers' pages."""

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import PublisherRole
from certification.access.models import Client
from certification.access.presenting.programs import program_name
from certification.developers import personas
from certification.developers.actions import console
from certification.developers.enums import EventType
from certification.developers.models import Call

REFUSED, BROKEN = "refused", "broken"


class PersonaForm(forms.Form):
    persona = forms.ChoiceField(
        label=gettext_lazy("Qui jouez-vous ?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une personne.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["persona"]).choices = _people()


class WebhookForm(forms.Form):
    url = forms.URLField(
        label=gettext_lazy("Adresse"),
        help_text=gettext_lazy("En https, sur le port 443, ouverte à tous."),
        max_length=300,
        error_messages={
            "required": gettext_lazy("Donnez une adresse https complète."),
            "invalid": gettext_lazy("Donnez une adresse https complète."),
        },
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Ce que le programme veut savoir"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choisissez au moins un événement.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.MultipleChoiceField, self.fields["events"]).choices = [
            (one.value, _("%(label)s (%(code)s)") % {"label": one.label, "code": one.value})
            for one in EventType.chosen()
        ]


class CallsForm(forms.Form):
    """The filters of the log of calls. What is not understood is not looked for."""

    reponse = forms.ChoiceField(
        label=gettext_lazy("Réponse"),
        choices=[
            ("", gettext_lazy("Toutes")),
            (REFUSED, gettext_lazy("Refusées (4xx)")),
            (BROKEN, gettext_lazy("Pannes (5xx)")),
        ],
        required=False,
    )
    q = forms.CharField(
        label=gettext_lazy("Numéro, chemin ou code"),
        max_length=100,
        required=False,
    )

    def among(self, calls: QuerySet[Call]) -> QuerySet[Call]:
        """Return the calls that the filters let through."""
        self.is_valid()
        status = self.cleaned_data.get("reponse")
        if status:
            first = 400 if status == REFUSED else 500
            calls = calls.filter(status__gte=first, status__lt=first + 100)
        if text := str(self.cleaned_data.get("q") or "").replace("\0", "").strip():
            exact = calls.filter(request_id=text.lower().replace("-", ""))
            calls = exact if exact.exists() else calls.filter(route__icontains=text) | calls.filter(code=text)
        return calls

    @property
    def query(self) -> str:
        """Return the filters as a query, for the links to other pages."""
        return urlencode({name: value for name, value in self.cleaned_data.items() if value})


class ProgramField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django has none at run time
    def label_from_instance(self, obj: Client) -> str:
        return program_name(obj)


class ConsoleForm(forms.Form):
    """One call of a test program, as a persona."""

    program = ProgramField(
        label=gettext_lazy("Programme"),
        queryset=Client.objects.none(),
        to_field_name="client_id",
        empty_label=None,
        error_messages={"required": gettext_lazy("Choisissez un programme.")},
    )
    persona = forms.ChoiceField(label=gettext_lazy("Personne fictive"))
    name = forms.ChoiceField(
        label=gettext_lazy("Requête"), choices=[(name, f"GET /api/v1/me/{name}") for name in console.CALLS]
    )

    def __init__(self, programs: QuerySet[Client], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(ProgramField, self.fields["program"]).queryset = programs
        cast(forms.ChoiceField, self.fields["persona"]).choices = _people()


def _people() -> list[tuple[str, str]]:
    return [
        (one.slug, _("%(name)s : %(about)s") % {"name": one.name, "about": one.about}) for one in personas.everyone()
    ]


class MemberForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Nom"), max_length=120)
    email = forms.EmailField(label=gettext_lazy("Adresse de connexion"))
    role = forms.TypedChoiceField(
        label=gettext_lazy("Rôle"),
        choices=[(role, capfirst(label)) for role, label in PublisherRole.choices],
        coerce=PublisherRole,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez un rôle.")},
    )
