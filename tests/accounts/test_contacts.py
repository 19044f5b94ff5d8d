"""What one person writes for residents has no new telephone, e-mail or web address, however it is spelled."""

import json
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from core.models import City
from core.pages import help as help_pages
from core.pages.contacts import contacts_in, refuse_new, written
from tests.accounts.factories import AgentFactory, signed_in
from tests.vault.holders.test_holders import posted
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder

NUMBERS = """06 12 34 56 78|06  12  34  56  78|06, 12, 34, 56, 78|06 – 12 – 34 – 56 – 78|06·12·34·56·78|06:12:34:56:78
06\u200912\u200934\u200956\u200978|06\u200b12\u200b34\u200b56\u200b78|06_12_34_56_78|(06)(12)(34)(56)(78)
06**12**34**56**78|O6 I2 34 56 78|06 12 34 56 7\ufe0f8|⓿⓺①②③④⑤⑥⑦⑧|０６ １２ ３４ ５６ ７８
+33 (0)6 12 34 56 78|+33612345678
zéro six douze trente-quatre cinquante-six|06 12 34 56 soixante-dix-huit|oh six, call zero six one two three four
3939|39 39|le 39-39|3 9 3 9|10 23|118 218|Appelez le 1023"""
ADDRESSES = """bit.ly/x|t.me/villebrume|wa.me/33612345678|//bit.ly/x|ftp://x.y|villebrume.help|villebrume.paris
villebrume.bzh
villebrume.ovh|villebrume.рф|villebrume point fr|villebrume .fr|villebrume(.)fr|moi arobase laposte point net
moi (at) gmail (dot) com|me at gmail dot com|moi＠gmail。com|villebrume。fr
Instagram @mairie|[écrire](mailto:a@b.co)"""
HONEST = """Du 01/09/2026 au 31/08/2027|Les années 2024, 2025, 2026|Les articles 15, 16, 17, 18 et 20
1 000 000 000 €|3 000 €
3,5 % du revenu|p. ex. un loyer|e.g. a rent|S.A.R.L.|M.Dupont|article L.114-10|le cerfa n° 12100*02|À 10 h 30, salle 12
le formulaire 2042|avis.pdf|[l’aide](/aide/vos-droits/)|trois ou quatre semaines|10, 20, 30, 40, 50, 60 ans|et/ou
Allez au point info de la mairie|un point de vue|les habitant·e·s|La mairie. Info : le lundi
De trente-six à trente-neuf ans
les articles 15 et 16 et 17 et 18 et 20|trois cent quarante-cinq euros
Du 01/02/2026 au 03/04/2026 et 05/06/2027"""


def each(texts):
    return [text for line in texts.splitlines() for text in line.split("|")]


@pytest.mark.parametrize("text", each(NUMBERS) + each(ADDRESSES) + ["06\n12\n34\n56\n78", "06 | 12 | 34 | 56 | 78"])
def test_a_contact_is_found_however_it_is_spelled(text):
    assert contacts_in(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [("Faites le 08 99 99", "99 99, le lundi."), ("Composez le zéro huit cent vingt", "dix, vingt, trente")],
)
def test_a_number_is_found_in_two_halves(first, second):
    with pytest.raises(ValidationError):
        refuse_new([first, second], ())
    refuse_new(["Ouvert en 2026", "10 000 000 € par an", "2026", "10 000 000 € de plus"], ())


@pytest.mark.parametrize("text", each(HONEST))
def test_dates_amounts_and_abbreviations_are_no_contacts(text):
    assert not contacts_in(text)


def test_a_known_number_may_be_written_otherwise():
    assert contacts_in("01.23.45.67.89") == contacts_in("01 23 45 67 89")


def test_no_text_that_comes_with_the_software_is_refused():
    """A city that writes each of them anew may. Only the ways to download name sites, which two persons would add."""
    texts = [text for page in help_pages._shipped() for text in (page.text, page.text_en, page.question)]
    kinds = ("label_fr", "label_en", "who_may_ask", "validity_note", "sensitive_why", "legal_minimum_fr")
    texts += [
        text for kind in paper_kinds.unsaved().values() for name in kinds for text in written(getattr(kind, name))
    ]
    holders = json.loads(Path(holder_catalogue.CONTENT).read_text())["items"]
    told = ("name", "short", "brands", "note", "identity_proof", "record_codes")
    texts += [text for one in holders for name in told for text in written(one.get(name))]
    assert len(texts) > 300
    assert not {text: contacts_in(text) for text in texts if contacts_in(text)}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["note_fr", "identity_proof_fr", "brands", "downloads-0-steps"])
def test_what_is_told_of_a_holder_has_no_new_contact(name):
    City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042")
    paper_kinds.load()
    holder_catalogue.load()
    holder = Holder.objects.get(code="caf")
    page = reverse("admin:records_holder_change", args=[holder.pk])
    browser = signed_in(AgentFactory(manages_agents=True))
    sent = posted(browser.get(page).context["adminform"].form)
    answer = browser.post(page, sent | {name: f"{sent[name]}\nAppelez le 06 12 34 56 78"})
    assert answer.status_code == 200 and "0612345678" in answer.content.decode()
    assert browser.post(page, sent | {name: f"{sent[name]}\nDemandez au guichet"}).status_code == 302
