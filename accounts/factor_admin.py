"""Admin of the requests to reset a second factor, at the desk. `accounts.admin` imports it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.actions import desk, places
from accounts.models import FactorReset, User
from accounts.two_persons import NotTwo
from core.admin import AddOnlyAdmin, ask_first
from core.models import City


class FactorResetForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    written = forms.CharField(
        label=_("Adresse de connexion ou référence"),
        max_length=254,
        help_text=_(
            "La référence est sur la page «\u00a0Téléphone ou clé perdu\u00a0?\u00a0»,"
            " que la personne voit après son premier code."
        ),
    )
    seen = forms.BooleanField(
        label=_("La personne est devant moi, et sa pièce d’identité est bien la sienne."),
        error_messages={"required": _("Sans cela, rien ne prouve qui demande.")},
    )

    class Meta:
        model = FactorReset
        fields = ["reason"]

    field_order = ["written", "reason", "seen"]


@admin.register(FactorReset)
class FactorResetAdmin(AddOnlyAdmin):
    """Requests to reset a second factor. One agent asks, and another one must agree, one request at a time.

    In the list residents appear by a masked address or a reference. The second agent reads the name before they agree.
    """

    form = FactorResetForm
    list_display = ["asked_at", "whom", "reason", "asked_by", "state", "decided_by"]
    fields = ["written", "reason", "seen"]
    ordering = ["-asked_at"]
    actions = ["agree", "refuse"]

    @admin.display(description=_("pour"))
    def whom(self, reset: FactorReset) -> str:
        person = reset.person
        return person.name if person is not None and person.is_staff else reset.written

    @admin.display(description=_("état"))
    def state(self, reset: FactorReset) -> str | Promise:
        if reset.decided_at:
            return _("Accordé") if reset.granted else _("Refusé")
        return _("Trop ancien") if timezone.now() - reset.asked_at > desk.LASTS else _("Attend une seconde personne")

    def save_model(self, request: HttpRequest, obj: FactorReset, form: FactorResetForm, change: bool) -> None:
        data = form.cleaned_data
        asked = desk.ask_for_reset(written=data["written"], reason=data["reason"], by=cast(User, request.user))
        obj.pk = asked.pk
        messages.info(
            request,
            _(
                "Un autre agent doit maintenant l’accorder, dans cette liste, avant demain à la même heure. Si un "
                "compte à double vérification correspond, la personne est prévenue."
            ),
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except NotTwo as problem:
            context = {"lack": problem.words_for(cast(User, request.user))}
            return render(request, "account/two_persons/not_two.html", context, status=403)

    @admin.action(description=_("Accorder\u00a0: retirer la double vérification"), permissions=["view"])
    def agree(self, request: HttpRequest, resets: QuerySet[FactorReset]) -> HttpResponse | None:
        if len(resets) != 1:
            messages.warning(request, _("Ces demandes s’accordent une à la fois : rien n’a changé."))
            return None
        reset = resets[0]
        with self._said_why(request):
            asked = ask_first(
                self,
                request,
                resets,
                action="agree",
                title=_("Retirer cette double vérification ?"),
                facts=lambda: self._facts(request, reset),
                follows=[
                    _("La personne est devant vous aussi : comparez ce nom à sa pièce d’identité."),
                    _("Ses téléphones, ses clés et ses codes de secours ne servent plus ; ses sessions finissent."),
                    _("Qui lit son e-mail entre alors dans son compte. Elle est prévenue."),
                ],
            )
            if asked is not None:
                return asked
            self._decide(request, resets, grant=True)
        return None

    def _facts(self, request: HttpRequest, reset: FactorReset) -> list[tuple[str | Promise, str | Promise]]:
        person = desk.read_reset(reset=reset, by=cast(User, request.user))
        return [
            (_("Nom du compte"), person.name if person else _("aucun compte à double vérification n’a cette adresse")),
            (_("Organisme"), _organisation(person) if person else "–"),
            (_("Écrit à l’accueil"), reset.written),
            (_("Demandé"), localize(timezone.localtime(reset.asked_at))),
            (_("Par"), reset.asked_by.name),
            (_("Pourquoi"), reset.get_reason_display()),
        ]

    @admin.action(description=_("Refuser"), permissions=["view"])
    def refuse(self, request: HttpRequest, resets: QuerySet[FactorReset]) -> None:
        self._decide(request, resets, grant=False)

    def _decide(self, request: HttpRequest, resets: QuerySet[FactorReset], *, grant: bool) -> None:
        for reset in resets:
            with self._said_why(request):
                desk.decide_reset(reset=reset, by=cast(User, request.user), grant=grant)
                messages.success(
                    request,
                    _("C’est fait. Si un compte correspond, la personne est prévenue.")
                    if grant
                    else _("C’est refusé. Si un compte correspond, la personne est prévenue."),
                )

    @contextmanager
    def _said_why(self, request: HttpRequest) -> Iterator[None]:
        try:
            yield
        except NotTwo as problem:
            messages.warning(request, problem.words_for(cast(User, request.user)))
        except desk.Over:
            messages.warning(request, _("C’est déjà décidé, ou trop ancien : faites une nouvelle demande."))


def _organisation(person: User) -> str:
    """Return where somebody who works for others does, for whoever compares it with what they show."""
    if person.is_staff:
        return City.current().label
    place = places.of_companion(person)
    member = places.of_member(person)
    if place is not None:
        return place.organisation.name
    return member.publisher.name if member is not None else "–"
