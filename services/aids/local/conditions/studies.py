"""Conditions on a person's studies."""

from collections.abc import Collection
from typing import Final

from django.utils.translation import gettext_lazy, gettext_noop

from services.aids.local.conditions.kinds import Asked, Fact, Known, Sort
from services.aids.local.conditions.shapes import flag, one_of

# The year of study

#: Years by their diploma, and the year after the baccalauréat of each.
AFTER_BAC: Final = {
    **{f"bts_{year}": f"bac_{year}" for year in (1, 2)},
    **{f"but_{year}": f"bac_{year}" for year in (1, 2, 3)},
    **{f"cpge_{year}": f"bac_{year}" for year in (1, 2)},
    **{f"licence_{year}": f"bac_{year}" for year in (1, 2, 3)},
    "master_1": "bac_4",
    "master_2": "bac_5",
}
LEVELS: Final = ("seconde", "premiere", "terminale", "cap_1", "cap_2", *AFTER_BAC, "doctorat")


def _study_year(known: Known) -> list[str] | None:
    """Return the year of study by its diploma and after the baccalauréat. The vault may know the year alone."""
    person = known.person
    if level := person.city.level:
        return [level, AFTER_BAC[level]] if level in AFTER_BAC else [level]
    if person.study_year is not None:
        return [_after_bac(person.study_year)]
    return [] if person.school is None and person.status not in {"student", None} else None


def _open_years(known: Known) -> Collection[str]:
    person = known.person
    if person.city.level or person.study_year is None:
        return frozenset()
    return frozenset(name for name, after in AFTER_BAC.items() if after == _after_bac(person.study_year))


def _after_bac(study_year: str) -> str:
    diploma, _sep, rank = study_year.partition("_")
    return f"bac_{int(rank) + {'licence': 0, 'master': 3, 'doctorat': 5}[diploma]}"


STUDY_YEAR: Final = one_of(
    code="study_year",
    label=gettext_lazy("Année d’études"),
    fact=Fact(
        "study_year",
        Sort.LIST,
        values=dict.fromkeys((*(f"bac_{year}" for year in range(1, 6)), *LEVELS), ""),
        read=_study_year,
        of_person=True,
        undecided=_open_years,
        source="city.level",
        asked=Asked(
            key="niveau",
            vault_field="foyer.situation#/niveau_etude",
            value="city.level",
            choices={name: name for name in (*LEVELS, "autre")},
            mine=gettext_noop("En quelle année d’études êtes-vous ?"),
            theirs=gettext_noop("en quelle année d’études ?"),
            rank=1,
        ),
    ),
    public={"annee_etude": lambda one, about: {"type": "study_year", "values": list(dict.fromkeys(one["values"]))}},
)

GRANT_HOLDER: Final = flag(
    code="grant_holder",
    label=gettext_lazy("Bourse d’études"),
    text=gettext_lazy("être boursier"),
    public="boursier",
    fact=Fact(
        "grant_holder",
        Sort.FLAG,
        read=lambda known: known.person.boursier,
        of_person=True,
        source="boursier",
        asked=Asked(
            key="boursier",
            vault_field="etudes.bourse#/est_boursier",
            value="boursier",
            mine=gettext_noop("Avez-vous une bourse d’études ?"),
            theirs=gettext_noop("une bourse d’études ?"),
            purpose=gettext_lazy(
                "Certaines aides de la ville sont pour les boursiers, d’autres pour ceux qui ne le sont pas."
            ),
            rank=5,
        ),
    ),
)

# Honours

HONOURS: Final = ("ab", "b", "tb", "tb_felicitations")
PUBLIC_HONOURS: Final = {
    "mention_assez_bien": "ab",
    "mention_bien": "b",
    "mention_tres_bien": "tb",
    "mention_tres_bien_felicitations_jury": "tb_felicitations",
}


def _honours(known: Known) -> list[str] | None:
    """Return the honours; the highest, with congratulations, are honours « très bien » too."""
    honours = known.person.city.bac_honours
    return None if honours is None else [honours, "tb"] if honours == "tb_felicitations" else [honours]


BAC_HONOURS: Final = one_of(
    code="bac_honours",
    label=gettext_lazy("Mention au baccalauréat"),
    fact=Fact(
        "bac_honours",
        Sort.LIST,
        values=dict.fromkeys(HONOURS, ""),
        read=_honours,
        of_person=True,
        source="city.bac_honours",
        asked=Asked(
            key="mention",
            vault_field="foyer.situation#/mention_baccalaureat",
            value="city.bac_honours",
            choices={name: name for name in ("aucune", *HONOURS)},
            mine=gettext_noop("Quelle mention avez-vous eue au baccalauréat ?"),
            theirs=gettext_noop("quelle mention au baccalauréat ?"),
            rank=4,
        ),
    ),
    public={
        "mention_baccalaureat": lambda one, about: {
            "type": "bac_honours",
            "values": [PUBLIC_HONOURS[value] for value in one["values"]],
        }
    },
)

HEALTH_SOCIAL_TRAINING: Final = flag(
    code="health_social_training",
    label=gettext_lazy("Formation sanitaire ou sociale"),
    text=gettext_lazy("suivre une formation sanitaire ou sociale"),
    public="formation_sanitaire_social",
    fact=Fact(
        "health_social_training",
        Sort.FLAG,
        read=lambda known: known.person.city.health_social_training,
        of_person=True,
        source="city.health_social_training",
        asked=Asked(
            key="formation_sociale",
            vault_field="foyer.situation#/formation_sanitaire_sociale",
            value="city.health_social_training",
            mine=gettext_noop("Suivez-vous une formation sanitaire ou sociale ?"),
            theirs=gettext_noop("en formation sanitaire ou sociale ?"),
            rank=3,
        ),
    ),
)
