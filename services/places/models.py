"""Places where residents are received: the city's counters, and those of others. Public data."""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city
from services.places import hours
from services.places.enums import PlaceKind, StepFree


def check_hours(text: str) -> None:
    try:
        hours.read(text)
    except hours.Unreadable:
        raise ValidationError(
            _("Écrivez les horaires comme OpenStreetMap : « Mo-Fr 09:00-12:00,13:30-17:00; Sa 09:00-12:00; PH off ».")
        ) from None


#: What pages, lists and downloads show of a place, and whether they do.
SHOWN = (
    *(
        "code",
        "name",
        "kind",
        "organisation",
        "street",
        "more",
        "postal_code",
        "town",
        "insee",
        "latitude",
        "longitude",
    ),
    *("phone", "email", "website", "hours", "note", "note_en", "step_free", "access_url", "languages"),
    *("source", "source_url", "updated_on", "edited_at", "withdrawn_at"),
)


class Place(AuthenticatedRow):
    """One place. Its page, lists and downloads show every field; none is about a resident.

    Residents go and call there: a row that somebody else wrote is shown to nobody.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(
        _("identifiant"),
        max_length=120,
        unique=True,
        help_text=_("Celui de la source : un nouvel envoi le reconnaît."),
    )
    name = models.CharField(_("nom"), max_length=160)
    kind = models.CharField(_("nature"), max_length=30, choices=PlaceKind, default=PlaceKind.OTHER)
    organisation = models.CharField(_("organisme"), max_length=160, blank=True)
    street = models.CharField(_("rue"), max_length=160, blank=True)
    more = models.CharField(_("complément"), max_length=160, blank=True, help_text=_("Bâtiment, étage, entrée."))
    postal_code = models.CharField(_("code postal"), max_length=5, blank=True)
    town = models.CharField(_("commune"), max_length=80, blank=True)
    insee = models.CharField(_("code de la commune"), max_length=5, blank=True)
    latitude = models.DecimalField(
        _("latitude"), max_digits=8, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )  # fmt: skip
    longitude = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )  # fmt: skip
    phone = models.CharField(_("téléphone"), max_length=30, blank=True)
    email = models.EmailField(_("adresse e-mail"), blank=True)
    website = models.URLField(_("site"), blank=True)
    hours = models.CharField(_("horaires"), max_length=300, blank=True, validators=[check_hours])
    note = models.CharField(
        _("bon à savoir"), max_length=300, blank=True, help_text=_("Bus, rendez-vous, pièces à apporter.")
    )
    note_en = models.CharField(_("bon à savoir, en anglais"), max_length=300, blank=True)
    step_free = models.CharField(_("accès"), max_length=10, choices=StepFree, default=StepFree.UNKNOWN)
    access_url = models.URLField(_("page d’accessibilité"), blank=True)
    languages = models.JSONField(
        _("langues parlées"), default=list, blank=True, help_text=_('Comme ["fr", "en", "ar"].')
    )
    source = models.CharField(_("source"), max_length=80, blank=True)
    source_url = models.URLField(_("page de la source"), blank=True)
    updated_on = models.DateField(_("mise à jour le"), null=True, blank=True)
    edited_at = models.DateTimeField(_("modifié ici le"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True, blank=True, editable=False)

    objects = RowQuerySet["Place"].as_manager()
    decides = by_city(*SHOWN, former=[UNSIGNED])

    class Meta:
        verbose_name = _("lieu")
        verbose_name_plural = _("lieux")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="places_both_coordinates",
                condition=Q(latitude=None, longitude=None) | Q(latitude__isnull=False, longitude__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name
