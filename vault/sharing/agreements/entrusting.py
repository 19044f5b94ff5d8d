"""The agreements of mandates, appointments, desk visits and emergency accesses: their items and words."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, ngettext

from vault import types
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement, Item
from vault.sharing.models.desk import DESK_KIND
from vault.sharing.models.emergency import LENGTHS
from vault.sharing.models.mandate import APPOINTMENT, COMPANION_KIND

MANDATE: Final = "mandate"
MEETING: Final = "appointment"
ENTRUST: Final = gettext_noop("Vous faire accompagner")
EMERGENCY: Final = "emergency"
URGENT: Final = gettext_noop("Accès d’urgence, pour un motif écrit que vous pouvez lire")
DESK: Final = "desk"
AT_DESK: Final = gettext_noop("Vous aider au guichet, devant vous")
MEET: Final = gettext_noop("Un rendez-vous avec un accompagnant")


ITEMS: Final = (
    Item(
        "who",
        _("Votre nom et votre date de naissance, pour ne pas vous confondre avec quelqu’un d’autre"),
        types.field_ids("identite.pivot", "given_name", "family_name", "birthdate"),
        required=True,
    ),
    Item("contact", _("Vos coordonnées"), types.field_ids("identite.contact", "email", "telephone", "adresse")),
    Item(
        "home",
        _("Votre logement et son loyer"),
        types.field_ids("logement.domicile", "adresse", "statut_occupation", "loyer", "charges"),
    ),
    Item(
        "family",
        _("Qui vit au foyer, enfants compris"),
        types.field_ids("foyer.composition", "allocataires", "enfants", "situation_familiale"),
    ),
    Item(
        "notices",
        _("Vos avis d’impôt"),
        types.field_ids("fiscal.avis_ir", "annee_revenus", "revenu_fiscal_reference", "nombre_parts"),
    ),
    Item("wages", _("Vos salaires"), types.field_ids("emploi.revenu", "mois", "net_social", "net_avant_impot")),
    Item(
        "incomes",
        _("Vos autres revenus, comme une retraite"),
        types.field_ids("revenu.mensuel", "mois", "nature", "net"),
    ),
    Item(
        "unemployment",
        _("Vos allocations chômage"),
        types.field_ids("emploi.indemnite_ft", "date_versement", "montant_total"),
    ),
    Item(
        "benefits",
        _("Vos prestations et votre quotient familial"),
        (
            *types.field_ids("social.quotient_familial", "valeur", "annee", "mois"),
            *types.field_ids("social.paiement", "mois", "lignes"),
        ),
    ),
)

AGREEMENT: Final = Agreement(
    code=MANDATE,
    version="2",
    title=_("Se faire accompagner"),
    purpose=ENTRUST,
    words=(
        _(
            "%(name)s voit les lignes que vous cochez, avec leur valeur du moment, et ce que montrent les actes "
            "cochés."
        ),
        _("Cette personne ne peut ni partager, ni exporter, ni supprimer, ni changer votre façon de vous connecter."),
        _("Chaque lecture et chaque acte s’écrit dans votre journal, sous son nom."),
        _("Si elle quitte cet organisme, le mandat ne sert plus à personne."),
        _(
            "Vous l’arrêtez quand vous voulez, tout de suite, sans donner de raison. Ce qu’elle a vu ou noté ne peut "
            "pas être repris."
        ),
        _("Sans mandat, rien ne change : vous faites vos démarches seul, ou avec elle, à côté de vous."),
    ),
    items=ITEMS,
    modes=(Mode.LOOK,),
    months=(1, 6, 12),
    short=(timedelta(days=1),),
    renewable=False,
    recipient_kind=COMPANION_KIND,
    enough=_("Un jour suffit pour un dossier. Un mois ou plus si cette personne suit votre situation."),
)

APPOINTMENT_AGREEMENT: Final = Agreement(
    code=MEETING,
    version="2",
    title=_("Un rendez-vous de deux heures"),
    purpose=MEET,
    words=(
        _(
            "La personne qui tape ce code voit les lignes que vous cochez, et ce que montrent les actes cochés, "
            "pendant deux heures."
        ),
        _("Elle ne peut ni partager, ni exporter, ni supprimer, ni changer votre façon de vous connecter."),
        _("Chaque lecture et chaque acte s’écrit dans votre journal, sous son nom."),
        _(
            "Tout s’arrête seul après deux heures, ou quand vous l’arrêtez. Ce qu’elle a vu ou noté ne peut pas être "
            "repris."
        ),
    ),
    items=ITEMS,
    modes=(Mode.LOOK,),
    months=(),
    short=(APPOINTMENT,),
    renewable=False,
    recipient_kind=COMPANION_KIND,
    enough=_("Deux heures, pas plus."),
)

#: The resident names the items at the desk; the agent ticks them.
DESK_AGREEMENT: Final = Agreement(
    code=DESK,
    version="3",
    title=_("Une visite au guichet"),
    purpose=AT_DESK,
    words=(
        _("%(name)s vous aide au guichet, à votre demande et devant vous."),
        _(
            "Cette personne voit les lignes que vous avez dites, avec leur valeur du moment, et peut ajouter un "
            "papier. Rien d’autre de ce qui est déjà dans votre coffre."
        ),
        _(
            "Elle peut écrire ce que vous dites, et ranger un papier ajouté pendant la visite, une fois que vous avez "
            "confirmé les valeurs devant elle."
        ),
        _(
            "Elle peut calculer vos aides devant vous, chaque fois que vous dites oui. Le calcul prend tout ce que "
            "dit votre coffre\u00a0; elle voit le résultat et ce qui manque, pas ces valeurs."
        ),
        _("Elle ne peut ni partager, ni exporter, ni supprimer, ni changer votre façon de vous connecter."),
        _("Chaque lecture et chaque acte s’écrit dans votre journal, sous son nom."),
        _(
            "Tout s’arrête quand elle termine ou se déconnecte, après deux heures au plus. Ce qui a été vu ne peut "
            "pas être repris."
        ),
    ),
    items=ITEMS,
    modes=(Mode.LOOK,),
    months=(),
    short=(APPOINTMENT,),
    renewable=False,
    recipient_kind=DESK_KIND,
    enough=_("Le temps de la visite."),
)

#: The resident does not agree to it: its words explain the access to them. No item is required, not even the name.
EMERGENCY_AGREEMENT: Final = Agreement(
    code=EMERGENCY,
    version="1",
    title=_("Accès d’urgence"),
    purpose=URGENT,
    words=(
        _(
            "Deux agents de la ville ont décidé ensemble cet accès, sans votre accord. L’un a demandé, l’autre a "
            "accepté."
        ),
        _("%(name)s voit les lignes cochées, avec leur valeur du moment, et rien d’autre."),
        _("Chaque lecture s’écrit dans votre journal, sous son nom."),
        _(
            "Tout s’arrête seul en une heure au plus, ou quand vous l’arrêtez. Ce qui a été vu ne peut pas être "
            "repris."
        ),
    ),
    items=tuple(replace(item, required=False) for item in ITEMS),
    modes=(Mode.LOOK,),
    months=(),
    short=tuple(timedelta(minutes=minutes) for minutes in LENGTHS),
    renewable=False,
    enough=_("Le moins longtemps possible."),
)


def length_words(months: int, lasts: timedelta | None) -> str:
    if lasts is None:
        return ngettext("%(count)s mois", "%(count)s mois", months) % {"count": months}
    if lasts.days:
        return ngettext("%(count)s jour", "%(count)s jours", lasts.days) % {"count": lasts.days}
    hours = lasts // timedelta(hours=1)
    return ngettext("%(count)s heure", "%(count)s heures", hours) % {"count": hours}


def theirs(codes: Sequence[str]) -> list[str]:
    """Return the labels of these items, as the companion reads them."""
    return [yours_to_theirs(item) for item in ITEMS if item.code in codes]


def offered() -> list[tuple[str, str]]:
    return [(item.code, yours_to_theirs(item)) for item in ITEMS if not item.required]


def yours_to_theirs(item: Item) -> str:
    """Return an item's label as companions and agents read it, without the resident's “votre”."""
    labels = {
        "who": _("Nom et date de naissance"),
        "contact": _("Coordonnées"),
        "home": _("Logement et loyer"),
        "family": _("Qui vit au foyer, enfants compris"),
        "notices": _("Avis d’impôt"),
        "wages": _("Salaires"),
        "incomes": _("Autres revenus, comme une retraite"),
        "unemployment": _("Allocations chômage"),
        "benefits": _("Prestations et quotient familial"),
    }
    return str(labels.get(item.code, item.label))
