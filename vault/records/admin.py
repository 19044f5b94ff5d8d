"""Admin of the kinds of paper and of the holders, which the city adapts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.admin import ask_first
from vault.records.enums import Channel, Pages, Right
from vault.records.forms.catalogue import Downloads, Lines, downloads_form, type_choices
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
        return DATES

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ANN401 - Django's
        """Leave the code out once the row exists: residents' rows refer to it, and no agent needs it."""
        kept: tuple[str, ...] = self.form.Meta.exclude  # type: ignore[attr-defined]  # of the two forms below
        return kept if obj is None else (*kept, "code")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        """Mark the row as edited, so that loading the content again leaves it."""
        obj.edited_at = timezone.now()
        super().save_model(request, obj, form, change)


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.code, kind.label) for kind in PaperKind.objects.all()]


class PaperKindForm(ModelForm):
    """What the readers need of a kind comes with the software, and is not on the page."""

    pages = forms.ChoiceField(label=_("Pages à joindre"), choices=Pages.choices)
    proves = forms.MultipleChoiceField(label=_("Données prouvées"), choices=type_choices, required=False)
    who_may_ask = Lines(label=_("Qui peut le demander"), required=False, help_text=_("Une phrase par ligne."))

    class Meta:
        model = PaperKind
        exclude = ("machine_readable", "readable_fields", "source")


class HolderForm(ModelForm):
    record_codes = Lines(label=_("Noms dans les données"), required=False, help_text=_("Un par ligne, comme CNAF."))
    brands = Lines(label=_("Marques"), required=False, help_text=_("Organismes de ce genre, un par ligne."))
    holds = forms.MultipleChoiceField(label=_("Types de données"), choices=type_choices, required=False)
    papers = forms.MultipleChoiceField(label=_("Natures de papier"), choices=kind_choices, required=False)
    channels = forms.MultipleChoiceField(
        label=_("Comment demander"), choices=Channel.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    rights = forms.MultipleChoiceField(label=_("Droits"), choices=Right.choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Holder
        exclude = ("source", "downloads")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.downloads: Downloads = downloads_form(self.data if self.is_bound else None, self.holder.downloads)

    @property
    def holder(self) -> Holder:
        return cast(Holder, self.instance)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.downloads.is_valid():
            self.holder.downloads = self.downloads.chosen
        else:
            self.add_error(None, _("Un téléchargement est incomplet\u00a0: voyez en bas de la page."))
        return data


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
    change_form_template = "admin/holder.html"
    follows = (
        _("Les habitants ne voient plus cet organisme dans la liste, ni comment y prendre leurs données."),
        _("Ils ne commencent plus de lettre pour lui. Les lettres commencées restent."),
        _("Les valeurs déjà reçues de lui restent, avec son nom."),
    )
    list_display = ("name_fr", "theme", "several", "email", *DATES)
    list_filter = ("theme", "several")
    search_fields = ("code", "name_fr", "name_en", "short_fr", "brands")
