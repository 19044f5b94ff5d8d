"""The agreement by which a member of a household shares facts with another, one by one."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from vault import types
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement, Item
from vault.sharing.across.shared_facts import forget_facts

SHARE = gettext_noop("Mettre des faits en commun dans votre foyer")
SHARED_FACTS = "shared_facts"

AGREEMENT: Final = Agreement(
    code=SHARED_FACTS,
    version="2",
    title=_("Mettre des faits en commun"),
    purpose=SHARE,
    received=_("Des faits mis en commun"),
    words=(
        _("L’autre personne reçoit une copie de la valeur d’aujourd’hui, celle que vous voyez ici."),
        _("Si cette valeur change plus tard dans votre coffre, la nouvelle ne part pas : il faut un nouvel accord."),
        _("Vous arrêtez quand vous voulez : la copie est alors effacée."),
        _(
            "Si l’un de vous quitte le foyer, chacun garde pour lui ce qui était en commun à ce moment, et rien de "
            "plus."
        ),
    ),
    items=(
        Item(
            "people",
            _("Qui vit au foyer, enfants compris"),
            types.field_ids("foyer.composition", "allocataires", "enfants", "situation_familiale"),
        ),
        Item("address", _("L’adresse"), types.field_ids("logement.domicile", "adresse")),
        Item(
            "home",
            _("Le logement et son loyer"),
            types.field_ids("logement.domicile", "statut_occupation", "loyer", "charges"),
        ),
        Item(
            "school",
            _("La scolarité des enfants"),
            types.field_ids("scolarite.eleve", "annee_scolaire", "est_scolarise", "est_boursier"),
        ),
    ),
    modes=(Mode.KEEP,),
    uses={Mode.KEEP: _("Une copie de la valeur du jour, effacée si vous arrêtez")},
    copied=True,
    enough=_(
        "Un mois suffit si la personne n’en a besoin qu’une fois. Plus long si vous vivez ensemble au quotidien."
    ),
    ended=forget_facts,
)
