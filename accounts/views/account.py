"""The user's own account: name, addresses, password, second factor, sessions."""

from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import codes, provider
from accounts.actions import accounts as actions
from accounts.actions import identities
from accounts.actions.accounts import AddressTaken
from accounts.codes import Answer, Asked, Use
from accounts.decorators import recently_authenticated
from accounts.forms import AddressForm, CodeForm, ContactAddressForm, OwnNameForm, PasswordForm, RemindersForm
from accounts.http import SignedInRequest
from accounts.models import Session, SessionQuerySet, User
from accounts.sign_in import second_factor
from accounts.sign_in.sessions import hashed, under_way
from accounts.views.sign_in import code_answer
from core.messages import phones, sms

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def account(request: SignedInRequest) -> HttpResponse:
    return render(request, "account/account.html", {"rows": _rows(request.user)})


@get_or_post
def change_name(request: SignedInRequest) -> HttpResponse:
    form = OwnNameForm(request.POST or None, initial={"name": request.user.name}, user=request.user)
    if not form.is_valid():
        return render(request, "account/change_name.html", {"form": form})
    actions.change_name(user=request.user, name=form.cleaned_data["name"])
    return _done(request, _("Votre nom est changé."))


@get_or_post
def change_contact_address(request: SignedInRequest) -> HttpResponse:
    form = ContactAddressForm(request.POST or None, initial={"contact_email": request.user.contact_email})
    if not form.is_valid():
        return render(request, "account/change_contact.html", {"form": form})
    actions.change_contact_address(user=request.user, email=form.cleaned_data["contact_email"])
    return _done(request, _("L’adresse pour vous écrire est changée."))


@get_or_post
def choose_reminders(request: SignedInRequest) -> HttpResponse:
    """Change the setting for e-mailed reminders, which name no organisation or paper.

    The home page shows all reminders in any case.
    """
    form = RemindersForm(
        request.POST or None, initial={"by_email": "yes" if request.user.reminders_by_email else "no"}
    )
    if not form.is_valid():
        return render(request, "account/choose_reminders.html", {"form": form})
    actions.choose_reminders(user=request.user, by_email=form.cleaned_data["by_email"] == "yes")
    return _done(request, _("Votre choix est enregistré."))


@never_cache
@get_or_post
@recently_authenticated
def change_sign_in_address(request: SignedInRequest) -> HttpResponse:
    """Send a code to the new address. If another account has it, send a warning instead; the page looks the same."""
    form = AddressForm(request.POST or None)
    if form.is_valid() and _may_receive_a_code(request, form):
        email = form.cleaned_data["email"]
        taken = User.objects.signing_in_as(email).exists()
        codes.send(
            request,
            use=Use.CHANGE_ADDRESS,
            email=email,
            mail="account/email/address_taken" if taken else "account/email/code",
        )
        return redirect("account_email_verification_sent")
    return render(request, "account/email_change.html", {"form": form})


@never_cache
@get_or_post
@recently_authenticated
def confirm_sign_in_address(request: SignedInRequest) -> HttpResponse:
    asked = Asked.of(request, Use.CHANGE_ADDRESS)
    if asked is None:
        return redirect("account_email")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        answer = code_answer(request, form, Use.CHANGE_ADDRESS)
        if answer is Answer.RIGHT:
            return _change_address(request, asked.email)
        if answer is Answer.OVER:
            messages.warning(request, _("Ce code ne sert plus. Demandez-en un nouveau."))
            return redirect("account_email")
    return render(request, "account/confirm_code.html", {"form": form, "email": asked.email})


@never_cache
@get_or_post
@recently_authenticated
def change_password(request: SignedInRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None, user=request.user)
    if not form.is_valid():
        return render(request, "account/password_change.html", {"form": form})
    actions.set_password(
        user=request.user, password=form.cleaned_data["password"], current_key=request.session.session_key
    )
    update_session_auth_hash(request, request.user)
    get_adapter(request).send_notification_mail("account/email/password_changed", request.user)
    return _done(request, _("Votre mot de passe est changé. Vos autres sessions sont terminées."))


@require_safe
def sessions(request: SignedInRequest) -> HttpResponse:
    rows = under_way(_sessions(request.user).order_by("-last_seen_at"))
    return render(request, "account/sessions.html", {"sessions": rows, "current": _current(request)})


@require_POST
def end_session(request: SignedInRequest, session_id: UUID) -> HttpResponse:
    session = get_object_or_404(_sessions(request.user), pk=session_id)
    if session.key_hash == hashed(request.session.session_key or ""):
        logout(request)
        return redirect("home")
    actions.end_session(session=session)
    messages.success(request, _("La session est terminée."))
    return redirect("sessions")


@require_POST
def end_other_sessions(request: SignedInRequest) -> HttpResponse:
    actions.end_other_sessions(user=request.user, current_key=request.session.session_key)
    messages.success(request, _("Toutes vos autres sessions sont terminées."))
    return redirect("sessions")


class SetUpSecondFactorView(ActivateTOTPView):
    template_name = "mfa/totp/activate_form.html"

    def form_valid(self, form: Form) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        second_factor.record(self.request, self.request.user)
        return response


set_up_second_factor = never_cache(recently_authenticated(SetUpSecondFactorView.as_view()))
remove_second_factor = never_cache(recently_authenticated(DeactivateTOTPView.as_view()))
recovery_codes = never_cache(recently_authenticated(ViewRecoveryCodesView.as_view()))
renew_recovery_codes = never_cache(recently_authenticated(GenerateRecoveryCodesView.as_view()))


def _rows(user: User) -> list[dict[str, str]]:
    """Return the rows of the account page, each with the URL to change it."""
    language = dict(settings.LANGUAGES).get(get_language() or "", "")
    count = _sessions(user).count()
    values = [
        (_("Nom"), user.name, "change_name"),
        (_("Adresse de connexion"), user.email or _("Aucune"), "account_email"),
        (
            _("Adresse pour vous écrire"),
            user.contact_email or (_("La même") if user.email else _("Aucune")),
            "change_contact_address",
        ),
        *_phone(user),
        *_elsewhere(user),
        (_("Rappels par e-mail"), _("Oui") if user.reminders_by_email else _("Non"), "choose_reminders"),
        (_("Mot de passe"), _password(user), "account_change_password"),
        (_("Clés d’accès"), _keys(user), "mfa_list_webauthn"),
        (_("Double vérification"), _("Activée") if second_factor.is_set_up(user) else _("Non"), "mfa_index"),
        (_("Sessions"), ngettext("%(count)s appareil", "%(count)s appareils", count) % {"count": count}, "sessions"),
        (_("Langue"), _("%(language)s. Elle se change en bas de chaque page.") % {"language": language}, ""),
    ]
    return [{"key": key, "value": value, "href": reverse(page) if page else ""} for key, value, page in values]


def _phone(user: User) -> list[tuple[str, str, str]]:
    """Return the telephone's row for residents, if the city sends text messages. Shows only the last digits."""
    if not user.is_resident or not sms.offered():
        return []
    number = phones.number_of(resident_id=user.pk)
    return [(_("Téléphone"), f"•••• {number[-4:]}" if number else _("Aucun"), "change_phone")]


def _password(user: User) -> str:
    if user.has_usable_password():
        return _("Choisi")
    return _("Aucun\u00a0: un code suffit") if user.email else _("Aucun")


def _keys(user: User) -> str:
    count = len(second_factor.passkeys(user))
    return ngettext("%(count)s clé", "%(count)s clés", count) % {"count": count} if count else _("Aucune")


def _elsewhere(user: User) -> list[tuple[str, str, str]]:
    """Return the row of FranceConnect (residents) or ProConnect (agents), if configured. Other users have none."""
    if user.is_companion or user.is_publisher:
        return []
    name, label, page = (
        ("proconnect", "ProConnect", "") if user.is_staff else ("franceconnect", "FranceConnect", "franceconnect")
    )
    held = identities.linked(user, name) is not None
    if not held and not provider.is_configured(name):
        return []
    unlinked = _("Non relié\u00a0: demandez une invitation") if user.is_staff else _("Non relié")
    return [(label, _("Relié") if held else unlinked, page)]


def _sessions(user: User) -> SessionQuerySet:
    return Session.objects.filter(user=user, pk__in=list(user.live_sessions)).going_on(timezone.now())


def _current(request: SignedInRequest) -> UUID | None:
    return request.session.row.pk if request.session.row else None


def _may_receive_a_code(request: SignedInRequest, form: AddressForm) -> bool:
    if form.cleaned_data["email"].lower() == request.user.email:
        form.add_error("email", _("C’est déjà votre adresse de connexion."))
    elif not codes.may_send(request, form.cleaned_data["email"]):
        form.add_error("email", _("Vous avez demandé beaucoup de codes. Attendez quelques minutes, puis recommencez."))
    return not form.errors


def _change_address(request: SignedInRequest, email: str) -> HttpResponse:
    old = request.user.email
    try:
        actions.change_sign_in_address(user=request.user, email=email, current_key=request.session.session_key)
    except AddressTaken:
        messages.warning(request, _("Cette adresse ouvre déjà un autre compte. Rien n’est changé."))
        return redirect("account_email")
    if old:
        get_adapter(request).send_notification_mail(
            "account/email/email_changed", request.user, {"to_email": email}, email=old
        )
    return _done(request, _("Votre adresse de connexion est changée. Vos autres sessions sont terminées."))


def _done(request: SignedInRequest, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("account")
