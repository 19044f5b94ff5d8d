"""The table of condition kinds. Everything that the portal knows of a kind is in its entry.

Forms, evaluation, sentences, cases, questions, files and the JSON Schema all read this table: a new kind is one entry.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.aids.local.conditions import family, home, means, others, people, studies
from services.aids.local.conditions.kinds import Asked, Fact, Kind
from services.aids.local.conditions.shapes import vault_word

#: In the order of the authors' list.
KINDS: Final[Mapping[str, Kind]] = {
    kind.code: kind
    for kind in (
        home.TERRITORY,
        home.POSTCODE,
        home.RESIDENT_MONTHS,
        people.AGE,
        means.QUOTIENT,
        means.RESOURCES,
        family.HOUSEHOLD_SIZE,
        family.CHILDREN,
        family.SINGLE_PARENT,
        family.FAMILY_STATUS,
        people.PROFILE,
        studies.STUDY_YEAR,
        studies.GRANT_HOLDER,
        studies.BAC_HONOURS,
        studies.HEALTH_SOCIAL_TRAINING,
        people.TEMP_AGENCY,
        people.SCHEME,
        means.RECEIVES,
        people.DISABILITY_RATE,
        home.HOUSING_STATUS,
        home.HOUSING_DIFFICULTY,
        others.DATE,
        others.CHECKED,
    )
}

#: What the conditions and the amounts read, by name.
FACTS: Final[Mapping[str, Fact]] = {
    **{fact.name: replace(fact, label=fact.label or kind.label) for kind in KINDS.values() for fact in kind.facts},
    others.PRICE.name: others.PRICE,
}
#: Questions, by key: the fact that each answer gives.
ASKED: Final[Mapping[str, tuple[Asked, Fact]]] = {
    asked.key: (asked, fact)
    for fact in sorted(FACTS.values(), key=lambda fact: fact.asked.rank if fact.asked else 0)
    if (asked := fact.asked)
}
_WORDS: Final = {value: words for fact in FACTS.values() for value, words in fact.values.items() if words}


def word(value: str) -> str:
    """Return the words of a value of any list."""
    return str(_WORDS.get(value) or vault_word(value))
