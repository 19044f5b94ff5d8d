"""Admin of the agents of offices. `accounts.admin` imports it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.actions import places
from accounts.models import Membership, OfficeMember, Organisation, User
from core.admin import AddOnlyAdmin, ask_first


class OfficeMemberForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    person = forms.ModelChoiceField(User.objects.none(), label=_("Agent"))
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("Service"))

    class Meta:
        model = OfficeMember
        fields = ["person", "organisation", "instructs", "may_decide"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "person": User.objects.agents().filter(is_active=True),
            "organisation": Organisation.objects.offices(),
        }
        for name in choices.keys() & self.fields.keys():  # a row's page has no field
            self.fields[name].queryset = choices[name]  # type: ignore[attr-defined]  # a field of choices

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not data.get("instructs") and not data.get("may_decide"):
            raise forms.ValidationError(_("Choisissez au moins un rôle."))
        return data

    def _post_clean(self) -> None:
        """Check no row: `add_to_office` ends the former place before it makes another."""


@admin.register(OfficeMember)
class OfficeMemberAdmin(AddOnlyAdmin):
    """Agents of the offices that receive requests. Changing a role is adding the agent again."""

    form = OfficeMemberForm
    fields = ["person", "organisation", "instructs", "may_decide"]
    list_display = ["person", "organisation", "instructs", "may_decide", "since", "ended_at"]
    list_select_related = ["person", "organisation"]
    ordering = ["-since"]
    actions = ["end"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).filter(Q(instructs=True) | Q(may_decide=True))

    def save_model(self, request: HttpRequest, obj: OfficeMember, form: OfficeMemberForm, change: bool) -> None:
        data = form.cleaned_data
        place = places.add_to_office(
            agent=data["person"],
            organisation=data["organisation"],
            instructs=data["instructs"],
            may_decide=data["may_decide"],
        )
        obj.pk, obj.person, obj.organisation = place.pk, place.person, place.organisation

    @admin.action(description=_("Retirer du service"), permissions=["add"])
    def end(self, request: HttpRequest, rows: QuerySet[Membership]) -> HttpResponse | None:
        asked = ask_first(
            self,
            request,
            rows,
            action="end",
            title=_("Retirer ces agents de leur service ?"),
            follows=[
                _("Ils n’ouvrent plus aucune demande, tout de suite. Leur compte d’agent reste ouvert."),
                _("Leurs demandes en cours attendent un autre agent du service."),
            ],
        )
        if asked is not None:
            return asked
        for place in rows:
            places.leave_office(place=place)
        messages.success(request, _("C’est fait. Ces agents n’ouvrent plus de demande."))
        return None
