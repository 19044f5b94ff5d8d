"""Admin of the agents of offices. `accounts.admin` imports it."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.actions import places
from accounts.models import (
    Membership,
    Nomination,
    OfficeMember,
    OfficeRight,
    Organisation,
    OrganisationPermission,
    Role,
    User,
)
from core.admin import AddOnlyAdmin, ask_first


class OfficeMemberForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    #: Who fills the form in.
    by: User

    person = forms.ModelChoiceField(User.objects.none(), label=_("Agent"))
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("Service"))

    instructs = forms.BooleanField(
        label=capfirst(OfficeRight.INSTRUCT.label),
        required=False,
        help_text=_("Il propose des décisions une fois nommé par deux personnes, page « Décider à deux »."),
    )
    may_decide = forms.BooleanField(
        label=capfirst(OfficeRight.DECIDE.label),
        required=False,
        help_text=_("Une seconde personne le confirme, page « Décider à deux ». Il compte après quelques jours."),
    )

    class Meta:
        model = OfficeMember
        fields = ["person", "organisation"]

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
        if data.get("may_decide") and data.get("person") == self.by:
            raise forms.ValidationError(_("Personne ne se donne le droit de décider : un autre le propose."))
        return data

    def _post_clean(self) -> None:
        """Check no row: `add_to_office` ends the former place before it makes another."""


@admin.register(OfficeMember)
class OfficeMemberAdmin(AddOnlyAdmin):
    """Agents of the offices that receive requests. Changing a role is adding the agent again."""

    form = OfficeMemberForm
    fields = ["person", "organisation", "instructs", "may_decide"]
    list_display = ["person", "organisation", "examines", "decides_there", "since", "ended_at"]
    list_select_related = ["person", "organisation"]
    ordering = ["-since"]
    actions = ["end"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """List agents' places. Those in the admin read which rights there are, and decide nothing by it."""
        found: QuerySet[Membership] = super().get_queryset(request).filter(person__is_staff=True)
        theirs = OrganisationPermission.objects.filter(
            user=OuterRef("person"), content_object=OuterRef("organisation")
        )
        return found.annotate(
            given_instruct=Q(Exists(theirs.filter(right=OfficeRight.INSTRUCT)), ended_at=None),
            given_decide=Q(Exists(theirs.filter(right=OfficeRight.DECIDE)), ended_at=None),
        )

    @admin.display(description=OfficeRight.INSTRUCT.label, boolean=True)
    def examines(self, place: Membership) -> bool:
        return bool(getattr(place, "given_instruct", False))

    @admin.display(description=OfficeRight.DECIDE.label, boolean=True)
    def decides_there(self, place: Membership) -> bool:
        return bool(getattr(place, "given_decide", False))

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: ANN401 - Django's
        made: Any = super().get_form(request, obj, change=change, **kwargs)
        made.by = request.user
        return made

    def save_model(self, request: HttpRequest, obj: OfficeMember, form: OfficeMemberForm, change: bool) -> None:
        data = form.cleaned_data
        place = places.add_to_office(
            agent=data["person"],
            organisation=data["organisation"],
            instructs=data["instructs"],
            may_decide=data["may_decide"],
            by=cast(User, request.user),
        )
        if data["may_decide"]:
            messages.info(request, _("Le droit de décider attend une autre personne, page « Décider à deux »."))
        elif Nomination.objects.waiting().filter(person=place.person, role=Role.EXAMINER).exists():
            messages.info(
                request,
                _("Le droit de proposer une décision attend une autre personne, page « Décider à deux »."),
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
            places.leave_office(place=place, by=cast(User, request.user))
        names = ", ".join(place.person.name for place in rows)
        messages.success(request, _("C’est fait. N’ouvrent plus de demande : %(names)s.") % {"names": names})
        return None
