"""Admin of the kinds of paper and of the holders, which the city adapts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.admin import ask_first
from vault import types
from vault.records.enums import Channel, Pages, Right
from vault.records.models import Holder, PaperKind

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Model]
    ModelForm = forms.ModelForm[Model]
else:
    ModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm

DATES = ("edited_at", "withdrawn_at")


class ShippedAdmin(ModelAdmin):
    """Rows are withdrawn, never deleted: residents' rows name them by their code."""

    actions = ("withdraw", "offer_again")
    #: What residents lose when a row is withdrawn, said before.
    follows: Sequence[Promise] = ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.action(description=_("Retirer"), permissions=["change"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        title = _("Retirer ?")
        asked = ask_first(self, request, rows, action="withdraw", title=title, follows=self.follows)
        if asked is None:
            rows.filter(withdrawn_at=None).update(withdrawn_at=timezone.now(), edited_at=timezone.now())
            messages.success(request, _("C’est retiré."))
        return asked

    @admin.action(description=_("Proposer de nouveau"), permissions=["change"])
    def offer_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        rows.update(withdrawn_at=None, edited_at=timezone.now())
        messages.success(request, _("C’est proposé de nouveau."))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Make the code read-only once the row exists: residents' rows refer to it."""
        return DATES if obj is None else ("code", *DATES)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        """Mark the row as edited, so that loading the content again leaves it."""
        obj.edited_at = timezone.now()
        super().save_model(request, obj, form, change)


class Lines(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:  # noqa: ANN401 - Django's
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


def type_choices() -> list[tuple[str, str]]:
    """Return the types of data by their title, in the page's language."""
    return sorted(((one.code, one.title) for one in types.all_types()), key=lambda one: one[1])


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.code, kind.label) for kind in PaperKind.objects.all()]


class PaperKindForm(ModelForm):
    """What the readers need of a kind comes with the software, and is not on the page."""

    pages = forms.ChoiceField(label=_("pages à joindre"), choices=Pages.choices)
    proves = forms.MultipleChoiceField(label=_("données prouvées"), choices=type_choices, required=False)
    who_may_ask = Lines(label=_("qui peut le demander"), required=False, help_text=_("Une phrase par ligne."))

    class Meta:
        model = PaperKind
        exclude = ("machine_readable", "readable_fields", "source")


class HolderForm(ModelForm):
    record_codes = Lines(label=_("noms dans les données"), required=False, help_text=_("Un par ligne, comme CNAF."))
    brands = Lines(label=_("marques"), required=False, help_text=_("Organismes de ce genre, un par ligne."))
    holds = forms.MultipleChoiceField(label=_("types de données"), choices=type_choices, required=False)
    papers = forms.MultipleChoiceField(label=_("natures de papier"), choices=kind_choices, required=False)
    channels = forms.MultipleChoiceField(
        label=_("comment demander"), choices=Channel.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    rights = forms.MultipleChoiceField(label=_("droits"), choices=Right.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Holder
        exclude = ("source",)


@admin.register(PaperKind)
class PaperKindAdmin(ShippedAdmin):
    form = PaperKindForm
    follows = (
        _("Les habitants ne choisissent plus cette nature pour un papier qu’ils ajoutent."),
        _("Un dossier qui la demande reste incomplet pour ceux qui n’ont pas encore ce papier."),
        _("Les papiers déjà rangés restent, avec leur nature."),
    )
    list_display = ("label_fr", "theme", "holder", "validity", "validity_months", "sensitive", *DATES)
    list_filter = ("theme", "validity", "sensitive")
    search_fields = ("code", "label_fr", "label_en", "holder")


@admin.register(Holder)
class HolderAdmin(ShippedAdmin):
    form = HolderForm
    follows = (
        _("Les habitants ne voient plus cet organisme dans la liste, ni comment y prendre leurs données."),
        _("Ils ne commencent plus de lettre pour lui. Les lettres commencées restent."),
        _("Les valeurs déjà reçues de lui restent, avec son nom."),
    )
    list_display = ("name_fr", "theme", "several", "email", *DATES)
    list_filter = ("theme", "several")
    search_fields = ("code", "name_fr", "name_en", "short_fr", "brands")
