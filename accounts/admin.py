"""Admin of agents, organisations and companions. Residents are never listed, not even by allauth's tables."""

from collections.abc import Callable
from typing import Any, cast

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import office_admin, provider  # noqa: F401 - the first registers itself
from accounts.actions import accounts as actions
from accounts.actions import desk, identities, pending, places
from accounts.models import (
    FactorReset,
    Membership,
    Organisation,
    PendingAccount,
    Publisher,
    PublisherMember,
    PublisherRole,
    User,
)
from accounts.two_persons import NotTwo
from core.admin import AddOnlyAdmin, ReadOnly, ask_first
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


def _own_email(email: str) -> str:
    """Return the address to offer an account to.

    Refuse what the lists of agents and companions show already. An address that opens a vault is accepted like any
    other: its owner alone reads that they need another one.
    """
    email = email.strip().lower()
    known = User.objects.signing_in_as(email).filter(is_resident=False).first()
    if known is not None and (
        known.is_staff
        or known.memberships.filter(ended_at=None).exists()
        or known.publisher_memberships.filter(ended_at=None).exists()
    ):
        raise forms.ValidationError(_("%(name)s a déjà cette adresse, dans ces listes.") % {"name": known.name})
    return email


#: What the page of an agent shows and does not change.
READ_ONLY = ["is_superuser", "is_dpo", "is_active", "last_login"]


class OffersAccount:
    """Admin page whose form offers an account by e-mail instead of writing a row of its own list."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:  # noqa: ANN401 - Django's
        """Write no line: the list of accounts to open says who added whom."""

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        messages.success(
            request, _("Un e-mail part à cette adresse. La personne ouvre elle-même son compte, dans les sept jours.")
        )
        return redirect("admin:accounts_pendingaccount_changelist")


def _link_to(request: HttpRequest) -> Callable[[str], str]:
    return lambda token: request.build_absolute_uri(reverse("open_account", args=[token]))


class NewAgentForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    email = forms.EmailField(
        label=_("Adresse de connexion"),
        help_text=_("La personne y reçoit de quoi ouvrir son compte. Si elle a un coffre, elle en utilise une autre."),
    )

    class Meta:
        model = User
        fields = ["name", "email", "at_desk"]

    def clean_email(self) -> str:
        return _own_email(self.cleaned_data["email"])

    def _post_clean(self) -> None:
        """Check no row: none is written."""


@admin.register(User)
class AgentAdmin(OffersAccount, admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Requires permission to manage agents. Accounts are closed, never deleted: the journal names their owners.

    Roles are given by two persons, on pages of their own. Only the agent changes their address.
    """

    fields = ["name", "at_desk"]
    list_display = ["name", "email", "is_superuser", "is_dpo", "at_desk", "is_active", "last_login"]
    list_filter = ["is_superuser", "is_active"]
    search_fields = ["name", "email"]
    ordering = ["name"]
    actions = ["invite_to_proconnect", "close", "reopen"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.agents()

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: ANN401 - Django's
        if obj is None:
            kwargs["form"] = NewAgentForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:  # noqa: ANN401 - or nested lists
        return ["name", "email", "at_desk", *(READ_ONLY if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:  # noqa: ANN401 - as above
        return ["email", *READ_ONLY] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        data, by = form.cleaned_data, cast(User, request.user)
        if change:
            actions.change_name(user=obj, name=data["name"])
            actions.place_at_desk(agent=obj, at_desk=data["at_desk"], by=by)
        else:
            pending.offer(
                email=data["email"], name=data["name"], at_desk=data["at_desk"], by=by, link=_link_to(request)
            )

    @admin.action(description=_("Fermer le compte"), permissions=["change"])
    def close(self, request: HttpRequest, agents: QuerySet[User]) -> HttpResponse | None:
        asked = ask_first(
            self,
            request,
            agents,
            action="close",
            title=_("Fermer ces comptes ?"),
            follows=[
                _("Leurs sessions finissent tout de suite, et ils ne se connectent plus."),
                _("Leurs rôles finissent : une autre nomination prend deux personnes et plusieurs jours."),
                _("Une visite en cours au guichet et un accès d’urgence ouvert ne leur servent plus."),
                _("Leur nom reste dans les journaux des habitants. Vous pouvez rouvrir le compte, sans ses rôles."),
            ],
        )
        if asked is not None:
            return asked
        for agent in agents:
            try:
                actions.close_agent(agent=agent, by=cast(User, request.user))
            except actions.LastManager:
                messages.error(
                    request,
                    _("%(name)s est la dernière personne qui gère les agents : faites-en d’abord nommer une autre.")
                    % {"name": agent.name},
                )
            else:
                messages.success(request, _("Le compte de %(name)s est fermé.") % {"name": agent.name})
        return None

    @admin.action(description=_("Rouvrir le compte, sans ses rôles"), permissions=["change"])
    def reopen(self, request: HttpRequest, agents: QuerySet[User]) -> None:
        for agent in agents.filter(is_active=False):
            actions.reopen_agent(agent=agent, by=cast(User, request.user))
            messages.success(request, _("%(name)s peut de nouveau se connecter.") % {"name": agent.name})

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

    list_display = ["name", "helps_with", "receives", "is_active"]
    fields = [
        "name",
        "helps_with",
        "address",
        "phone",
        "accompanies",
        "receives",
        "counter",
        "answers_help",
        "is_active",
    ]

    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's own
        with places.changing_office(obj):
            super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PlaceForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    """A person to add to an organisation or to a publisher."""

    name = forms.CharField(label=_("Nom"), max_length=120, help_text=_("Celui que les autres connaissent."))
    email = forms.EmailField(label=_("Adresse de connexion"))

    field_order = ["name", "email"]

    def clean_email(self) -> str:
        return _own_email(self.cleaned_data["email"])

    def _post_clean(self) -> None:
        """Check no row: none is written."""


class PlaceAdmin(OffersAccount, AddOnlyAdmin):
    """Those who work for an organisation or a publisher: offered an account, then closed by the action `end`.

    Subclasses say what the person is offered and, in `end_title` and `end_follows`, what closing changes.
    """

    form = PlaceForm
    ordering = ["-since"]
    actions = ["end"]
    end_title: Promise
    end_follows: list[Promise]

    def offered(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of `pending.offer` that say where the person works."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Model, form: PlaceForm, change: bool) -> None:
        data, by = form.cleaned_data, cast(User, request.user)
        pending.offer(email=data["email"], name=data["name"], by=by, link=_link_to(request), **self.offered(data))

    @admin.action(description=_("Fermer l’accès"), permissions=["add"])
    def end(self, request: HttpRequest, rows: QuerySet[Membership] | QuerySet[PublisherMember]) -> HttpResponse | None:
        asked = ask_first(self, request, rows, action="end", title=self.end_title, follows=self.end_follows)
        if asked is not None:
            return asked
        for place in rows:
            places.end(place=place)
        messages.success(request, _("C’est fait. Ces personnes ne se connectent plus."))
        return None


@admin.register(Membership)
class MembershipAdmin(PlaceAdmin):
    """Companions and their organisations. The residents they act for are not shown."""

    fields = ["name", "email", "organisation"]
    list_display = ["person", "organisation", "since", "ended_at"]
    list_select_related = ["person", "organisation"]
    end_title = _("Fermer l’accès de ces accompagnants ?")
    end_follows = [
        _("Leurs sessions finissent tout de suite, et ils ne se connectent plus."),
        _("Plus aucun mandat donné à leur nom ne sert, sans que les habitants aient rien à faire."),
        _("Pour revenir, ou changer d’organisme, ils sont ajoutés de nouveau, avec la même adresse."),
        _("Les habitants qui le veulent leur donnent un nouveau mandat."),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).filter(instructs=False, may_decide=False)

    def offered(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"organisation": data["organisation"]}


@admin.register(Publisher)
class PublisherAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Requires permission to manage agents. Never deleted: labels and residents' shares name the publisher."""

    list_display = ["name", "siret", "is_active"]
    fields = ["name", "siret", "is_active"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(PublisherMember)
class PublisherMemberAdmin(PlaceAdmin):
    """Requires permission to manage agents. Members prepare their publisher's requests; they see no resident."""

    fields = ["name", "email", "publisher", "role"]
    list_display = ["person", "publisher", "role", "since", "ended_at"]
    list_select_related = ["person", "publisher"]
    end_title = _("Fermer l’accès de ces membres ?")
    end_follows = [
        _("Leurs sessions finissent tout de suite, et ils ne se connectent plus."),
        _("Ce que la ville a accordé à ses services ne change pas : cela se suspend sur leurs propres pages."),
        _("Pour revenir, ils sont ajoutés de nouveau, avec la même adresse."),
    ]

    def offered(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"publisher": data["publisher"], "role": PublisherRole(data["role"])}


@admin.register(PendingAccount)
class PendingAccountAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # takes no parameter at run time
    """Accounts that their owners have not opened yet, and those they opened."""

    list_display = ("name", "email", "for_what", "offered_by", "offered_at", "state")
    list_select_related = ["organisation", "publisher", "offered_by"]
    fields = list_display
    readonly_fields = list_display
    ordering = ["-offered_at"]
    actions = ["withdraw"]

    @admin.display(description=_("pour"))
    def for_what(self, row: PendingAccount) -> str | Promise:
        if row.organisation is not None:
            return row.organisation.name
        if row.publisher is not None:
            return row.publisher.name
        return _("agent, au guichet") if row.at_desk else _("agent")

    @admin.display(description=_("état"))
    def state(self, row: PendingAccount) -> str | Promise:
        if row.opened_at:
            return _("Ouvert")
        if row.withdrawn_at:
            return _("Retiré")
        return _("Pas encore ouvert") if timezone.now() - row.offered_at < pending.LASTS else _("Trop ancien")

    @admin.action(description=_("Retirer : le lien de l’e-mail n’ouvre plus rien"), permissions=["view"])
    def withdraw(self, request: HttpRequest, rows: QuerySet[PendingAccount]) -> None:
        for row in rows:
            pending.withdraw(row=row, by=cast(User, request.user))
        messages.success(request, _("C’est fait."))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return isinstance(request.user, User) and request.user.is_active and request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)


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
            return render(request, "account/two_persons/not_two.html", {"lack": problem.lack.label}, status=403)

    @admin.action(description=_("Accorder\u00a0: retirer la double vérification"), permissions=["view"])
    def agree(self, request: HttpRequest, resets: QuerySet[FactorReset]) -> None:
        self._decide(request, resets, grant=True)

    @admin.action(description=_("Refuser"), permissions=["view"])
    def refuse(self, request: HttpRequest, resets: QuerySet[FactorReset]) -> None:
        self._decide(request, resets, grant=False)

    def _decide(self, request: HttpRequest, resets: QuerySet[FactorReset], *, grant: bool) -> None:
        for reset in resets:
            try:
                desk.decide_reset(reset=reset, by=cast(User, request.user), grant=grant)
            except NotTwo as problem:
                messages.warning(request, problem.words_for(cast(User, request.user)))
            except desk.Over:
                messages.warning(request, _("C’est déjà décidé, ou trop ancien\u00a0: faites une nouvelle demande."))
            else:
                messages.success(
                    request,
                    _("C’est fait. Si un compte correspond, la personne est prévenue.")
                    if grant
                    else _("C’est refusé. Si un compte correspond, la personne est prévenue."),
                )
