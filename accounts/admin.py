"""Admin of agents, organisations and companions. Residents are never listed, not even by allauth's tables."""

from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import provider
from accounts.actions import accounts as actions
from accounts.actions import companions, desk, identities
from accounts.models import FactorReset, Membership, Organisation, User
from accounts.sign_in import second_factor
from core.messages import mails

NOT_HERE: list[type[Model]] = [
    EmailAddress,
    EmailConfirmation,
    Authenticator,
    SocialAccount,
    SocialApp,
    SocialToken,
    Group,
]
for model in NOT_HERE:
    if admin.site.is_registered(model):
        admin.site.unregister(model)

# The admin's own form would accept a password alone.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth documents


class AgentForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    class Meta:
        model = User
        fields = ["name", "email", "is_superuser", "is_dpo", "at_desk", "is_active"]
        help_texts = {"is_superuser": _("Peut ajouter des agents et fermer leur compte.")}

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if not email:
            raise forms.ValidationError(_("Un agent se connecte par son adresse\u00a0: écrivez-la."))
        if User.objects.signing_in_as(email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(
                _("Un autre compte a cette adresse. Un agent qui a un coffre en utilise deux.")
            )
        return email


@admin.register(User)
class AgentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Requires permission to manage agents. Accounts are closed, never deleted: the journal names their owners."""

    form = AgentForm
    list_display = ["name", "email", "is_superuser", "is_dpo", "at_desk", "is_active", "last_login"]
    list_filter = ["is_superuser", "is_active"]
    search_fields = ["name", "email"]
    ordering = ["name"]
    actions = ["invite_to_proconnect"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.agents()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: AgentForm, change: bool) -> None:
        data = form.cleaned_data
        if not change:
            added = actions.add_agent(email=data["email"], name=data["name"], manages_agents=data["is_superuser"])
            actions.name_officer(agent=added, is_dpo=data["is_dpo"])
            actions.place_at_desk(agent=added, at_desk=data["at_desk"])
            obj.pk = added.pk
            return
        actions.change_agent(
            agent=obj,
            email=data["email"],
            name=data["name"],
            manages_agents=data["is_superuser"],
            active=data["is_active"],
        )
        actions.name_officer(agent=obj, is_dpo=data["is_dpo"])
        actions.place_at_desk(agent=obj, at_desk=data["at_desk"])

    @admin.action(description=_("Inviter à relier ProConnect (envoie un e-mail)"))
    def invite_to_proconnect(self, request: HttpRequest, agents: QuerySet[User]) -> None:
        if not provider.is_configured("proconnect"):
            messages.warning(request, _("ProConnect n’est pas configuré ici."))
            return
        for agent in (invited := list(agents.filter(is_active=True))):
            token = identities.invite(agent=agent, by=cast(User, request.user))
            link = request.build_absolute_uri(reverse("invitation", args=[token]))
            mails.send("account/email/invitation", to=[agent.email], said={"link_to": link}, languages=mails.FRENCH)
        text = ngettext("%(count)s invitation est envoyée.", "%(count)s invitations sont envoyées.", len(invited))
        messages.success(request, text % {"count": len(invited)})


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Requires permission to manage agents. Never deleted: residents' shares name the organisation."""

    list_display = ["name", "helps_with", "is_active"]
    fields = ["name", "helps_with", "address", "answers_help", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AddOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Admin whose rows can be added, but not changed or deleted. A row's page shows the same fields as the list."""

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ANN401 - or nested lists
        return self.fields if obj is None else self.list_display

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:  # noqa: ANN401 - as above
        return [] if obj is None else self.list_display

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CompanionForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    name = forms.CharField(label=_("Nom"), max_length=120, help_text=_("Celui que les habitants connaissent."))
    email = forms.EmailField(label=_("Adresse de connexion"))

    class Meta:
        model = Membership
        fields = ["organisation"]

    field_order = ["name", "email", "organisation"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if User.objects.signing_in_as(email).exists():
            raise forms.ValidationError(
                _("Un autre compte a cette adresse. Un accompagnant qui a un coffre en utilise deux.")
            )
        return email


@admin.register(Membership)
class MembershipAdmin(AddOnlyAdmin):
    """Companions and their organisations. The residents they act for are not shown."""

    form = CompanionForm
    fields = ["name", "email", "organisation"]
    list_display = ["person", "organisation", "since", "ended_at"]
    list_select_related = ["person", "organisation"]
    ordering = ["-since"]
    actions = ["end"]

    def save_model(self, request: HttpRequest, obj: Membership, form: CompanionForm, change: bool) -> None:
        data = form.cleaned_data
        added = companions.add_companion(email=data["email"], name=data["name"], organisation=data["organisation"])
        obj.pk, obj.person = added.pk, added.person

    @admin.action(description=_("Fermer l’accès\u00a0: plus aucun mandat ne sert"), permissions=["add"])
    def end(self, request: HttpRequest, memberships: QuerySet[Membership]) -> None:
        for membership in memberships:
            companions.end_membership(membership=membership)
        messages.success(request, _("C’est fait. Ces personnes ne voient plus rien."))


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

    def clean_written(self) -> str:
        written: str = self.cleaned_data["written"].strip()
        person = desk.person_of(written)
        if person is None or not second_factor.is_set_up(person):
            raise forms.ValidationError(_("Aucun compte à double vérification n’a cette adresse ou cette référence."))
        return written


@admin.register(FactorReset)
class FactorResetAdmin(AddOnlyAdmin):
    """Requests to reset a second factor. Any agent may ask, and another one must agree.

    Residents appear by a masked address and a reference, which are enough to compare at the desk.
    """

    form = FactorResetForm
    list_display = ["asked_at", "whom", "reason", "asked_by", "state", "decided_by"]
    fields = ["written", "reason", "seen"]
    ordering = ["-asked_at"]
    actions = ["agree", "refuse"]

    @admin.display(description=_("pour"))
    def whom(self, reset: FactorReset) -> str:
        person = reset.person
        return person.name if person.is_staff else f"{_masked(person.email)} {person.reference}".strip()

    @admin.display(description=_("état"))
    def state(self, reset: FactorReset) -> str | Promise:
        if reset.decided_at:
            return _("Accordé") if reset.granted else _("Refusé")
        return _("Trop ancien") if timezone.now() - reset.asked_at > desk.LASTS else _("Attend une seconde personne")

    def save_model(self, request: HttpRequest, obj: FactorReset, form: FactorResetForm, change: bool) -> None:
        data = form.cleaned_data
        asked = desk.ask_for_reset(written=data["written"], reason=data["reason"], by=cast(User, request.user))
        obj.pk = asked.pk
        _write(asked.person, "account/email/factor_reset_asked")
        messages.info(
            request, _("Un autre agent doit maintenant l’accorder, dans cette liste, avant demain à la même heure.")
        )

    @admin.action(description=_("Accorder\u00a0: retirer la double vérification"), permissions=["view"])
    def agree(self, request: HttpRequest, resets: QuerySet[FactorReset]) -> None:
        self._decide(request, resets, grant=True)

    @admin.action(description=_("Refuser"), permissions=["view"])
    def refuse(self, request: HttpRequest, resets: QuerySet[FactorReset]) -> None:
        self._decide(request, resets, grant=False)

    def _decide(self, request: HttpRequest, resets: QuerySet[FactorReset], *, grant: bool) -> None:
        for reset in resets:
            try:
                person = desk.decide_reset(reset=reset, by=cast(User, request.user), grant=grant)
            except desk.SamePerson:
                messages.warning(request, _("Vous l’avez demandé\u00a0: un autre agent décide."))
            except desk.Over:
                messages.warning(request, _("C’est déjà décidé, ou trop ancien\u00a0: faites une nouvelle demande."))
            else:
                _write(person, "account/email/factor_reset_done" if grant else "account/email/factor_reset_refused")
                messages.success(
                    request,
                    _("C’est fait. La personne est prévenue.")
                    if grant
                    else _("C’est refusé. La personne est prévenue."),
                )


def _masked(email: str) -> str:
    name, _at, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}" if domain else ""


def _write(person: User, mail: str) -> None:
    """E-mail the user's sign-in address, else their contact address. A user with neither is informed at the desk."""
    mails.send(mail, to=[person.email or person.contact_email])
