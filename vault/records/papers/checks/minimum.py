"""Check whether the law lets an asker ask for a paper, from the `who_may_ask` sentences of its kind.

A private landlord's list is closed (decree 2015-1437): a paper that is not on it cannot be asked for. For any other
asker, a paper without a sentence is inconclusive.
"""

from collections.abc import Sequence
from enum import StrEnum

from vault.records.enums import Outcome

NOBODY = "Personne"
FORBIDDEN = "il ne peut pas l’exiger"
OBTAINABLE = "seulement si elle ne peut pas obtenir"


class Asker(StrEnum):
    """An asker, by the first words of their sentence in `who_may_ask`."""

    LANDLORD = "Bailleur privé"
    SOCIAL_LANDLORD = "Bailleur social"
    ADMINISTRATION = "Administration"
    BENEFITS_OFFICE = "CAF ou MSA"
    EMPLOYER = "Employeur"
    BANK = "Banque ou assureur"
    CLUB = "Club ou association"


def asked(who_may_ask: Sequence[str], asker: Asker) -> Outcome:
    about = [sentence for sentence in who_may_ask if sentence.startswith(asker)]
    if any(FORBIDDEN in sentence for sentence in about) or any(
        sentence.startswith(NOBODY) for sentence in who_may_ask
    ):
        return Outcome.FAILED
    if about:
        return Outcome.PASSED
    return Outcome.FAILED if asker == Asker.LANDLORD else Outcome.INCONCLUSIVE


def is_obtainable(who_may_ask: Sequence[str]) -> bool:
    """Return whether administrations get what this paper says from each other (CRPA L113-12 and L114-8)."""
    return any(sentence.startswith(Asker.ADMINISTRATION) and OBTAINABLE in sentence for sentence in who_may_ask)
