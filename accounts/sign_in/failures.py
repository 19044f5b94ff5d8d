"""Failures of FranceConnect or ProConnect: for users, what happened and what to do; for the logs, codes alone."""

import logging
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

import requests
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.sign_in.openid import Untrusted

logger = logging.getLogger(__name__)

#: Exceptions caused by a provider's answer or silence.
TROUBLES = (requests.RequestException, Untrusted)


@dataclass(frozen=True)
class ProviderError:
    """Text of a failure. `again` is True if the user may try again."""

    title: str | Promise
    text: str | Promise
    status: HTTPStatus
    again: bool = True


class Failure(Enum):
    CANCELLED = ProviderError(
        _("Vous n’êtes pas allé au bout"),
        _(
            "Vous avez arrêté chez %(provider)s. Rien n’a été transmis et rien n’a changé ici."
            " Recommencez quand vous voulez."
        ),
        HTTPStatus.OK,
    )
    DOWN = ProviderError(
        _("%(provider)s ne répond pas"),
        _("Son service est arrêté ou trop lent. Votre coffre n’est pas touché. Réessayez dans quelques minutes."),
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
    UNTRUSTED = ProviderError(
        _("Nous n’avons pas reconnu la réponse de %(provider)s"),
        _(
            "Par prudence, nous nous sommes arrêtés là\u00a0: rien n’a changé ici. Recommencez. Si cela continue,"
            " appelez-nous."
        ),
        HTTPStatus.BAD_GATEWAY,
    )
    PROVIDER = ProviderError(
        _("%(provider)s a rencontré un problème"),
        _("Il n’a pas dit qui vous êtes. Rien n’a changé ici. Recommencez, ou attendez quelques minutes."),
        HTTPStatus.BAD_GATEWAY,
    )
    LOST = ProviderError(
        _("Cette demande ne sert plus"),
        _("Elle a plus de dix minutes, elle a déjà servi, ou votre navigateur a refusé nos cookies. Recommencez."),
        HTTPStatus.BAD_REQUEST,
    )
    TAKEN = ProviderError(
        _("Ce compte %(provider)s ouvre déjà un autre compte ici"),
        _("Rien n’a changé. Déconnectez-vous, puis entrez avec %(provider)s pour le retrouver."),
        HTTPStatus.CONFLICT,
        again=False,
    )
    HAS_ANOTHER = ProviderError(
        _("Un autre compte %(provider)s est déjà relié"),
        _("Rien n’a changé. Retirez d’abord l’ancien dans «\u00a0Mon compte\u00a0», puis reliez celui-ci."),
        HTTPStatus.CONFLICT,
        again=False,
    )
    SOMEONE_ELSE = ProviderError(
        _("Ce n’est pas le compte %(provider)s relié ici"),
        _(
            "Quelqu’un d’autre est peut-être encore connecté à %(provider)s dans ce navigateur. Déconnectez-l’en,"
            " puis recommencez."
        ),
        HTTPStatus.FORBIDDEN,
    )
    UNKNOWN_AGENT = ProviderError(
        _("Votre compte %(provider)s n’ouvre rien ici"),
        _(
            "Un agent entre ici s’il y a été invité."
            " Demandez une invitation à la personne qui gère les agents du portail\u00a0: "
            "vous la recevrez par e-mail."
        ),
        HTTPStatus.FORBIDDEN,
        again=False,
    )
    OTHER_ADDRESS = ProviderError(
        _("Cette invitation est pour une autre adresse"),
        _(
            "%(provider)s vous connaît sous une autre adresse que celle qui a été invitée."
            " Demandez une invitation à la bonne adresse."
        ),
        HTTPStatus.FORBIDDEN,
        again=False,
    )
    INVITATION_OVER = ProviderError(
        _("Cette invitation ne sert plus"),
        _("Elle a déjà servi, elle a plus de sept jours, ou une autre l’a remplacée. Demandez-en une nouvelle."),
        HTTPStatus.GONE,
        again=False,
    )

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        return cls.DOWN if isinstance(error, requests.RequestException) else cls.UNTRUSTED


def log(provider: str, failure: Failure, error: Exception | None = None) -> None:
    """Log the failed check or the kind of error, never the received data."""
    why = error.code if isinstance(error, Untrusted) else type(error).__name__ if error else ""
    logger.warning(
        "signing in elsewhere failed", extra={"kind": provider, "code": f"{failure.name.lower()} {why}".strip()}
    )
