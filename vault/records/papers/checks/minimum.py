"""Is a paper asked beyond what the law lets that asker ask? From who may ask, as the kind of paper says it.

A private landlord's list is closed (decree 2015-1437): what is not on it can't be asked. Elsewhere, what is not written is not known.
"""

from collections.abc import Sequence
from enum import StrEnum

from vault.records.enums import Outcome

NOBODY = "Personne"
FORBIDDEN = "il ne peut pas l’exiger"


class Asker(StrEnum):
    """How a sentence of `who_may_ask` begins when it speaks of them."""

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
