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
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import city_admin, factor_admin, office_admin, provider  # noqa: F401 - three register themselves
from accounts.actions import accounts as actions
from accounts.actions import identities, members, office_details, pending, places, publisher_details
from accounts.models import (
    Membership,
    Organisation,
    PendingAccount,
    Publisher,
    PublisherMember,
    PublisherPermission,
    PublisherRole,
    User,
)
from accounts.names import colleagues_name, public_name
from core.admin import AddOnlyAdmin, PortalAdmin, ReadOnly, ask_first
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

    def clean_name(self) -> str:
        known = User.objects.signing_in_as(self.data.get("email", "")).filter(is_resident=False).first()
        return colleagues_name(self.cleaned_data["name"], user=known)

    def clean_email(self) -> str:
        return _own_email(self.cleaned_data["email"])

    def _post_clean(self) -> None:
        """Check no row: none is written."""


@admin.register(User)
class AgentAdmin(OffersAccount, PortalAdmin):
    """Requires permission to manage agents. Accounts are closed, never deleted: the journal names their owners.

    Roles are given by two persons, on pages of their own. Only the agent changes their name and address.
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
        return ["name", "email", *READ_ONLY] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        data, by = form.cleaned_data, cast(User, request.user)
        if change:
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


class NamedForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    """An organisation or a publisher: letters and pages of the city say its name."""

    def clean_name(self) -> str:
        model = cast(Any, type(self.instance))
        before = model.objects.filter(pk=self.instance.pk).first()
        return public_name(self.cleaned_data["name"], known=before.name if before else "")


@admin.register(Organisation)
class OrganisationAdmin(city_admin.WithTwo):
    """Requires permission to manage agents. Never deleted: residents' shares name the organisation.

    Two persons open it and change what it is: this form proposes it. One may close it, or take something away.
    """

    form = NamedForm
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
        chosen = office_details.of(obj)
        before = office_details.read(str(obj.pk)) if change else chosen | {"is_active": False}
        for name, value in before.items():
            setattr(obj, name, value)
        if not change:
            super().save_model(request, obj, form, change)
        if chosen != before:
            self.propose(request, what=office_details.CODE, subject=str(obj.pk), value=chosen)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PlaceForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    """A person to add to an organisation or to a publisher."""

    name = forms.CharField(label=_("Nom"), max_length=120, help_text=_("Celui que les autres connaissent."))
    email = forms.EmailField(label=_("Adresse de connexion"))

    field_order = ["name", "email"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer accounts of those that are open only: two persons read the name of an organisation before."""
        super().__init__(*args, **kwargs)
        for name, model in (("organisation", Organisation), ("publisher", Publisher)):
            if name in self.fields:
                open_ones = cast(Any, model).objects.filter(is_active=True)
                cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = open_ones

    def clean_name(self) -> str:
        known = User.objects.signing_in_as(self.data.get("email", "")).filter(is_resident=False).first()
        return colleagues_name(self.cleaned_data["name"], user=known)

    def clean_email(self) -> str:
        return _own_email(self.cleaned_data["email"])

    def _post_clean(self) -> None:
        """Check no row: none is written."""


class PublisherPlaceForm(PlaceForm):
    role = forms.ChoiceField(label=capfirst(_("rôle")), choices=[("", "---------"), *PublisherRole.choices])

    field_order = ["name", "email", "publisher", "role"]


class PlaceAdmin(OffersAccount, city_admin.WithTwo, AddOnlyAdmin):
    """Those who work for an organisation or a publisher: offered an account, then closed by the action `end`.

    The first account is offered at once; another waits for a second person.

    Subclasses say what the person is offered and, in `end_title` and `end_follows`, what closing changes.
    """

    form = PlaceForm
    ordering = ["-since"]
    actions = ["end"]
    end_title: Promise
    end_follows: list[Promise]

    def offered(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of `members.add` that say where the person works."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Model, form: PlaceForm, change: bool) -> None:
        data, by = form.cleaned_data, cast(User, request.user)
        asked = members.add(
            by=by, email=data["email"], name=data["name"], link=_link_to(request), **self.offered(data)
        )
        form.instance.was_offered = asked is None

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        if getattr(obj, "was_offered", False):
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, self.PROPOSED)
        return redirect(f"admin:accounts_{self.opts.model_name}_changelist")

    @admin.action(description=_("Fermer l’accès"), permissions=["add"])
    def end(self, request: HttpRequest, rows: QuerySet[Membership] | QuerySet[PublisherMember]) -> HttpResponse | None:
        asked = ask_first(self, request, rows, action="end", title=self.end_title, follows=self.end_follows)
        if asked is not None:
            return asked
        for place in rows:
            places.end(place=place)
        names = ", ".join(place.person.name for place in rows)
        messages.success(request, _("C’est fait. Ne se connectent plus : %(names)s.") % {"names": names})
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
        return super().get_queryset(request).filter(person__is_companion=True)

    def offered(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"where": data["organisation"]}


@admin.register(Publisher)
class PublisherAdmin(city_admin.WithTwo):
    """Requires permission to manage agents. Never deleted: labels and residents' shares name the publisher.

    Two persons rename one or reopen it: this form proposes it. One may close it.
    """

    form = NamedForm
    list_display = ["name", "siret", "is_active"]
    fields = ["name", "siret", "is_active"]

    def save_model(self, request: HttpRequest, obj: Publisher, form: Any, change: bool) -> None:  # noqa: ANN401 - Django's own
        if not change:
            super().save_model(request, obj, form, change)
        for column in form.changed_data if change else []:
            code = publisher_details.CODES[column]
            self.propose(request, what=code, subject=str(obj.pk), value=form.cleaned_data[column])

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(PublisherMember)
class PublisherMemberAdmin(PlaceAdmin):
    """Requires permission to manage agents. Members prepare their publisher's requests; they see no resident.

    After the first account of a publisher, its owner invites too.
    """

    form = PublisherPlaceForm
    fields = ["name", "email", "publisher", "role"]
    list_display = ["person", "publisher", "given_role", "since", "ended_at"]
    list_select_related = ["person", "publisher"]
    end_title = _("Fermer l’accès de ces membres ?")
    end_follows = [
        _("Leurs sessions finissent tout de suite, et ils ne se connectent plus."),
        _("Ce que la ville a accordé à ses services ne change pas : cela se suspend sur leurs propres pages."),
        _("Pour revenir, ils sont ajoutés de nouveau, avec la même adresse."),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PublisherMember]:
        """List members with the right that each has, which the list shows and decides nothing by."""
        theirs = PublisherPermission.objects.filter(user=OuterRef("person"), content_object=OuterRef("publisher"))
        found: QuerySet[PublisherMember] = super().get_queryset(request)
        return found.annotate(given=Subquery(theirs.values("right")[:1]))

    @admin.display(description=_("rôle"))
    def given_role(self, place: PublisherMember) -> str | Promise:
        given = None if place.ended_at else getattr(place, "given", None)
        return PublisherRole(given).label if given else "–"

    def offered(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"where": data["publisher"], "role": PublisherRole(data["role"])}


@admin.register(PendingAccount)
class PendingAccountAdmin(ReadOnly, PortalAdmin):
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
