from collections.abc import Mapping
from typing import Any

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import CheckInput
from vault.types.names import same_address, words

HELD = ("logement.domicile#/adresse", "identite.contact#/adresse", "foyer.composition#/adresse")


def matches(inputs: CheckInput) -> Outcome:
    held = [address for field_id in HELD if (address := inputs.known.value(field_id))]
    answers = [
        answer for address in held if inputs.address and (answer := same_address(inputs.address, address)) is not None
    ]
    if not answers:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if any(answers) else Outcome.FAILED


def in_territory(inputs: CheckInput) -> Outcome:
    address: Mapping[str, Any] = inputs.address
    if address.get("cog") and inputs.insee:
        return Outcome.PASSED if address["cog"] == inputs.insee else Outcome.FAILED
    if address.get("commune") and inputs.town:
        return Outcome.PASSED if words(address["commune"]) == words(inputs.town) else Outcome.INCONCLUSIVE
    return Outcome.INCONCLUSIVE
