"""The names that people give themselves, those of who works for the city, and those of organisations."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from core.lookalikes import mixes_alphabets
from core.pages.contacts import contacts_in


def own_name(name: str) -> str:
    """Return a person's name. Refuse digits and addresses in it: others read it, beside what the city says."""
    if any(character.isdigit() for character in name) or contacts_in(name):
        raise ValidationError(_("Écrivez un nom, sans chiffre ni adresse."))
    return name


def colleagues_name(name: str, *, user: User | None = None) -> str:
    """Return the name of somebody who works for the city: another one than each colleague's, or the one they have."""
    if user is not None and user.name == name:
        return name
    if User.objects.is_a_colleagues_name(name, user=user):
        raise ValidationError(
            _("Une autre personne qui travaille pour la ville porte déjà ce nom ici. Ajoutez de quoi les distinguer.")
        )
    return _plain_name(name)


def public_name(name: str, *, known: str = "") -> str:
    """Return the name of an organisation or a publisher, which one person writes and the city's letters say.

    Args:
        known: the name that it has: two persons agreed to it.
    """
    return name if known and name == known else _plain_name(name)


def _plain_name(name: str) -> str:
    if mixes_alphabets(name):
        raise ValidationError(_("Écrivez ce nom dans un seul alphabet, sans caractère invisible."))
    return own_name(name)
