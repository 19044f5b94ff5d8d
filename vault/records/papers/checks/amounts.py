"""Compare the values of a paper with the vault's: declared by the resident, or sent by the holder."""

from decimal import Decimal, InvalidOperation

from vault.readers.subjects.iban import iban_is_valid
from vault.records.enums import Assurance, Outcome
from vault.records.papers.checks.check_input import CheckInput
from vault.records.papers.checks.months import PAYSLIP
from vault.records.values.decrypted import Opened

QUOTIENT = "social.quotient_familial"
GRANT = "etudes.bourse"
#: The largest difference that a rounding or an average over months explains.
TOLERANCE = Decimal("0.10")
PAY = ("net_social", "net_avant_impot")


def payslip(inputs: CheckInput) -> Outcome:
    """Compare with the value declared for the same month."""
    read = inputs.payload(PAYSLIP)
    declared = [
        held for held in _held(inputs, PAYSLIP, Assurance.DECLARED) if held.payload.get("mois") == read.get("mois")
    ]
    pairs = [(_number(read.get(name)), _number(held.payload.get(name))) for held in declared for name in PAY]
    comparable = [(left, right) for left, right in pairs if left is not None and right is not None]
    if not comparable:
        return Outcome.INCONCLUSIVE
    return (
        Outcome.PASSED
        if all(abs(left - right) <= TOLERANCE * max(left, right) for left, right in comparable)
        else Outcome.FAILED
    )


def quotient(inputs: CheckInput) -> Outcome:
    """Compare with the value that the benefits office sent for the same month, which is the reference."""
    read = inputs.payload(QUOTIENT)
    same = [
        held.payload
        for held in _held(inputs, QUOTIENT, Assurance.HOLDER)
        if all(held.payload.get(name) == read.get(name) for name in ("annee", "mois"))
    ]
    if not same or _number(read.get("valeur")) is None:
        return Outcome.INCONCLUSIVE
    return (
        Outcome.PASSED
        if any(_number(held.get("valeur")) == _number(read.get("valeur")) for held in same)
        else Outcome.FAILED
    )


def grant(inputs: CheckInput) -> Outcome:
    read = inputs.payload(GRANT).get("echelon")
    declared = [held.payload.get("echelon") for held in _held(inputs, GRANT, Assurance.DECLARED)]
    known = [level for level in declared if level is not None]
    if read is None or not known:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if str(known[-1]) == str(read) else Outcome.FAILED


def iban(inputs: CheckInput) -> Outcome:
    read = inputs.payload("banque.compte").get("identifiant")
    if not read:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if iban_is_valid(str(read)) else Outcome.FAILED


def _held(inputs: CheckInput, type_code: str, assurance: Assurance) -> list[Opened]:
    return [held for held in inputs.known.of_type(type_code) if held.assurance == assurance]


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
