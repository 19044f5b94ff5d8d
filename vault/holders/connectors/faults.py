"""The faults of a pull: for each, what happened and what to do, in words for the resident."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    """A kind of fault; in its texts `%(holder)s` is the holder's name.

    `whole`: the pull makes no other call. `again`: it is tried again later without the resident. `city`: the agents
    are warned.
    """

    what: str | Promise
    do: str | Promise
    whole: bool = False
    again: bool = False
    city: bool = False


LATER = _("Réessayez plus tard. Vous pouvez aussi ajouter le papier.")
KINDS = {
    "not_found": Kind(
        _("%(holder)s n’a pas de dossier à votre nom. C’est fréquent, et ce n’est pas une erreur."),
        _(
            "Si vous y avez un dossier, vérifiez que votre état civil y est écrit comme ici. Vous pouvez aussi "
            "ajouter le papier."
        ),
    ),
    "slow": Kind(
        _("%(holder)s met trop de temps à répondre."),
        LATER,
        whole=True,
        again=True,
    ),
    "down": Kind(_("%(holder)s est en panne."), LATER, again=True),
    "broken": Kind(
        _("%(holder)s a envoyé une réponse illisible. Nous ne l’avons pas gardée."),
        LATER,
        again=True,
    ),
    "quota": Kind(
        _("La ville a posé trop de questions à %(holder)s pour le moment. Ce n’est pas de votre fait."),
        _("La suite sera demandée plus tard : ce qui est déjà reçu reste."),
        whole=True,
        again=True,
    ),
    "city_refused": Kind(
        _("%(holder)s n’accepte plus l’autorisation de la ville. Ce n’est pas de votre fait."),
        _("La ville est prévenue. En attendant, vous pouvez ajouter le papier."),
        whole=True,
        again=True,
        city=True,
    ),
    "not_allowed": Kind(
        _("%(holder)s ne permet pas à la ville de lire cette donnée. Ce n’est pas de votre fait."),
        _("La ville est prévenue. En attendant, vous pouvez ajouter le papier."),
        city=True,
    ),
    "consent_over": Kind(
        _("Votre accord est terminé chez %(holder)s : il a expiré, ou vous l’avez retiré."),
        _("Donnez-le à nouveau si vous voulez continuer à recevoir ces données."),
        whole=True,
    ),
    "refused_there": Kind(
        _("Vous n’avez pas donné votre accord chez %(holder)s. Rien n’a été demandé."),
        _("Vous pouvez recommencer, ou ajouter le papier."),
        whole=True,
    ),
    "wrong_person": Kind(
        _("%(holder)s a répondu pour une autre personne. Nous n’avons rien gardé."),
        _(
            "Si le contrat est au nom d’un proche, c’est à cette personne de se connecter. Vous pouvez aussi ajouter "
            "le papier."
        ),
        whole=True,
    ),
    "no_identity": Kind(
        _("%(holder)s n’a pas été interrogé : votre coffre n’a pas votre identité donnée par FranceConnect."),
        _("Connectez-vous une fois avec FranceConnect et gardez votre identité. Vous pouvez aussi ajouter le papier."),
        whole=True,
    ),
    "not_understood": Kind(
        _("%(holder)s n’a pas compris la demande : votre état civil est peut-être incomplet."),
        _("Vérifiez votre identité dans votre coffre. Vous pouvez aussi ajouter le papier."),
        city=True,
    ),
}
#: How long to wait before the next try, after one failure, two, three…
WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))


class Fault(Exception):
    """A fault of a pull. `code` is a key of `KINDS`; `wait` is the delay that the holder asked for."""

    def __init__(self, code: str, *, wait: timedelta | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.wait = wait

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]


def of_status(status: int, wait: timedelta | None = None) -> Fault | None:
    """Return the fault that an HTTP status usually means, or None."""
    if status < 300:
        return None
    if status == 404:
        return Fault("not_found")
    if status == 429:
        return Fault("quota", wait=wait)
    if status == 401:
        return Fault("city_refused")
    if status == 403:
        return Fault("not_allowed")
    if status in {400, 409, 422}:
        return Fault("not_understood")
    return Fault("down", wait=wait)


def wait_after(failures: int) -> timedelta:
    return WAITS[min(max(failures, 1), len(WAITS)) - 1]
