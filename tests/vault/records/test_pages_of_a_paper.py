"""Checks of the pages of any paper: sharpness, one kind, signature, names, numbers to hide."""

import io
from functools import cache

import numpy
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageFilter

from tests.fixtures import signed
from tests.fixtures.signed import pdf
from tests.vault.records.test_checks import ME_KNOWN, F, P, U, check_input
from tests.vault.records.test_more_checks import CARD, PASSPORT
from tests.vault.sending import notice_pdf, quotient_pdf
from vault.readers import read
from vault.readers.formats.paper import mrz, numbers, titles
from vault.readers.reading import Reading
from vault.records.content import paper_kinds
from vault.records.papers import checks
from vault.records.papers.checks import minimum
from vault.records.papers.checks.minimum import Asker
from vault.records.values.decrypted import CheckLine


def reading(data: bytes, **more) -> Reading:
    return read(io.BytesIO(data), trust_test_authority=False, **more)


def outcomes(found: Reading) -> dict[str, str]:
    return {one.code: one.outcome for one in found.checks}


# ---------- sharp enough to be read


def photo(data: bytes, blurred: float) -> bytes:
    """Return a photo of a printed page, half in shadow, with a telephone's noise.

    `blurred` is in points, 300 to the inch.
    """
    page = (
        pypdfium2.PdfDocument(data)[0]
        .render(scale=300 / 72, grayscale=True)
        .to_pil()
        .filter(ImageFilter.GaussianBlur(blurred))
    )
    lit = ImageChops.multiply(page, Image.linear_gradient("L").resize(page.size).point(lambda value: 60 + value // 2))
    noisy = ImageChops.add(lit, grains(page.size), 1, -128)
    out = io.BytesIO()
    noisy.save(out, "JPEG", quality=85)
    return out.getvalue()


@cache
def grains(size: tuple[int, int]) -> Image.Image:
    found = numpy.random.default_rng(7).normal(128, 4, size[::-1]).clip(0, 255)
    return Image.fromarray(found.astype("uint8"))


@pytest.mark.parametrize("page", [notice_pdf, quotient_pdf])
@pytest.mark.parametrize(("blurred", "outcome"), [(0, "passed"), (2, "passed"), (3, "passed"), (7, "failed")])
def test_a_blurred_photo_fails_and_a_sharp_one_passes(page, blurred, outcome):
    assert reading(photo(page(), blurred)).sharpness == outcome


def test_a_generated_pdf_is_sharp_and_a_page_without_contrast_is_inconclusive():
    assert reading(quotient_pdf()).sharpness == "passed"
    out = io.BytesIO()
    Image.new("L", (800, 600), 200).save(out, "PNG")
    assert reading(out.getvalue()).sharpness == "inconclusive"


@pytest.mark.parametrize(
    ("sharpness", "outcome"),
    [(["passed"], P), (["passed", "passed"], P), (["passed", "failed"], F), (["passed", "inconclusive"], U), ([], U)],
)
def test_the_least_sharp_file_of_a_paper_decides(sharpness, outcome):
    assert checks.RULES["file_sharp"](check_input(sharpness=sharpness)) == outcome


# ---------- one file, one paper

NOTICE, RIB = "Avis d’impôt sur les revenus", "Relevé d’identité bancaire"


@pytest.mark.parametrize(
    ("pages", "outcome"),
    [
        ([NOTICE, RIB], "failed"),
        ([f"{NOTICE}\nPage 1/2", f"{RIB}\nPage 1/1"], "failed"),
        ([f"{NOTICE}\nPage 1/2", "La suite\nPage 2/2"], "passed"),
        (["Bulletin de paie\noctobre", "Bulletin de paie\nnovembre"], "passed"),
        ([NOTICE, "une page sans titre"], "inconclusive"),
        ([f"{NOTICE}\nPage 1/3", "Page 2/2"], "inconclusive"),
        (
            [
                NOTICE,
                "Joignez aussi un relevé d’identité bancaire, et la carte nationale d’identité de chacun des deux",
            ],
            "inconclusive",
        ),
    ],
)
def test_pages_of_one_kind_and_of_several(pages, outcome):
    assert outcomes(reading(pdf(*pages)))["file_single_kind"] == outcome


def test_one_page_has_no_check_of_kind_and_several_photos_are_inconclusive():
    assert "file_single_kind" not in outcomes(reading(pdf(NOTICE)))
    assert checks.RULES["file_single_kind"](check_input(pages=1)) is None
    assert checks.RULES["file_single_kind"](check_input(pages=2)) == U


def test_the_kinds_of_the_pages_are_named_in_their_order():
    assert reading(pdf(NOTICE, "une annexe", RIB)).kinds == ["avis_impot", "rib"]
    assert titles.heading_of("Les bailleurs demandent souvent la caution Visale.\nVisale") == "visale"
    assert titles.heading_of("Les bailleurs demandent souvent la caution Visale.") is None


# ---------- whose it is


def test_the_bearer_of_an_identity_document_is_in_its_coded_lines():
    assert mrz.names(PASSPORT) == ["ERIKSSON ANNA MARIA"]
    assert mrz.names(CARD) == ["ERIKSSON ANNA MARIA"]
    assert mrz.names(PASSPORT.replace("740812", "740813")) == [], "lines that are wrong name nobody"


@pytest.mark.parametrize("code", ["identity_name", "visale_name"])
@pytest.mark.parametrize(("read_names", "outcome"), [(["KERVELLA NADIA"], P), (["LASSALLE BRUNO"], F), ([], U)])
def test_the_names_on_an_identity_document_and_a_guarantee_are_compared(code, read_names, outcome):
    assert checks.RULES[code](check_input(known=[ME_KNOWN], read_names=read_names)) == outcome


def test_the_tenant_of_a_visale_certificate_is_read_where_it_is_written():
    found = reading(pdf("Visa certifié Visale\nLocataire : Mme Nadia KERVELLA\nValable jusqu’au 12/03/2027"))
    assert (found.kind, found.names) == ("visale", ["Mme Nadia KERVELLA"])
    assert reading(pdf("Visa certifié Visale\nValable jusqu’au 12/03/2027")).names == []


@pytest.mark.parametrize(
    ("page", "named"),
    [
        ("Avis d’impôt sur les revenus\nDéclarant 1 : Mme Nadia KERVELLA\nDéclarant 2 : M. Bruno Lassalle", 2),
        ("Attestation de paiement\nAllocataire : Mme Nadia KERVELLA\nNuméro d’allocataire : 123", 1),
        ("Quittance de loyer\nreconnaît avoir reçu de Mme Nadia KERVELLA la somme de 600 €", 1),
        ("Facture\nTitulaire du contrat : Mme Nadia KERVELLA", 1),
        ("Facture\nTitulaire du contrat : voir au dos\nNuméro d’allocataire : 123", 0),
    ],
)
def test_the_bearer_of_a_paper_without_a_signed_code_is_read_where_it_is_written(page, named):
    assert reading(pdf(page)).names == ["Mme Nadia KERVELLA", "M. Bruno Lassalle"][:named]


def test_what_is_printed_beside_a_signed_code_adds_no_name_to_it():
    assert (
        reading(
            notice_pdf(),
        ).names
        == []
    )


# ---------- signed

DRAWN = '<svg width="80" height="30"><path d="M5 20 C 20 5, 40 35, 70 10" stroke="black" fill="none"/></svg>'
FRAMED = '<table style="border: 1px solid"><tr><td style="border: 1px solid">Fait à Villebrume</td></tr></table>'


@pytest.mark.parametrize(
    ("extra", "outcome"), [("", "failed"), (FRAMED, "failed"), (DRAWN, None), ("<p>Signé électroniquement</p>", None)]
)
def test_a_page_of_text_and_rules_is_unsigned_and_a_drawing_may_be_a_signature(extra, outcome):
    assert outcomes(reading(signed.statement(extra))).get("signed") == outcome


def test_the_check_of_a_signature_applies_only_to_kinds_with_one():
    found = [CheckLine("signed", "failed", "x"), CheckLine("number_hidden", "passed", "x")]
    assert not {"signed", "number_hidden"} & {check.code for check in checks.run(check_input("cni"), found)}
    assert checks.run(check_input("avis_impot"), found)[0].code == "number_hidden"


def test_signatures_of_a_known_signer_an_unknown_one_and_a_changed_file(tmp_path):
    key, known = signed.authority(tmp_path)
    data = signed.signed(signed.statement(), key)
    of_known = reading(data, signature_authorities=[known])
    found = outcomes(of_known)
    assert (found["pdf_signature"], found["pdf_signer"], found["signed"]) == ("passed", "passed", "passed")
    assert next(one.said for one in of_known.checks if one.code == "pdf_signer") == signed.SIGNER
    unknown = outcomes(reading(data))
    assert (unknown["pdf_signature"], unknown["pdf_signer"], unknown["signed"]) == ("passed", "inconclusive", "passed")
    for changed in (signed.with_a_byte_changed(data), signed.with_something_added(data)):
        found = outcomes(reading(changed, signature_authorities=[known]))
        assert found["pdf_signature"] == "failed" and not {"pdf_signer", "signed"} & set(found)


def test_a_broken_signature_is_inconclusive():
    broken = signed.statement() + b"\n% /ByteRange [0 1 2 3]"
    assert outcomes(reading(broken))["pdf_signature"] == "inconclusive"
    assert not {"pdf_signature", "pdf_signer"} & set(outcomes(reading(signed.statement())))


def test_the_sentence_names_who_signed():
    check = CheckLine("pdf_signer", "inconclusive", "", "Un notaire")
    assert checks.text(check) == "Signé par Un notaire, dont nous ne connaissons pas l’autorité."


# ---------- numbers

IBAN = "FR76 3000 6000 0112 3456 7890 189"


def keyed(number: str) -> str:
    return f"{number} {97 - int(number.replace(' ', '').replace('2A', '19').replace('2B', '18')) % 97:02}"


@pytest.mark.parametrize("written", ["1 55 08 75 115 005", "288 03 2A 115 005", "2880375115005"])
def test_a_social_security_number_is_recognised_by_its_key(written):
    right = keyed(written)
    wrong = right[:-2] + f"{(int(right[-2:]) % 97) + 1:02}"
    assert numbers.shows_one(f"Numéro : {right}.") and not numbers.shows_one(f"Numéro : {wrong}.")


def test_a_card_number_is_recognised_by_its_checksum_and_an_account_is_not_a_card():
    digits = next(f"4970 1000 0000 00{rest:02}" for rest in range(100) if numbers.is_card(f"497010000000{rest:04}"))
    assert numbers.shows_one(f"Carte {digits}")
    assert not numbers.shows_one(f"Carte {digits[:-1]}{(int(digits[-1]) + 1) % 10}")
    assert not numbers.shows_one(IBAN) and not numbers.shows_one("Référence 0123456789012")
    assert not numbers.shows_one(f"FR76 {digits} 1234")


def test_a_visible_number_fails_and_a_photo_is_inconclusive():
    assert outcomes(reading(pdf(f"Attestation de droits\n{keyed('1 55 08 75 115 005')}")))["number_hidden"] == "failed"
    assert outcomes(reading(pdf("Attestation de droits\nNadia Kervella")))["number_hidden"] == "passed"
    assert "number_hidden" not in outcomes(reading(photo(quotient_pdf(), 0)))
    assert checks.RULES["number_hidden"](check_input()) == U


# ---------- the host's three papers


@pytest.mark.parametrize(
    ("kinds", "pages", "outcome"),
    [
        ([["attestation_hebergement"], ["cni"], ["facture_energie"]], 3, P),
        ([["attestation_hebergement", "passeport", "quittance_loyer"]], 3, P),
        ([["attestation_hebergement"]], 1, F),
        ([["attestation_hebergement"], ["cni"]], 2, F),
        ([["attestation_hebergement"], ["cni"], []], 3, U),
        ([["attestation_hebergement"], [], []], 3, U),
        ([[], []], 2, F),
        ([["attestation_hebergement"], ["cni"], ["rib"]], 3, F),
        ([[]], 3, U),
    ],
)
def test_a_host_s_statement_needs_their_identity_and_proof_of_address(kinds, pages, outcome):
    assert checks.RULES["host_bundle"](check_input(kinds=kinds, pages=pages)) == outcome


# ---------- what may be asked


def asked(code: str, asker: Asker) -> str:
    return minimum.asked(paper_kinds.as_shipped()[code]["who_may_ask"], asker)


@pytest.mark.parametrize(
    ("kind", "asker", "outcome"),
    [
        ("releve_bancaire", Asker.LANDLORD, F),
        ("carte_vitale", Asker.LANDLORD, F),
        ("carte_vitale", Asker.EMPLOYER, P),
        ("facture_eau", Asker.LANDLORD, F),
        ("bulletin_salaire", Asker.LANDLORD, P),
        ("cni", Asker.LANDLORD, P),
        ("releve_bancaire", Asker.ADMINISTRATION, U),
        ("avis_impot", Asker.ADMINISTRATION, P),
        ("cheque_energie", Asker.ADMINISTRATION, F),
        ("attestation_loyer", Asker.BENEFITS_OFFICE, P),
    ],
)
def test_a_landlord_s_list_is_closed_and_an_asker_without_a_sentence_is_inconclusive(kind, asker, outcome):
    assert asked(kind, asker) == outcome
