from collections.abc import Container

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.models.rows import UNSIGNED, AuthenticatedRow, RowQuerySet, by_city
from vault import types
from vault.records.enums import Channel, HolderTheme, Right
from vault.records.models.paper_kind import PaperKind


class Holder(AuthenticatedRow):
    """An organisation that holds data about residents, loaded from `vault/records/content/holders.json`.

    The city may adapt it.
    """

    code = models.SlugField(_("code"), max_length=60, unique=True)
    name_fr = models.CharField(_("nom en français"), max_length=120)
    name_en = models.CharField(_("nom en anglais"), max_length=120)
    short_fr = models.CharField(
        _("nom court en français"), max_length=60, help_text=_("Dit à côté de chaque valeur qui en vient.")
    )
    short_en = models.CharField(_("nom court en anglais"), max_length=60)
    theme = models.CharField(_("thème"), max_length=20, choices=HolderTheme)
    several = models.BooleanField(
        _("plusieurs organismes"), default=False, help_text=_("La lettre demande lequel, comme pour une banque.")
    )
    record_codes = models.JSONField(
        _("codes dans les données"), default=list, blank=True, help_text=_('Comme ["CNAF"].')
    )
    brands = models.JSONField(
        _("marques"), default=list, blank=True, help_text=_("Organismes de ce genre, dits par leur nom.")
    )
    holds = models.JSONField(_("types de données"), default=list, blank=True, help_text=_('Comme ["fiscal.avis_ir"].'))
    papers = models.JSONField(_("natures de papier"), default=list, blank=True, help_text=_('Comme ["avis_impot"].'))
    downloads = models.JSONField(_("téléchargements"), default=list, blank=True)
    channels = models.JSONField(
        _("comment demander"), default=list, blank=True, help_text=_('Comme ["dpo_email", "desk"].')
    )
    rights = models.JSONField(_("droits"), default=list, help_text=_("access, portability"))
    email = models.EmailField(_("adresse électronique pour les demandes"), blank=True)
    postal_address = models.TextField(_("adresse postale pour les demandes"), blank=True, max_length=400)
    identity_proof_fr = models.CharField(_("preuve d’identité, en français"), max_length=300, blank=True)
    identity_proof_en = models.CharField(_("preuve d’identité, en anglais"), max_length=300, blank=True)
    note_fr = models.CharField(_("à savoir, en français"), max_length=400, blank=True)
    note_en = models.CharField(_("à savoir, en anglais"), max_length=400, blank=True)
    source = models.JSONField(_("sources"), default=list, blank=True)
    edited_at = models.DateTimeField(_("modifié ici le"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True, blank=True, editable=False)

    objects = RowQuerySet["Holder"].as_manager()
    decides = by_city(
        "code",
        "name_fr",
        "name_en",
        "short_fr",
        "short_en",
        "theme",
        "several",
        "record_codes",
        "brands",
        "holds",
        "papers",
        "downloads",
        "channels",
        "rights",
        "email",
        "postal_address",
        "identity_proof_fr",
        "identity_proof_en",
        "note_fr",
        "note_en",
        "source",
        "edited_at",
        "withdrawn_at",
        former=[UNSIGNED],
    )

    class Meta:
        verbose_name = _("organisme")
        verbose_name_plural = _("organismes")
        ordering = ["name_fr"]
        constraints = [models.CheckConstraint(condition=Q(theme__in=HolderTheme.values), name="holder_theme_known")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self._translated("name")

    @property
    def short(self) -> str:
        return self._translated("short")

    @property
    def identity_proof(self) -> str:
        return self._translated("identity_proof")

    @property
    def note(self) -> str:
        return self._translated("note")

    @property
    def is_the_city(self) -> bool:
        """Return whether this is one of the city's own services: the city's data protection officer answers."""
        return Channel.CITY_DPO in self.channels

    @property
    def record_holders(self) -> list[str]:
        """Return the values of `Record.holder` for this organisation."""
        return [self.code, *self.record_codes, *self.brands]

    def clean(self) -> None:
        """Report each unknown code beside its field: an agent types the codes."""
        known: dict[str, Container[str]] = {
            "rights": Right.values,
            "channels": Channel.values,
            "holds": {data_type.code for data_type in types.all_types()},
            "papers": set(PaperKind.objects.values_list("code", flat=True)),
        }
        wrong: dict[str, str | Promise] = {}
        for name, codes in known.items():
            typed = getattr(self, name)
            bad = (
                [code for code in typed if not isinstance(code, str) or code not in codes]
                if isinstance(typed, list)
                else [typed]
            )
            if bad:
                wrong[name] = _("Écrivez une liste de codes connus. Inconnu : %(codes)s.") % {
                    "codes": ", ".join(map(str, bad))
                }
        for name in ("record_codes", "brands"):
            if not isinstance(getattr(self, name), list) or not all(
                isinstance(code, str) for code in getattr(self, name)
            ):
                wrong[name] = _('Écrivez une liste de noms entre guillemets, comme ["CNAF"].')
        if not _are_downloads(self.downloads):
            wrong["downloads"] = _("Chaque téléchargement dit label (fr, en), steps, formats, reads et verified.")
        if wrong:
            raise ValidationError(wrong)

    def _translated(self, name: str) -> str:
        return str(getattr(self, f"{name}_en" if get_language() == "en" else f"{name}_fr"))


def _are_downloads(value: object) -> bool:
    if not isinstance(value, list):
        return False
    shape = {"label": dict, "steps": list, "formats": list, "reads": list, "verified": bool}
    return all(
        isinstance(one, dict) and all(isinstance(one.get(name), kind) for name, kind in shape.items()) for one in value
    )
