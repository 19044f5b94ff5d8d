"""The aids that are shown: their name, the engine's figures behind them, their unit, the dossier that asks for them."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
MONTH: Final = "mois"
YEAR: Final = "an"
ONCE: Final = "fois"


@dataclass(frozen=True, slots=True)
class Benefit:
    """`variables` are added up over the people of the household; `dossier` is a code of the catalogue ("" when nothing is to be asked)."""

    code: str
    title: Text
    variables: tuple[str, ...]
    unit: str
    dossier: str
    paid_as: tuple[str, ...] = ()
    personal: bool = False
    money: bool = True
    given_by: Text = ""

    @property
    def in_total(self) -> bool:
        """Money in hand: the youth contract is a commitment, the passes are vouchers."""
        return self.money and self.code not in {"cej", "pass_culture", "pass_sport"}

    @property
    def received_as(self) -> tuple[str, ...]:
        return self.paid_as or self.variables


CAF: Final = _("la CAF ou la MSA")
ACTION_LOGEMENT: Final = "Action Logement"
ALL: Final = (
    Benefit("rsa", _("RSA"), ("rsa",), MONTH, "rsa", given_by=CAF),
    Benefit("prime_activite", _("Prime d’activité"), ("ppa",), MONTH, "prime_activite", given_by=CAF),
    Benefit(
        "aide_logement",
        _("Aide au logement"),
        ("aide_logement",),
        MONTH,
        "aide_logement",
        ("aide_logement", "apl", "als", "alf"),
        given_by=CAF,
    ),
    Benefit(
        "c2s",
        _("Complémentaire santé solidaire"),
        ("cmu_c", "css_participation_forfaitaire"),
        MONTH,
        "c2s",
        ("c2s",),
        money=False,
        given_by=_("l’Assurance maladie"),
    ),
    Benefit(
        "aah",
        _("Allocation aux adultes handicapés"),
        ("aah", "caah"),
        MONTH,
        "aah",
        personal=True,
        given_by=_("la MDPH, puis la CAF"),
    ),
    Benefit(
        "aeeh",
        _("Allocation d’éducation de l’enfant handicapé"),
        ("aeeh",),
        MONTH,
        "aeeh",
        given_by=_("la MDPH, puis la CAF"),
    ),
    Benefit(
        "aspa",
        _("Allocation de solidarité aux personnes âgées"),
        ("aspa",),
        MONTH,
        "aspa",
        given_by=_("la caisse de retraite"),
    ),
    Benefit(
        "asi",
        _("Allocation supplémentaire d’invalidité"),
        ("asi",),
        MONTH,
        "asi",
        personal=True,
        given_by=_("l’Assurance maladie"),
    ),
    Benefit("af", _("Allocations familiales"), ("af",), MONTH, "af", given_by=CAF),
    Benefit("cf", _("Complément familial"), ("cf",), MONTH, "cf", given_by=CAF),
    Benefit("asf", _("Allocation de soutien familial"), ("asf",), MONTH, "asf", given_by=CAF),
    Benefit("paje_base", _("Allocation de base de la PAJE"), ("paje_base",), MONTH, "paje", given_by=CAF),
    Benefit("paje_naissance", _("Prime à la naissance"), ("paje_naissance",), ONCE, "paje", given_by=CAF),
    Benefit("ars", _("Allocation de rentrée scolaire"), ("ars",), YEAR, "ars", given_by=CAF),
    Benefit(
        "bourse_college",
        _("Bourse de collège"),
        ("bourse_college",),
        YEAR,
        "bourse_college",
        given_by=_("l’Éducation nationale"),
    ),
    Benefit(
        "bourse_lycee",
        _("Bourse de lycée"),
        ("bourse_lycee",),
        YEAR,
        "bourse_lycee",
        given_by=_("l’Éducation nationale"),
    ),
    Benefit(
        "bourse_crous",
        _("Bourse d’études supérieures"),
        ("bourse_criteres_sociaux",),
        MONTH,
        "bourse_crous",
        personal=True,
        given_by=_("le Crous"),
    ),
    Benefit(
        "ass",
        _("Allocation de solidarité spécifique"),
        ("ass",),
        MONTH,
        "ass",
        personal=True,
        given_by=_("France Travail"),
    ),
    Benefit(
        "cej",
        _("Contrat d’engagement jeune"),
        ("contrat_engagement_jeune",),
        MONTH,
        "cej",
        personal=True,
        given_by=_("la mission locale"),
    ),
    Benefit(
        "mobili_jeune",
        _("Mobili-jeune"),
        ("mobili_jeune",),
        MONTH,
        "mobili_jeune",
        personal=True,
        given_by=ACTION_LOGEMENT,
    ),
    Benefit("cheque_energie", _("Chèque énergie"), ("cheque_energie",), YEAR, "cheque_energie", given_by=_("l’État")),
    Benefit("prime_noel", _("Prime de Noël"), (), YEAR, "", given_by=CAF),
    Benefit(
        "pass_culture",
        _("Pass Culture"),
        ("pass_culture",),
        ONCE,
        "pass_sport_culture",
        personal=True,
        given_by=_("l’État"),
    ),
    Benefit(
        "pass_sport", _("Pass’Sport"), ("pass_sport",), YEAR, "pass_sport_culture", personal=True, given_by=_("l’État")
    ),
    Benefit(
        "visale", _("Garantie Visale"), ("visale_eligibilite",), ONCE, "visale", money=False, given_by=ACTION_LOGEMENT
    ),
    Benefit(
        "loca_pass",
        _("Avance Loca-Pass"),
        ("locapass_eligibilite",),
        ONCE,
        "",
        personal=True,
        money=False,
        given_by=ACTION_LOGEMENT,
    ),
    Benefit(
        "repas_un_euro",
        _("Repas à 1 € du Crous"),
        ("crous_repas_un_euro_eligibilite",),
        MONTH,
        "",
        personal=True,
        money=False,
        given_by=_("le Crous"),
    ),
)
BY_CODE: Final = {benefit.code: benefit for benefit in ALL}
