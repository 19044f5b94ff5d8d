"""Admin of the kinds of paper and of the holders, which the city adapts."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.actions import city_decisions
from accounts.city_admin import WithTwo, governs
from accounts.models import User
from core.admin import ask_first
from core.pages import contacts
from vault.records.actions import holder_addresses, offering
from vault.records.enums import Channel, Pages, Right
from vault.records.forms.catalogue import Downloads, Lines, downloads_form, type_choices
from vault.records.models import Holder, PaperKind

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Model]
else:
    ModelForm = forms.ModelForm

DATES = ("edited_at", "withdrawn_at")
#: Columns of a row that no page shows to residents.
UNREAD = ("source", "code", "mac")
AFTER_TWO = _("C’est proposé à une autre personne. Rien ne change avant qu’elle accepte.")


class ShippedAdmin(WithTwo):
    """Rows are withdrawn by two persons, never deleted: residents' rows name them by their code."""

    actions = ("withdraw", "offer_again")
    #: What residents lose when a row is withdrawn, said before.
    follows: Sequence[Promise] = ()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_propose_permission(self, request: HttpRequest) -> bool:
        return governs(request)

    @admin.action(description=_("Retirer"), permissions=["propose"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        title = _("Retirer\u00a0?")
        asked = ask_first(self, request, rows, action="withdraw", title=title, follows=self.follows)
        if asked is None:
            self._propose_all(request, rows, is_offered=False)
        return asked

    @admin.action(description=_("Proposer aux habitants"), permissions=["propose"])
    def offer_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._propose_all(request, rows, is_offered=True)

    def proposal(self, row: Any, *, is_offered: bool) -> tuple[str, str, Any]:  # noqa: ANN401 - one of three models
        """Return the setting, its subject and the value that is proposed."""
        return offering.CODES[type(row)], row.code, offering.of(row) | {"offered": is_offered}

    def _propose_all(self, request: HttpRequest, rows: QuerySet[Any], *, is_offered: bool) -> None:
        asked = [self.proposal(row, is_offered=is_offered) for row in rows if offering.is_offered(row) != is_offered]
        if not asked:
            messages.info(request, _("Rien à changer\u00a0: c’est déjà ainsi."))
            return
        by = cast(User, request.user)
        with transaction.atomic():
            waiting = [city_decisions.change(what=what, subject=key, value=to, by=by) for what, key, to in asked]
        messages.success(request, self.PROPOSED if any(waiting) else _("C’est enregistré."))

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


class NamedAdmin(ShippedAdmin):
    """Two persons change the names, and what else `offering` has: who governs proposes them by this form.

    A row that an agent adds begins withdrawn: two persons offer it to residents.
    """

    #: Other columns that two persons change: the code of the setting, and what returns its value of a row.
    more_by_two: Sequence[tuple[str, Callable[[Any], dict[str, Any]]]] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None or governs(request) else (*fixed, *offering.COLUMNS[self.model])

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        """Write all but what is proposed."""
        names = offering.CODES[self.model]
        of_rows = [(names, offering.of), *self.more_by_two]
        chosen = {what: of(obj) for what, of in of_rows}
        before = self.model.objects.get(pk=obj.pk) if change else None
        if before is None:
            obj.withdrawn_at = timezone.now()
            chosen[names]["offered"] = governs(request)
        for what, of in of_rows:
            for name, value in of(before or self.model()).items():
                # The names of a new row are its own; its codes in data name values that residents have.
                if name != "offered" and (before is not None or what != names or name == "record_codes"):
                    setattr(obj, name, value)
        super().save_model(request, obj, form, change)
        for what, of in of_rows:
            if chosen[what] != of(obj):
                self.propose(request, what=what, subject=obj.code, value=chosen[what])
        if not change and not governs(request):
            messages.info(
                request,
                _("C’est ajouté, et les habitants ne le voient pas encore : deux personnes le leur proposent."),
            )


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.code, kind.label) for kind in PaperKind.objects.all()]


def _refuse_new_contacts(form: ModelForm, *more: object, but: Sequence[str] = ()) -> None:
    """Refuse a telephone number or an address that residents do not read of the row yet, in what one person writes."""
    model: Any = type(form.instance)
    before = model.objects.filter(pk=form.instance.pk).values().first() or {}
    free = [name for name, field in form.fields.items() if isinstance(field, forms.CharField) and name not in but]
    said = [*(form.cleaned_data.get(name) for name in free), *more]
    known = [_without_sources(value) for name, value in before.items() if name not in UNREAD]
    _refuse_new(said, known)


def _refuse_new(said: Sequence[object], known: Sequence[object]) -> None:
    contacts.refuse_new(*([text for part in parts for text in contacts.written(part)] for parts in (said, known)))


def _without_sources(value: object) -> object:
    """Return a value of a column without what is on no page: where each way to download comes from."""
    if not isinstance(value, list):
        return value
    return [
        {name: part for name, part in one.items() if name != "source"} if isinstance(one, dict) else one
        for one in value
    ]


class NamedForm(ModelForm):
    """Refuses a name that another row has, or that looks the same."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's
        row = cast(Any, self.instance)
        named = {"code", "brands", *offering.COLUMNS[type(row)]}
        if not self.errors and (row.pk is None or named.intersection(self.changed_data)):
            try:
                offering.refuse_names_of_another(row)
            except forms.ValidationError as problem:
                self.add_error(None, problem)


class PaperKindForm(NamedForm):
    """What the readers need of a kind comes with the software, and is not on the page."""

    pages = forms.ChoiceField(label=_("Pages à joindre"), choices=Pages.choices)
    proves = forms.MultipleChoiceField(label=_("Données prouvées"), choices=type_choices, required=False)
    who_may_ask = Lines(label=_("Qui peut le demander"), required=False, help_text=_("Une phrase par ligne."))

    class Meta:
        model = PaperKind
        exclude = ("machine_readable", "readable_fields", "source")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        _refuse_new_contacts(self)
        return data


class HolderForm(NamedForm):
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
        shown = [{name: one[name] for name in ("label", "steps", "formats")} for one in self.holder.downloads]
        _refuse_new_contacts(self, *shown, but=holder_addresses.COLUMNS)
        before = Holder.objects.filter(pk=self.holder.pk).first()
        noted = [[one["source"] for one in row.downloads] for row in (self.holder, before) if row]
        _refuse_new(noted[:1], noted[1:])
        return data


@admin.register(PaperKind)
class PaperKindAdmin(NamedAdmin):
    form = PaperKindForm
    follows = (
        AFTER_TWO,
        _("Les habitants ne choisissent plus cette nature pour un papier qu’ils ajoutent."),
        _("Un dossier qui la demande reste incomplet pour ceux qui n’ont pas encore ce papier."),
        _("Les papiers déjà rangés restent, avec leur nature."),
    )
    list_display = ("label_fr", "theme", "holder", "validity", "validity_months", "sensitive", *DATES)
    list_filter = ("theme", "validity", "sensitive")
    search_fields = ("code", "label_fr", "label_en", "holder")


@admin.register(Holder)
class HolderAdmin(NamedAdmin):
    """Two persons change where a resident's request of their data goes, too: who governs proposes it by this form."""

    form = HolderForm
    more_by_two = ((holder_addresses.CODE, holder_addresses.of),)
    change_form_template = "admin/holder.html"
    follows = (
        AFTER_TWO,
        _("Les habitants ne voient plus cet organisme dans la liste, ni comment y prendre leurs données."),
        _("Ils ne commencent plus de lettre pour lui. Les lettres commencées restent."),
        _("Les valeurs déjà reçues de lui restent, avec son nom."),
    )
    list_display = ("name_fr", "theme", "several", "email", *DATES)
    list_filter = ("theme", "several")
    search_fields = ("code", "name_fr", "name_en", "short_fr", "brands")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        own = () if governs(request) else (*holder_addresses.COLUMNS, "record_codes")
        return tuple(dict.fromkeys((*super().get_readonly_fields(request, obj), *own)))
