"""Admin of the charter: drafts are written here, and published once. A published version never changes."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.city_admin import Proposed
from accounts.models import User
from certification.labels.actions import charters, holder_contacts
from certification.labels.enums import Signatory
from certification.labels.models import CharterVersion, Criterion, HolderContact, Signature
from core.admin import PortalAdmin, ask_first
from core.pages import contacts

if TYPE_CHECKING:
    CriterionInlineAdmin = admin.StackedInline[Criterion, CharterVersion]
    SignatureModelForm = forms.ModelForm[Signature]
    DraftModelForm = forms.ModelForm[Model]
else:
    SignatureModelForm = DraftModelForm = forms.ModelForm
    CriterionInlineAdmin = admin.StackedInline


def is_draft(obj: Model | None) -> bool:
    return not (isinstance(obj, CharterVersion) and obj.is_published)


class DraftForm(DraftModelForm):
    """A draft of the charter, or one of its criteria: one manager publishes it, so it has no new way to call."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        charters.refuse_new_contacts([text for text in data.values() if isinstance(text, str)])
        return data


class CriterionInline(CriterionInlineAdmin):
    model = Criterion
    form = DraftForm  # type: ignore[assignment]  # of either model
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: CharterVersion | None = None) -> bool:
        return is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: CharterVersion | None = None) -> bool:
        return is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: CharterVersion | None = None) -> bool:
        return is_draft(obj) and super().has_delete_permission(request, obj)


@admin.register(CharterVersion)
class CharterAdmin(PortalAdmin):
    """Agents read the versions; those who manage agents write a draft and publish it."""

    form = DraftForm
    list_display = ("number", "published_at", "sha256")
    fields = ("number", "opening", "opening_en", "money", "money_en", "published_at", "sha256")
    readonly_fields = ("published_at", "sha256")
    inlines = (CriterionInline,)
    actions = ("publish", "next_draft")

    def has_change_permission(self, request: HttpRequest, obj: CharterVersion | None = None) -> bool:
        return is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: CharterVersion | None = None) -> bool:
        return False

    @admin.action(description=_("Publier : le texte ne change plus"), permissions=["change"])
    def publish(self, request: HttpRequest, rows: QuerySet[CharterVersion]) -> HttpResponse | None:
        follows = [
            _("Le texte est public, avec son empreinte, et ne change plus : une correction est une autre version."),
            _("Les nouvelles demandes répondent à cette version. Ce qui est accordé ne change pas."),
        ]
        asked = ask_first(self, request, rows, action="publish", title=_("Publier cette charte ?"), follows=follows)
        if asked is not None:
            return asked
        for charter in rows:
            try:
                charters.publish(charter=charter, by=cast(User, request.user))
            except charters.Incomplete:
                messages.error(request, _("Cette version n’a aucune exigence : rien n’est publié."))
            else:
                messages.success(request, _("C’est publié."))
        return None

    @admin.action(description=_("Copier dans un nouveau brouillon"), permissions=["change"])
    def next_draft(self, request: HttpRequest, rows: QuerySet[CharterVersion]) -> None:
        for charter in rows[:1]:
            draft = charters.draft_after(charter=charter, by=cast(User, request.user))
            messages.success(request, _("Le brouillon est la version %(number)s.") % {"number": draft.number})


@admin.register(HolderContact)
class HolderContactAdmin(Proposed):
    """Holders that are told when a service asks for their data, as two persons chose."""

    list_display = ("holder", "email")
    list_select_related = ("holder",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("holder",) if obj else ()

    def save_model(self, request: HttpRequest, obj: HolderContact, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        self.propose(request, what=holder_contacts.CODE, subject=obj.holder.code, value=obj.email)


class SignatureForm(SignatureModelForm):
    """One manager writes in public that an organisation signed, and its reservations."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "charter" in self.fields:
            versions = CharterVersion.objects.published()
            cast("forms.ModelChoiceField[CharterVersion]", self.fields["charter"]).queryset = versions

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        contacts.refuse_new([data.get(name) or "" for name in ("name", "reservations")], ())
        return data


@admin.register(Signature)
class SignatureAdmin(PortalAdmin):
    """Organisations that signed a version in public. A signature is written once."""

    list_display = ("name", "kind", "charter", "signed_on", "reservations")
    list_select_related = ("charter",)
    form = SignatureForm

    def save_model(self, request: HttpRequest, obj: Signature, form: SignatureForm, change: bool) -> None:
        made = charters.sign(
            charter=obj.charter,
            by=cast(User, request.user),
            kind=Signatory(obj.kind),
            name=obj.name,
            reservations=obj.reservations,
            on=obj.signed_on,
        )
        obj.pk = made.pk

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
