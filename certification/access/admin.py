"""Holders that send, in the admin. The toolkit's lists of clients and tokens are not: tokens are nobody's to see."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import DeviceGrant

from accounts.city_admin import WithTwo
from accounts.models import User
from certification.access.actions import sending
from certification.access.models import AccessToken, AuthorizationCode, Client, IDToken, RefreshToken
from certification.labels.models import Service
from vault import types
from vault.holders.actions import senders
from vault.holders.models import Sender
from vault.records.models import Holder

if TYPE_CHECKING:
    SenderModelForm = forms.ModelForm[Sender]
else:
    SenderModelForm = forms.ModelForm

for model in (AccessToken, AuthorizationCode, Client, IDToken, RefreshToken, DeviceGrant):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class SenderForm(SenderModelForm):
    """A permission of a holder to send, checked as `senders.allow` does. Two persons give it."""

    holder = forms.ModelChoiceField(Holder.objects.filter(withdrawn_at=None), label=_("Organisme"))
    service = forms.ModelChoiceField(Service.objects.all(), label=_("Service, dont les programmes envoient"))
    types = forms.MultipleChoiceField(label=_("Types de données"), widget=forms.CheckboxSelectMultiple)
    public_key = forms.CharField(
        label=_("Clé publique de ses lots signés (JWK, P-256)"), required=False, widget=forms.Textarea
    )

    stays = forms.BooleanField(
        label=_("Ses conditions interdisent de passer ces données à un service"), required=False
    )

    class Meta:
        model = Sender
        fields = ("rhythm",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "types" in self.fields:
            choices = [(one.code, f"{one.title} ({one.code})") for one in types.all_types()]
            cast(forms.MultipleChoiceField, self.fields["types"]).choices = choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                senders.check(
                    holder=cleaned["holder"].code,
                    service_id=cleaned["service"].pk,
                    types_sent=cleaned["types"],
                    public_key=cleaned["public_key"],
                )
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned


@admin.register(Sender)
class SenderAdmin(WithTwo):
    """Two persons let a holder send: this form proposes it. One who manages agents ends it."""

    list_display = ("holder", "service", "types", "rhythm", "stays", "created_at", "ended_at")
    actions = ("end",)

    def get_fields(self, request: HttpRequest, obj: Sender | None = None) -> tuple[str, ...]:
        return self.list_display if obj else ("holder", "service", "types", "rhythm", "public_key", "stays")

    def get_readonly_fields(self, request: HttpRequest, obj: Sender | None = None) -> tuple[str, ...]:
        return self.list_display if obj else ()

    def get_form(self, request: HttpRequest, obj: Sender | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: ANN401 - a form's class
        return SenderForm if obj is None else super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Sender, form: SenderModelForm, change: bool) -> None:
        """Write nothing before a second person agrees."""
        said = form.cleaned_data
        value = {
            "holder": said["holder"].code,
            "types": said["types"],
            "rhythm": said["rhythm"],
            "public_key": said["public_key"],
            "stays": said["stays"],
        }
        self.propose(request, what=sending.CODE, subject=str(said["service"].pk), value=value)

    def log_addition(self, request: HttpRequest, obj: Sender, message: Any) -> Any:  # noqa: ANN401 - Django's
        """Write no line: the decisions say who proposed and who agreed."""

    def response_add(self, request: HttpRequest, obj: Sender, post_url_continue: str | None = None) -> HttpResponse:
        return redirect("admin:holders_sender_changelist")

    @admin.display(description=_("service"))
    def service(self, row: Sender) -> str:
        return str(Service.objects.filter(pk=row.service_id).first() or "")

    @admin.action(description=_("Ne plus laisser envoyer"), permissions=["change"])
    def end(self, request: HttpRequest, rows: QuerySet[Sender]) -> None:
        for sender in rows:
            senders.end(sender=sender, by=cast(User, request.user))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
