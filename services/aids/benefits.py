"""The aids on display: their name, engine variables, unit and dossier."""

from dataclasses import KW_ONLY, dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
MONTH: Final = "mois"
YEAR: Final = "an"
ONCE: Final = "fois"
UNIT_WORDS: Final = {MONTH: _("par mois"), YEAR: _("par an"), ONCE: _("une fois")}


@dataclass(frozen=True, slots=True)
class Benefit:
    """One aid. `variables` are summed over the household; `dossier` is a catalogue code, empty if nothing has to be
    requested.
    """

    code: str
    title: Text
    variables: tuple[str, ...]
    _: KW_ONLY
    unit: str
    dossier: str
    paid_as: tuple[str, ...] = ()
    personal: bool = False
    money: bool = True
    given_by: Text = ""

    @property
    def in_total(self) -> bool:
        """Return True for money paid out: the youth contract is a commitment and the passes are vouchers."""
        return self.money and self.code not in {"cej", "pass_culture", "pass_sport"}

    @property
    def taxed(self) -> bool:
        """Return True if the CRDS is taken from it (ordonnance n° 96-50, article 14). The engine gives these before
        the tax; the housing aid it gives after.
        """
        return self.code in {"af", "cf", "asf", "paje_base", "paje_naissance", "ars"}

    @property
    def received_as(self) -> tuple[str, ...]:
        return self.paid_as or self.variables


CAF: Final = _("la CAF ou la MSA")
ACTION_LOGEMENT: Final = "Action Logement"
ALL: Final = (
    Benefit("rsa", _("RSA"), ("rsa",), unit=MONTH, dossier="rsa", given_by=CAF),
    Benefit("prime_activite", _("Prime d’activité"), ("ppa",), unit=MONTH, dossier="prime_activite", given_by=CAF),
    Benefit(
        "aide_logement",
        _("Aide au logement"),
        ("aide_logement",),
        unit=MONTH,
        dossier="aide_logement",
        paid_as=("aide_logement", "apl", "als", "alf"),
        given_by=CAF,
    ),
    Benefit(
        "c2s",
        _("Complémentaire santé solidaire"),
        ("cmu_c", "css_participation_forfaitaire"),
        unit=MONTH,
        dossier="c2s",
        paid_as=("c2s",),
        money=False,
        given_by=_("l’Assurance maladie"),
    ),
    Benefit(
        "aah",
        _("Allocation aux adultes handicapés"),
        ("aah", "caah"),
        unit=MONTH,
        dossier="aah",
        personal=True,
        given_by=_("la MDPH, puis la CAF"),
    ),
    Benefit(
        "aeeh",
        _("Allocation d’éducation de l’enfant handicapé"),
        ("aeeh",),
        unit=MONTH,
        dossier="aeeh",
        given_by=_("la MDPH, puis la CAF"),
    ),
    Benefit(
        "aspa",
        _("Allocation de solidarité aux personnes âgées"),
        ("aspa",),
        unit=MONTH,
        dossier="aspa",
        given_by=_("la caisse de retraite"),
    ),
    Benefit(
        "asi",
        _("Allocation supplémentaire d’invalidité"),
        ("asi",),
        unit=MONTH,
        dossier="asi",
        personal=True,
        given_by=_("l’Assurance maladie"),
    ),
    Benefit("af", _("Allocations familiales"), ("af",), unit=MONTH, dossier="af", given_by=CAF),
    Benefit("cf", _("Complément familial"), ("cf",), unit=MONTH, dossier="cf", given_by=CAF),
    Benefit("asf", _("Allocation de soutien familial"), ("asf",), unit=MONTH, dossier="asf", given_by=CAF),
    Benefit("paje_base", _("Allocation de base de la PAJE"), ("paje_base",), unit=MONTH, dossier="paje", given_by=CAF),
    Benefit("paje_naissance", _("Prime à la naissance"), ("paje_naissance",), unit=ONCE, dossier="paje", given_by=CAF),
    Benefit("ars", _("Allocation de rentrée scolaire"), ("ars",), unit=YEAR, dossier="ars", given_by=CAF),
    Benefit(
        "bourse_college",
        _("Bourse de collège"),
        ("bourse_college",),
        unit=YEAR,
        dossier="bourse_college",
        given_by=_("l’Éducation nationale"),
    ),
    Benefit(
        "bourse_lycee",
        _("Bourse de lycée"),
        ("bourse_lycee",),
        unit=YEAR,
        dossier="bourse_lycee",
        given_by=_("l’Éducation nationale"),
    ),
    Benefit(
        "bourse_crous",
        _("Bourse d’études supérieures"),
        ("bourse_criteres_sociaux",),
        unit=MONTH,
        dossier="bourse_crous",
        personal=True,
        given_by=_("le Crous"),
    ),
    Benefit(
        "ass",
        _("Allocation de solidarité spécifique"),
        ("ass",),
        unit=MONTH,
        dossier="ass",
        personal=True,
        given_by=_("France Travail"),
    ),
    Benefit(
        "cej",
        _("Contrat d’engagement jeune"),
        ("contrat_engagement_jeune",),
        unit=MONTH,
        dossier="cej",
        personal=True,
        given_by=_("la mission locale"),
    ),
    Benefit(
        "mobili_jeune",
        _("Mobili-jeune"),
        ("mobili_jeune",),
        unit=MONTH,
        dossier="mobili_jeune",
        personal=True,
        given_by=ACTION_LOGEMENT,
    ),
    Benefit(
        "cheque_energie",
        _("Chèque énergie"),
        ("cheque_energie",),
        unit=YEAR,
        dossier="cheque_energie",
        given_by=_("l’État"),
    ),
    Benefit("prime_noel", _("Prime de Noël"), (), unit=YEAR, dossier="", given_by=CAF),
    Benefit(
        "pass_culture",
        _("Pass Culture"),
        ("pass_culture",),
        unit=ONCE,
        dossier="pass_sport_culture",
        personal=True,
        given_by=_("l’État"),
    ),
    Benefit(
        "pass_sport",
        _("Pass’Sport"),
        ("pass_sport",),
        unit=YEAR,
        dossier="pass_sport_culture",
        personal=True,
        given_by=_("l’État"),
    ),
    Benefit(
        "visale",
        _("Garantie Visale"),
        ("visale_eligibilite",),
        unit=ONCE,
        dossier="visale",
        money=False,
        given_by=ACTION_LOGEMENT,
    ),
    Benefit(
        "loca_pass",
        _("Avance Loca-Pass"),
        ("locapass_eligibilite",),
        unit=ONCE,
        dossier="",
        personal=True,
        money=False,
        given_by=ACTION_LOGEMENT,
    ),
    Benefit(
        "logement_social",
        _("Logement social"),
        (),
        unit=ONCE,
        dossier="",
        money=False,
        given_by=_("les bailleurs sociaux"),
    ),
    Benefit(
        "repas_un_euro",
        _("Repas à 1 € du Crous"),
        ("crous_repas_un_euro_eligibilite",),
        unit=MONTH,
        dossier="",
        personal=True,
        money=False,
        given_by=_("le Crous"),
    ),
)
BY_CODE: Final = {benefit.code: benefit for benefit in ALL}
