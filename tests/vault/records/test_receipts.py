"""A receipt states what was agreed, names no value, and verifies with the published keys alone."""

import base64
import hashlib
import json
from io import StringIO
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from tests.telling import tells
from tests.vault.couples import TRIED, agreed, couple
from tests.vault.made import add_signed_notice
from vault.records.actions import grants
from vault.records.checks_at_start import receipt_key_present
from vault.records.grants import agreements, receipts
from vault.records.models import GrantEvent

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = {"type": "string", "minLength": 1}
#: What ISO/IEC TS 27560:2023 makes mandatory of a record of consent and of a receipt, as its public guide lists it.
MANDATORY = {
    "type": "object",
    "required": [
        "schema_version",
        "receipt_id",
        "record_id",
        "pii_principal_id",
        "privacy_notice",
        "processing",
        "event",
    ],
    "properties": {
        "schema_version": TEXT,
        "receipt_id": TEXT,
        "record_id": TEXT,
        "pii_principal_id": TEXT,
        "privacy_notice": {"required": ["version", "language"], "properties": {"version": TEXT, "language": TEXT}},
        "processing": {
            "required": [
                "purpose",
                "lawful_basis",
                "pii_information",
                "pii_controllers",
                "recipients",
                "storage_locations",
                "retention_days",
                "jurisdiction",
                "withdrawal_method",
            ],
            "properties": {
                "purpose": TEXT,
                "pii_information": {
                    "minItems": 1,
                    "items": {"required": ["pii_type"], "properties": {"pii_type": TEXT}},
                },
                "pii_controllers": {"minItems": 1, "items": {"required": ["name", "address", "contact"]}},
                "recipients": {"minItems": 1, "items": {"required": ["type", "name"]}},
                "storage_locations": {"minItems": 1},
                "withdrawal_method": {"pattern": "^http"},
            },
        },
        "event": {"required": ["event_type", "event_time", "event_state", "entity_id", "valid_until"]},
    },
}


@pytest.fixture(autouse=True)
def keys(settings, tmp_path, monkeypatch):
    monkeypatch.setitem(agreements._agreements, TRIED.code, TRIED)
    settings.RECEIPT_KEYS = tmp_path / "receipt-keys.json"


@pytest.fixture
def grant(resident, stranger):
    add_signed_notice(resident)
    couple(resident, stranger)
    return agreed(resident, stranger, "tried", "parts")


def events(grant) -> list[GrantEvent]:
    with scope(resident=grant.resident_id):
        return list(GrantEvent.objects.filter(grant=grant).select_related("grant"))


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def number(part: str) -> int:
    return int.from_bytes(decoded(part))


def verified_by_hand(receipt: str, published: Any) -> Any:
    """Verify with RFC 7515 and the curve, without the library that signed. Return the content."""
    head, body, signature = receipt.split(".")
    header = json.loads(decoded(head))
    [key] = [key for key in published["keys"] if key["kid"] == header["kid"]]
    assert header["alg"] == key["alg"] == "ES256" and key["crv"] == "P-256"
    raw = decoded(signature)
    point = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]), ec.SECP256R1()).public_key()
    point.verify(
        encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])),
        f"{head}.{body}".encode(),
        ec.ECDSA(SHA256()),
    )
    return json.loads(decoded(body))


def published() -> Any:
    return json.loads(Client().get("/.well-known/jwks.json").content)


def test_each_receipt_has_what_the_specification_makes_mandatory(grant, resident):
    grants.pause(grant=grant, by=resident.pk)
    grants.take_out(grant=grant, by=resident.pk, line="parts")
    grants.stop(grant=grant, by=resident.pk)
    contents = [verified_by_hand(event.receipt, published()) for event in events(grant)]
    assert [one["event"]["event_type"] for one in contents] == ["given", "paused", "narrowed", "stopped"]
    for content in contents:
        jsonschema.validate(content, MANDATORY)


def test_a_receipt_verifies_with_the_published_keys_alone(grant):
    [event] = events(grant)
    content = verified_by_hand(event.receipt, published())
    assert content["schema_version"] == "ISO/IEC TS 27560:2023"
    assert (content["receipt_id"], content["record_id"]) == (str(event.pk), str(grant.pk))
    assert content["privacy_notice"] == {"version": "1", "sha256": TRIED.notice_hash("fr"), "language": "fr"}
    assert [(row["pii_type"], row["necessity"]) for row in content["processing"]["pii_information"]] == [
        ("fiscal.avis_ir#/nombre_parts", "optional"),
        ("fiscal.avis_ir#/revenu_fiscal_reference", "required"),
    ]
    assert content["processing"]["recipients"] == [{"type": "resident", "name": "Bruno"}]
    assert content["processing"]["withdrawal_method"].endswith(f"/partages/{grant.pk}/arreter/")
    assert (content["event"]["event_type"], content["event"]["event_state"]) == ("given", "given")


def test_a_receipt_holds_no_value(grant):
    [event] = events(grant)
    content = json.dumps(verified_by_hand(event.receipt, published()))
    assert not tells(content, "12312") and not tells(content, "2.5")


def test_the_public_keys_hold_no_secret(grant, settings):
    assert [set(key) & {"d", "k", "p", "q"} for key in published()["keys"]] == [set()]
    assert settings.RECEIPT_KEYS.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_receipt_that_was_changed_is_not_genuine(grant, part):
    [event] = events(grant)
    parts = event.receipt.split(".")
    parts[part] = ("A" if parts[part][5] != "A" else "B").join([parts[part][:5], parts[part][6:]])
    with pytest.raises(receipts.NotGenuine):
        receipts.verify(".".join(parts))


#: A header of brackets in brackets, deeper than Python reads.
NESTED = base64.urlsafe_b64encode(b"[" * 99_999).decode()


@pytest.mark.parametrize("text", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", f"{NESTED}.e30."])
def test_another_text_is_not_genuine(grant, text):
    with pytest.raises(receipts.NotGenuine):
        receipts.verify(text)


def test_a_receipt_does_not_verify_with_another_portal_s_key(grant, settings, tmp_path):
    ours, here = events(grant)[0].receipt, settings.RECEIPT_KEYS
    settings.RECEIPT_KEYS = tmp_path / "elsewhere.json"
    receipts.make_key()
    with pytest.raises(receipts.NotGenuine):
        receipts.verify(ours)
    settings.RECEIPT_KEYS = here
    assert receipts.verify(ours)["iss"] == settings.SITE_URL


def test_receipts_of_a_former_key_still_verify(grant, settings):
    former = events(grant)[0].receipt
    call_command("make_receipt_key", stdout=StringIO())
    grants.pause(grant=grant, by=grant.resident_id)
    latest = events(grant)[1].receipt
    first, second = (json.loads(decoded(receipt.split(".")[0]))["kid"] for receipt in (former, latest))
    assert first != second
    assert verified_by_hand(former, published()) and verified_by_hand(latest, published())
    assert [("d" in key) for key in json.loads(settings.RECEIPT_KEYS.read_text())["keys"]] == [True, False]


def test_a_stop_without_a_key_succeeds_and_is_signed_later(grant, settings, caplog):
    settings.MAKE_RECEIPT_KEY, kept = False, settings.RECEIPT_KEYS
    settings.RECEIPT_KEYS = kept.with_name("lost.json")
    grants.stop(grant=grant, by=grant.resident_id)
    stopped = events(grant)[-1]
    assert (stopped.happened, stopped.receipt) == ("stopped", "")
    assert "a receipt could not be signed" in caplog.text
    assert Client().get("/.well-known/jwks.json").status_code == 503
    settings.RECEIPT_KEYS = kept
    with scope(resident=grant.resident_id):
        assert receipts.verify(grants.receipt(stopped))["event"]["event_state"] == "withdrawn"
        assert grants.receipt(stopped) == GrantEvent.objects.get(pk=stopped.pk).receipt


def test_the_startup_check_reports_a_missing_key(settings, tmp_path):
    settings.MAKE_RECEIPT_KEY = False
    assert [problem.id for problem in receipt_key_present(None)] == ["vault.E001"]
    receipts.make_key()
    assert receipt_key_present(None) == []


def test_the_command_verifies_a_file_with_the_keys_of_any_portal(grant, tmp_path):
    receipt, keys = tmp_path / "recu.jws", tmp_path / "jwks.json"
    receipt.write_text(events(grant)[0].receipt + "\n")
    keys.write_text(json.dumps(published()))
    out = StringIO()
    call_command("verify_receipt", str(receipt), keys=keys, stdout=out)
    assert json.loads(out.getvalue())["record_id"] == str(grant.pk)
    receipt.write_text("x" + receipt.read_text()[1:])
    with pytest.raises(CommandError, match="Not genuine"):
        call_command("verify_receipt", str(receipt), stdout=StringIO())
    with pytest.raises(CommandError, match="could not be verified"):
        call_command("verify_receipt", str(tmp_path / "nothing.jws"), stdout=StringIO())


def test_only_its_resident_downloads_a_receipt(grant, browser, other_browser):
    [event] = events(grant)
    url = reverse("sharing:receipt", args=[grant.pk, event.pk])
    answer = browser.get(url)
    assert answer.content.decode() == event.receipt
    assert (answer["Content-Type"], answer["Content-Disposition"][:17]) == ("application/jose", "attachment; filen")
    assert other_browser.get(url).status_code == 404
    assert browser.get(reverse("sharing:receipt", args=[event.pk, event.pk])).status_code == 404


def test_the_notice_hash_is_a_sha256(grant):
    assert len(bytes.fromhex(grant.notice_hash)) == hashlib.sha256().digest_size
