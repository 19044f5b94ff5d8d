import hashlib
from copy import copy
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.formats import localize
from django.utils.translation import get_language
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from core import contrast
from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

COLOUR = RegexValidator(contrast.COLOUR, _("Écrivez une couleur comme #17524f."))
INSEE = RegexValidator(r"^(\d{5}|2[AB]\d{3})$", _("Écrivez les 5 caractères du code Insee, comme 00042."))
PHONE = RegexValidator(r"^\+?[0-9][0-9 \u00a0.]{3,20}$", _("Écrivez un numéro de téléphone, comme 01 23 45 67 89."))
#: Days in a role before deciding with somebody else.
USUAL_DAYS = 7
#: Where residents call, write and go, who answers for the portal, what it states of itself and how much it keeps: two
#: persons change them (accounts).
TRUSTED = (
    "name",
    "of_name",
    "insee",
    "phone",
    "opening_hours",
    "opening_hours_en",
    "email",
    "address",
    "exit_url",
    "dpo_email",
    "dpo_contact",
    "publisher",
    "host",
    "accessibility",
    "quota_megabytes",
)
#: Columns under the row's MAC before all of them were.
_FIRST = ("emergency_access", "days_before_deciding")
_last_read: list["City"] = []
THEME = ("brand", "brand_tint", "action", "action_hover", "link", "focus", "header", "header_text")


def colour(verbose_name: "_StrPromise", default: str) -> "models.CharField[str, str]":
    return models.CharField(verbose_name, max_length=7, default=default, validators=[COLOUR])


def corners(verbose_name: "_StrPromise", default: int) -> "models.PositiveSmallIntegerField[int, int]":
    return models.PositiveSmallIntegerField(
        verbose_name, default=default, validators=[MaxValueValidator(16)], help_text=_("De 0 à 16 pixels.")
    )


class City(AuthenticatedRow):
    """The city that runs this portal; at most one row. Without it, pages show a neutral city (`City.current`)."""

    class Accessibility(models.TextChoices):
        """RGAA levels. Without a valid audit the only lawful statement is “non conforme”."""

        NONE = "none", _("non conforme")
        PARTIAL = "partial", _("partiellement conforme")
        FULL = "full", _("totalement conforme")

    class LabelWord(models.TextChoices):
        """What the city calls its decision on a service. “Certification” is for accredited bodies."""

        LABEL = "label", _("label")
        HABILITATION = "habilitation", _("habilitation")
        REFERENCEMENT = "referencement", _("référencement")

    name = models.CharField(_("nom"), max_length=80)
    of_name = models.CharField(
        _("nom avec « de »"),
        max_length=90,
        help_text=_("Comme dans « Ville de Villebrume », « d’Arles », « du Havre »."),
    )
    insee = models.CharField(_("code Insee"), max_length=5, validators=[INSEE])
    logo = models.BinaryField(_("logo"), default=bytes, blank=True)
    logo_type = models.CharField(max_length=20, blank=True, editable=False)

    phone = models.CharField(_("téléphone"), max_length=24, blank=True, validators=[PHONE])
    opening_hours = models.CharField(
        _("horaires du téléphone"),
        max_length=120,
        blank=True,
        help_text=_("Comme « du lundi au vendredi de 9 h à 17 h »."),
    )
    opening_hours_en = models.CharField(
        _("horaires du téléphone en anglais"),
        max_length=120,
        blank=True,
        help_text=_("Sans texte anglais, celui en français est montré."),
    )
    address = models.CharField(
        _("lieu d’accueil"),
        max_length=200,
        blank=True,
        help_text=_("Comme « la Maison des services, 3 place du Lavoir »."),
    )
    email = models.EmailField(_("adresse de contact"), blank=True)
    dpo_email = models.EmailField(_("adresse du délégué à la protection des données"), blank=True)
    dpo_contact = models.CharField(
        _("délégué à la protection des données"),
        max_length=200,
        blank=True,
        help_text=_("Nom du service et adresse postale."),
    )
    publisher = models.CharField(_("responsable de la publication"), max_length=200, blank=True)
    host = models.CharField(
        _("hébergeur"), max_length=200, blank=True, help_text=_("Nom, adresse et téléphone, comme la loi le demande.")
    )
    exit_url = models.URLField(
        _("page de « Quitter vite »"), blank=True, help_text=_("Une page ordinaire, comme la météo.")
    )
    accessibility = models.CharField(
        _("accessibilité"), max_length=10, choices=Accessibility.choices, default=Accessibility.NONE
    )

    quota_megabytes = models.PositiveIntegerField(
        _("place de chaque coffre (Mo)"),
        default=1000,
        validators=[MinValueValidator(100)],
        help_text=_(
            "Fichiers et dossiers compris. La baisser n’efface rien : on n’ajoute plus, tant qu’on ne supprime pas."
        ),
    )

    label_word = models.CharField(
        _("mot pour les services vérifiés"),
        max_length=15,
        choices=LabelWord.choices,
        default=LabelWord.LABEL,
        help_text=_("Sur les pages publiques. La loi réserve le mot « certification » à d’autres."),
    )
    emergency_access = models.BooleanField(
        _("accès d’urgence"),
        default=False,
        help_text=_(
            "Deux agents décident ensemble, puis l’un lit quelques lignes d’un coffre, une heure au plus."
            " L’habitant est prévenu aussitôt."
        ),
    )

    emergency_changed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when urgent access was last switched, for the public page"
    )
    days_before_deciding = models.PositiveSmallIntegerField(
        _("jours dans le rôle avant de décider à deux"),
        default=USUAL_DAYS,
        validators=[MinValueValidator(1)],
        help_text=_("De 1 à 30 jours. Changer ce nombre demande deux personnes."),
    )

    brand = colour(_("bloc de couleur"), "#17524f")
    brand_tint = colour(_("fond clair"), "#e2eeea")
    action = colour(_("boutons"), "#17524f")
    action_hover = colour(_("boutons survolés"), "#0e3b39")
    link = colour(_("liens"), "#0f5e73")
    focus = colour(_("contour du champ actif"), "#6b2fa0")
    header = colour(_("en-tête"), "#ffffff")
    header_text = colour(_("texte de l’en-tête"), "#20262d")
    radius = corners(_("arrondi des cartes"), 12)
    radius_control = corners(_("arrondi des boutons"), 8)

    objects = RowQuerySet["City"].as_manager()
    decides = by_city(
        *_FIRST,
        "name",
        "of_name",
        "insee",
        "logo",
        "logo_type",
        "phone",
        "opening_hours",
        "opening_hours_en",
        "address",
        "email",
        "dpo_email",
        "dpo_contact",
        "publisher",
        "host",
        "exit_url",
        "accessibility",
        "quota_megabytes",
        "label_word",
        "emergency_changed_at",
        *THEME,
        "radius",
        "radius_control",
        former=[_FIRST],
    )

    class Meta:
        verbose_name = _("ville")
        verbose_name_plural = _("ville")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="one_city"),
            models.CheckConstraint(condition=models.Q(days_before_deciding__gte=1), name="city_waits_a_day_at_least"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, **options: Any) -> None:
        """Validate on every save, by the admin or the seed, so that no page gets an unreadable theme."""
        self.pk = 1
        self.full_clean(validate_unique=False)
        super().save(**options)

    def clean(self) -> None:
        problems: dict[str, list[str]] = {}
        if any(not contrast.is_colour(value) for value in self.theme.values()):
            return
        for pair, found in contrast.failures(self.theme):
            problems.setdefault(pair.field, []).append(_low(str(pair.where), found, pair.least))
        ring = contrast.ring_on_header(self.theme)
        if ring < contrast.SHAPE:
            problems.setdefault("focus", []).append(
                _low(_now("le contour du champ actif dans l’en-tête"), ring, contrast.SHAPE)
            )
        if problems:
            raise ValidationError({field: list(dict.fromkeys(texts)) for field, texts in problems.items()})

    @classmethod
    def current(cls) -> "City":
        city = cls.objects.first()
        # A copy: a form may change the other one before anybody decides it.
        _last_read[:] = [copy(city)] if city else []
        return city or cls.neutral()

    @classmethod
    def last_read(cls) -> "City":
        """Return the city as this process last read it, under its MAC: for a page that says that it cannot be read."""
        return next(iter(_last_read), None) or cls.neutral()

    @classmethod
    def neutral(cls) -> "City":
        return cls(pk=1, name=_now("Votre ville"), insee="00000")

    @property
    def theme(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in THEME}

    @property
    def label(self) -> str:
        """“Ville de Villebrume”, or “Votre ville” before the city is set."""
        if not self.of_name:
            return self.name
        return f"City of {self.name}" if get_language() == "en" else f"Ville {self.of_name}"

    @property
    def hours(self) -> str:
        return self.opening_hours_en if get_language() == "en" and self.opening_hours_en else self.opening_hours

    @property
    def stylesheet(self) -> str:
        names = [*THEME, "radius", "radius_control"]
        lines = (
            f"--civic-{name.replace('_', '-')}:{getattr(self, name)}{'px' if name.startswith('radius') else ''}"
            for name in names
        )
        return f":root{{{';'.join(lines)}}}\n"

    @property
    def stylesheet_version(self) -> str:
        return version_of(self.stylesheet.encode())

    @property
    def logo_version(self) -> str:
        return version_of(bytes(self.logo)) if self.logo else ""


class LegalPage(AuthenticatedRow):
    """A page required by law, in the city's own words. Without a row, the page shows the product's default text."""

    class Slug(models.TextChoices):
        LEGAL = "mentions-legales", _("Mentions légales")
        PRIVACY = "donnees-personnelles", _("Données personnelles")
        ACCESSIBILITY = "accessibilite", _("Accessibilité")
        COOKIES = "cookies", _("Gestion des cookies")
        HELP = "aide", _("Aide et contact")
        PROMISE = "engagements", _("Ce que la ville peut faire ou non")

    slug = models.CharField(_("page"), max_length=40, choices=Slug.choices, unique=True)
    text = models.TextField(
        _("texte"),
        help_text=_("Une ligne vide sépare les paragraphes. « ## » ouvre un titre, « - » un point de liste."),
    )
    text_en = models.TextField(_("texte en anglais"), blank=True)

    objects = RowQuerySet["LegalPage"].as_manager()
    decides = by_city("slug", "text", "text_en", former=[UNSIGNED])

    class Meta:
        verbose_name = _("page légale")
        verbose_name_plural = _("pages légales")

    def __str__(self) -> str:
        return self.get_slug_display()

    @property
    def text_now(self) -> str:
        return self.text_en if get_language() == "en" and self.text_en else self.text


def version_of(content: bytes) -> str:
    """Return a short hash of the content: a URL that holds it may be cached for a year."""
    return hashlib.sha256(content).hexdigest()[:12]


def _low(where: str, found: float, least: float) -> str:
    values = {"where": where, "found": localize(round(found, 1)), "least": localize(least)}
    return _now("Contraste trop faible pour %(where)s : %(found)s au lieu de %(least)s.") % values
