"""Forms to sign in and to change an account. allauth's fields keep their names and get our texts."""

import time
from typing import Any, ClassVar, cast

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.forms import LoginForm
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter as second_factor_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
    SignupWebAuthnForm,
)
from cryptography.exceptions import InvalidSignature
from django import forms
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from accounts.models import CityDecision, Role, User
from accounts.models.decisions import LOGO, MOST_DAYS
from accounts.names import colleagues_name, own_name
from accounts.sign_in import second_factor
from core import once
from core.messages import sms
from core.models import City
from core.models.city import TRUSTED
from core.pages import logo
from core.pages.exits import EXITS
from core.pages.forms import code_input, digits_input

# Exceptions that parsing a credential may raise, besides the form's own errors.
UNREADABLE = (
    *(forms.ValidationError, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError),
    InvalidSignature,
)
ADDRESS_ERRORS = {
    "required": _("Écrivez votre adresse e-mail, comme nom@exemple.fr"),
    "invalid": _("Écrivez une adresse complète, comme nom@exemple.fr"),
}


def address_field() -> forms.EmailField:
    return forms.EmailField(label=_("Adresse e-mail"), widget=address_widget(), error_messages=ADDRESS_ERRORS)


def address_widget() -> forms.EmailInput:
    return forms.EmailInput(attrs={"autocomplete": "email", "class": "govuk-input--width-20"})


def password_widget(autocomplete: str) -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"autocomplete": autocomplete, "class": "govuk-input--width-20"})


def passkey_name(*, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=_("Nom de la clé"),
        max_length=60,
        required=required,
        help_text=_("Pour la reconnaître dans votre liste."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-20", "autocomplete": "off"}),
        error_messages={"required": _("Donnez-lui un nom.")},
    )


class AddressForm(forms.Form):
    email = address_field()


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code reçu par e-mail"),
        max_length=20,
        widget=digits_input(),
        error_messages={"required": _("Écrivez les six chiffres du code.")},
    )


class ClaimForm(forms.Form):
    sheet = forms.CharField(
        label=_("Code de votre feuille"),
        max_length=30,
        help_text=_("Douze lettres et chiffres, sur la feuille imprimée au guichet."),
        widget=code_input(),
        error_messages={"required": _("Recopiez le code de votre feuille.")},
    )
    email = address_field()


class PhoneForm(forms.Form):
    number = forms.CharField(
        label=_("Numéro de téléphone"),
        max_length=30,
        help_text=_("Un mobile, comme 06 12 34 56 78. Pour l’étranger, commencez par + et l’indicatif du pays."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "class": "govuk-input--width-20"}),
        error_messages={"required": _("Écrivez votre numéro, comme 06 12 34 56 78")},
    )

    def clean_number(self) -> str:
        try:
            return sms.read_number(self.cleaned_data["number"])
        except ValueError:
            raise forms.ValidationError(_("Écrivez un numéro complet, comme 06 12 34 56 78")) from None


class PhoneCodeForm(CodeForm):
    code = forms.CharField(
        label=_("Code reçu par SMS"),
        max_length=20,
        widget=digits_input(),
        error_messages={"required": _("Écrivez les six chiffres du code.")},
    )


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Votre nom"),
        max_length=120,
        help_text=_("Comme vous voulez être appelé ici. Vous pourrez le changer."),
        widget=forms.TextInput(attrs={"autocomplete": "name", "class": "govuk-input--width-20"}),
        error_messages={"required": _("Écrivez le nom par lequel vous voulez être appelé.")},
    )

    def clean_name(self) -> str:
        return own_name(self.cleaned_data["name"])


class OwnNameForm(NameForm):
    """The name of somebody who has an account."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_name(self) -> str:
        works = self._user.is_staff or self._user.is_companion
        return colleagues_name(self.cleaned_data["name"], user=self._user) if works else super().clean_name()


class ContactAddressForm(forms.Form):
    contact_email = forms.EmailField(
        label=_("Adresse pour vous écrire"),
        required=False,
        help_text=_("Nous n’y envoyons que des messages. Deux personnes peuvent donner la même adresse."),
        widget=address_widget(),
        error_messages=ADDRESS_ERRORS,
    )


class NewcomerForm(NameForm, ContactAddressForm):
    """Form of a user coming from FranceConnect for the first time. Both fields are prefilled, and may be changed."""

    field_order = ("name", "contact_email")


class RemindersForm(forms.Form):
    by_email = forms.ChoiceField(
        label=_("Voulez-vous recevoir un e-mail quand un délai passe ou qu’un papier va expirer ?"),
        choices=[
            ("yes", _("Oui, une fois par délai ou par papier")),
            ("no", _("Non, je regarderai la page d’accueil")),
        ],
        widget=forms.RadioSelect,
    )


class ClosingForm(forms.Form):
    """Choice of the date of closing. No choice is preselected."""

    when = forms.ChoiceField(
        label=_("Quand voulez-vous fermer votre coffre ?"),
        choices=[
            ("later", _("Dans 30 jours : je peux changer d’avis jusque-là")),
            ("now", _("Tout de suite : rien ne pourra être récupéré")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choisissez quand fermer votre coffre.")},
    )


class ClosingNowForm(forms.Form):
    sure = forms.BooleanField(
        label=_("Je sais que mes papiers et mes valeurs ne pourront plus être lus par personne, moi compris."),
        error_messages={"required": _("Cochez la case si vous voulez vraiment fermer votre coffre maintenant.")},
    )


class PasswordForm(forms.Form):
    """New password, in one field: the user has just confirmed their identity."""

    password = forms.CharField(
        label=_("Nouveau mot de passe"),
        strip=False,
        widget=password_widget("new-password"),
        help_text=_("Au moins 12 caractères. Trois ou quatre mots au hasard font un bon mot de passe."),
        error_messages={"required": _("Écrivez un mot de passe d’au moins 12 caractères.")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        return password


class CurrentPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Votre mot de passe"),
        strip=False,
        widget=password_widget("current-password"),
        error_messages={"required": _("Écrivez votre mot de passe.")},
    )


class PasswordSignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = address_field()
        self.fields["password"] = CurrentPasswordForm.base_fields["password"]
        self.order_fields(["login", "password"])


#: Of one account, in an hour, right codes too: an application shows at most 120.
SECOND_FACTOR_TRIES = 30


class _OnceMixin(forms.Form):
    """A second factor's code, typed with or without spaces and accepted only once."""

    user: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"] = forms.CharField(
            label=_("Code à six chiffres"),
            max_length=20,
            widget=digits_input(),
            help_text=_("Dans votre application. Un code de secours marche aussi."),
            error_messages={"required": _("Écrivez le code affiché par votre application.")},
        )
        if not second_factor.has_codes(self.user) and not isinstance(self, ActivateTOTPForm):
            self._ask_for_a_recovery_code()

    def _ask_for_a_recovery_code(self) -> None:
        field = self.fields["code"]
        field.label, field.help_text = _("Code de secours"), _("L’un de ceux que vous avez notés.")
        field.error_messages["required"] = _("Écrivez l’un de vos codes de secours.")

    def clean_code(self) -> str:
        """Check the code, and count the try first: whoever deletes allauth's own count has no other one."""
        hour = int(time.time()) // 3600
        if not once.count("second factor's try", self.user.pk.hex, hour, most=SECOND_FACTOR_TRIES):
            raise get_account_adapter().validation_error("rate_limited")
        code: str = super().clean_code()  # type: ignore[misc]  # allauth is untyped
        if not once.use("second factor", self.user.pk.hex, normalize_user_code(code)):
            raise second_factor_adapter().validation_error("incorrect_code")
        return code


class SecondFactorForm(_OnceMixin, AuthenticateForm):
    pass


class SecondFactorAgainForm(_OnceMixin, ReauthenticateForm):
    pass


class CredentialField(forms.JSONField):
    """What a browser sends of a passkey. JSON nested deeper than Python reads is no JSON."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:  # noqa: ANN401 - Django's
        try:
            return super().to_python(value)
        except RecursionError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error

    def bound_data(self, data: Any, initial: Any) -> Any:  # noqa: ANN401 - Django's
        """Return nothing: no page shows again what a device answered once."""
        return None


class _CheckedMixin(forms.Form):
    """Treats any parsing error of fido2 as an unknown key, because a browser may send anything."""

    credential = CredentialField()
    problem = _("Cette clé n’a pas été reconnue. Recommencez, ou entrez autrement.")

    def clean_credential(self) -> Any:  # noqa: ANN401 - allauth is untyped
        try:
            return super().clean_credential()  # type: ignore[misc]  # as above
        except UNREADABLE as error:
            raise forms.ValidationError(self.problem) from error


class ComeInWithPasskeyForm(_CheckedMixin, LoginWebAuthnForm):
    pass


class GivePasskeyForm(_CheckedMixin, AuthenticateWebAuthnForm):
    pass


class GivePasskeyAgainForm(_CheckedMixin, ReauthenticateWebAuthnForm):
    pass


class AddPasskeyForm(SignupWebAuthnForm):
    credential = CredentialField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = passkey_name(required=False)
        self.fields["credential"].error_messages["required"] = _(
            "Appuyez sur le bouton\u00a0: votre appareil doit répondre."
        )

    def clean(self) -> dict[str, Any]:
        try:
            data: dict[str, Any] = super().clean()
        except UNREADABLE as error:
            raise forms.ValidationError(_("Cette clé n’a pas pu être ajoutée. Recommencez.")) from error
        return data


class RenamePasskeyForm(EditWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = passkey_name()


class SetUpSecondFactorForm(_OnceMixin, ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = _("Celui que votre application affiche maintenant pour Garant.")

    @property
    def spaced_secret(self) -> str:
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))


class NominationForm(forms.Form):
    """Nothing is preselected. Whoever proposes is not among the agents."""

    person = forms.ModelChoiceField(
        label=_("Qui ?"),
        queryset=User.objects.none(),
        empty_label=_("Choisissez un agent"),
        error_messages={
            "required": _("Choisissez un agent."),
            "invalid_choice": _("Choisissez un agent de la liste."),
        },
    )
    role = forms.ChoiceField(
        label=_("Pour quel rôle ?"),
        help_text=_("Une même personne ne gère pas les agents et n’est pas le délégué à la fois."),
        widget=forms.RadioSelect,
        choices=Role.choices,
        error_messages={"required": _("Choisissez un rôle.")},
    )
    employer = forms.CharField(
        label=_("Son employeur, si ce n’est pas la ville"),
        help_text=_("Comme « Ville de Combrelle ». Les habitants le lisent à côté de son nom."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"class": "govuk-input--width-20", "autocomplete": "off"}),
    )

    def __init__(self, by: User, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        others = User.objects.agents().filter(is_active=True).exclude(pk=by.pk).order_by("name")
        cast(forms.ModelChoiceField, self.fields["person"]).queryset = others  # type: ignore[type-arg]


class PresenceForm(forms.Form):
    code = forms.CharField(
        label=_("Le code que l’autre personne vous dit"),
        help_text=_("Douze lettres et chiffres."),
        max_length=40,
        widget=code_input(),
        error_messages={"required": _("Écrivez le code.")},
    )


class CityChoiceForm(forms.Form):
    """The settings that take two persons to weaken."""

    emergency = forms.ChoiceField(
        label=_("L’accès d’urgence"),
        help_text=_("Deux agents décident ensemble, puis l’un lit quelques lignes d’un coffre, une heure au plus."),
        widget=forms.RadioSelect,
        choices=[("1", _("Activé")), ("0", _("Non activé"))],
    )
    days = forms.IntegerField(
        label=_("Jours dans un rôle avant de décider à deux"),
        help_text=_("Un jour au moins, sept d’habitude."),
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "govuk-input--width-4"}),
        error_messages={
            "required": _("Écrivez un nombre de jours, comme 7."),
            "invalid": _("Écrivez un nombre de jours, comme 7."),
            "min_value": _("Un jour au moins."),
            "max_value": _("Un mois au plus : davantage, et plus personne ne compterait."),
        },
    )

    def __init__(self, *args: Any, city: City, **options: Any) -> None:
        options["initial"] = {"emergency": str(int(city.emergency_access)), "days": city.days_before_deciding}
        super().__init__(*args, **options)

    @property
    def chosen(self) -> list[tuple[CityDecision.What, int]]:
        data = self.cleaned_data
        return [(CityDecision.What.EMERGENCY, int(data["emergency"])), (CityDecision.What.DAYS, data["days"])]


class CityAddressesForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameter at run time
    """Where residents call, write and go, who answers for the portal and what it states. It saves nothing."""

    exit_url = forms.ChoiceField(
        label=_("Page de « Quitter vite »"), required=False, choices=[("", _("Celle du portail")), *EXITS.items()]
    )

    logo_file = forms.FileField(
        label=_("Logo"), required=False, help_text=_("SVG ou PNG carré, 60 Ko au plus. Remplace le logo actuel.")
    )
    remove_logo = forms.BooleanField(label=_("Retirer le logo"), required=False)

    class Meta:
        model = City
        fields = TRUSTED
        widgets: ClassVar = {
            name: forms.TextInput(attrs={"autocomplete": "off"})
            for name in TRUSTED
            if name not in {"exit_url", "accessibility"}
        }

    def clean_logo_file(self) -> tuple[bytes, str] | None:
        return logo.clean_upload(self.cleaned_data["logo_file"])

    @property
    def chosen(self) -> list[tuple[str, Any]]:
        data = self.cleaned_data
        drawn = data.get("logo_file") or ((b"", "") if data.get("remove_logo") else None)
        more = [] if drawn is None else [(LOGO, logo.written(*drawn))]
        return [(name, data[name]) for name in self.changed_data if name in TRUSTED] + more
