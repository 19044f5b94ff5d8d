"""The automatic checks of a paper.

Each passes, fails or is inconclusive, with its own text; inconclusive never blocks.

The rules are here. `vault/records/content/paper_checks.json` holds the kinds of paper, the texts and the weight of
each check.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, gettext

from vault.records.enums import Outcome
from vault.records.papers.checks import address, amounts, dates, files, host, identity, months, tax
from vault.records.papers.checks.check_input import CheckInput
from vault.records.values.decrypted import CheckLine

CONTENT = Path(__file__).parents[2] / "content" / "paper_checks.json"

RULES: dict[str, Callable[[CheckInput], Outcome | None]] = {
    "file_readable": files.readable,
    "file_kind": files.kind,
    "file_sharp": files.sharp,
    "file_single_kind": files.single_kind,
    "same_file": files.same_file,
    "front_and_back": files.front_and_back,
    "property_tax_leaves": files.property_tax_leaves,
    "name_matches_identity": identity.name,
    "expiry_date": dates.expiry,
    "expiry_soon": dates.expiry_soon,
    "address_recent": dates.recent,
    "birth_record_recent": dates.recent,
    "medical_certificate_recent": dates.recent,
    "qf_fresh": dates.quotient,
    "school_year": dates.school_year,
    "grant_valid": dates.school_year,
    "address_matches": address.matches,
    "address_in_territory": address.in_territory,
    "tax_is_notice": tax.is_notice,
    "tax_year": tax.year,
    "tax_not_too_old": tax.not_too_old,
    "tax_no_newer": tax.no_newer,
    "tax_same_year": tax.same_year,
    "payslip_social_net": tax.payslip_social_net,
    "tax_2ddoc_read": tax.code_read,
    "tax_all_leaves": tax.all_leaves,
    "property_tax_year": tax.property_year,
    "mrz_consistent": identity.unread,
    "signed": identity.unread,
    "number_hidden": identity.unread,
    "identity_name": identity.name,
    "visale_name": identity.name,
    "host_bundle": host.bundle,
    "cni_extension": identity.card_extension,
    "payslip_three_months": months.three_payslips,
    "payslip_continuity": months.payslips_follow,
    "payslip_amount": amounts.payslip,
    "rent_three_receipts": months.three_receipts,
    "qf_matches_source": amounts.quotient,
    "rib_holder": identity.name,
    "rib_iban_valid": amounts.iban,
    "grant_amount": amounts.grant,
}
#: The placeholder for the text that was read.
SAID = "%(said)s"
#: The reader makes these checks on any paper, before its kind is known; only the kinds that they apply to keep them.
MADE_ON_ANY_KIND = ("signed", "number_hidden")
#: When one of these fails, the name on the paper is not the resident's, and the page asks whose paper it is.
NAMES = ("name_matches_identity", "identity_name", "visale_name", "rib_holder")
#: When one of these fails, the code or what is printed beside it was changed, or is false: the paper is refused and
#: nothing of it is kept.
FORGED = ("2ddoc_signature", "2ddoc_issuer", "2ddoc_test_authority", "2ddoc_matches_text")


def run(inputs: CheckInput, found: Sequence[CheckLine] = ()) -> list[CheckLine]:
    """Return the checks found by the reading, then each rule for this kind of paper, in the order of the content file.

    A rule that returns None adds no check.
    """
    checks = [check for check in found if check.code not in MADE_ON_ANY_KIND or _applies(check.code, inputs)]
    made = {check.code for check in checks}
    for code in definitions():
        if code in RULES and code not in made and _applies(code, inputs):
            outcome = RULES[code](inputs)
            if outcome is not None:
                checks.append(_check(code, outcome))
    return checks


def _applies(code: str, inputs: CheckInput) -> bool:
    return bool({"*", inputs.kind_code} & set(definitions()[code]["applies_to"]))


def _check(code: str, outcome: Outcome) -> CheckLine:
    return CheckLine(code, str(outcome), definitions()[code][str(outcome)]["fr"])


def forged(found: Sequence[CheckLine]) -> CheckLine | None:
    return next((check for check in found if check.code in FORGED and check.outcome == Outcome.FAILED), None)


def text(check: CheckLine) -> str:
    """Return the sentence in the page's language.

    The readers' checks, and a check that left the content, keep their stored text.
    """
    definition = definitions().get(check.code)
    language = "en" if get_language() == "en" else "fr"
    sentence = str(definition[check.outcome][language]) if definition else gettext(check.text)
    return sentence.replace(SAID, check.said) if check.said else sentence


def severity(code: str) -> str:
    return str(definitions().get(code, {}).get("severity", "info"))


@cache
def definitions() -> dict[str, dict[str, Any]]:
    items = json.loads(CONTENT.read_text(encoding="utf-8"))["items"]
    return {item["code"]: item for item in items}
