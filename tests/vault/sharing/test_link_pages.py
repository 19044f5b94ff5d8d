"""Pages by which a resident makes, follows and ends a link. Nothing is preselected, and the content is previewed."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from core import journal
from tests.vault.made import HOME, add, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import INCOME, PARTS, entered, linked, main
from vault.records import actions as vault_actions
from vault.records.actions import grants
from vault.records.models import Grant
from vault.sharing.actions import links as actions
from vault.sharing.agreements import links
from vault.sharing.models import Link
from vault.sharing.models.link import MOST_TRIES

pytestmark = pytest.mark.django_db(transaction=True)
MAKE = reverse("sharing:make_link")
WORDS = {"title": "Logement social", "name": "Mme Dubreuil", "why": "Compléter une demande", "days": "7"}


def hidden(page, name):
    return re.findall(rf'name="{name}" value="([^"]+)"', page)[0]


def checked(browser, **more):
    answer = browser.post(MAKE, {"step": "words", "field": [INCOME], **WORDS, **more})
    assert answer.status_code == 200
    return answer.content.decode()


def opens(key) -> bool:
    found = links.find(key.token)
    return found is not None and found.opens


def agree(browser, page: str, **more):
    sent = {"step": "agree", "field": [INCOME], **WORDS, "seen": hidden(page, "seen"), "made": hidden(page, "made")}
    return browser.post(MAKE, sent | more)


# Making a link


def test_each_field_and_paper_is_offered_unticked(browser, resident, kinds):
    paper = uploaded(browser, resident, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=resident.pk)
    page = browser.get(MAKE).content.decode()
    assert f'value="{INCOME}"' in page and f'value="{PARTS}"' in page and f'value="{paper.pk}"' in page
    assert " checked" not in page
    text = main(browser.get(MAKE))
    assert "Revenu fiscal de référence : 12 312 €" in text and "vos papiers" in text


def test_an_empty_vault_says_what_to_do_first(other_browser):
    assert "n’a encore rien à montrer" in main(other_browser.get(MAKE))


def test_an_empty_choice_is_an_error(browser, resident):
    add_signed_notice(resident)
    answer = browser.post(MAKE, {"step": "choose"})
    assert "Cochez au moins une ligne" in main(answer) and "Erreur" in answer.content.decode()


def test_the_choice_is_carried_to_the_words_and_back(browser, resident):
    add_signed_notice(resident)
    page = browser.post(MAKE, {"step": "choose", "fiscal.avis_ir": [INCOME]}).content.decode()
    assert f'name="field" value="{INCOME}"' in page and "À qui donnez-vous ce lien" in page
    assert 'name="days"' in page and not re.search(r'name="days"[^>]*\schecked', page), "nothing is ticked beforehand"
    back = browser.post(MAKE, {"step": "change", "field": [INCOME]}).content.decode()
    assert back.count(" checked") == 1


def test_a_theme_s_box_takes_all_its_values(browser, resident):
    add_signed_notice(resident)
    page = browser.post(MAKE, {"step": "choose", "subjects": ["impots"]}).content.decode()
    carried = re.findall(r'name="field" value="([^"]+)"', page)
    assert INCOME in carried and len(carried) == 4
    back = browser.post(MAKE, {"step": "change", "field": carried}).content.decode()
    assert re.findall(r'name="(\w[\w.]*)"\s+type="checkbox"\s+value="[^"]+"\s+checked', back) == ["subjects"]


def test_a_search_shows_what_matches_and_keeps_what_is_ticked(browser, resident):
    add_signed_notice(resident)
    add(resident, "logement.domicile", HOME)
    sent = {"step": "choose", "find": "1", "q": "loyer", "fiscal.avis_ir": [INCOME]}
    answer = browser.post(MAKE, sent)
    text = main(answer)
    assert "Loyer, sans les charges : 612 € par mois" in text and "Ce que vous avez coché reste coché." in text
    assert "Revenu fiscal de référence : 12 312 €" in text and "Nombre de parts" not in text
    assert answer.content.decode().count(" checked") == 1
    assert "À qui donnez-vous" not in text, "a search goes to no other step"


def test_a_search_that_finds_nothing_keeps_nothing_ticked(browser, resident):
    add_signed_notice(resident)
    text = main(browser.post(MAKE, {"step": "choose", "find": "1", "q": "introuvable"}))
    assert "0 ligne correspond" in text and "Cochez au moins" not in text


def test_a_former_choice_is_taken_again(browser, resident):
    add_signed_notice(resident)
    agree(browser, checked(browser))
    page = browser.get(MAKE).content.decode()
    assert "Reprendre un choix" in page and "1 valeur. Fait le " in page.replace("\u00a0", " ")
    assert " checked" not in page
    again = browser.post(MAKE, {"step": "change", "field": [INCOME]}).content.decode()
    assert again.count(" checked") == 1


def test_missing_words_are_asked_and_the_choice_stays(browser, resident):
    add_signed_notice(resident)
    answer = browser.post(MAKE, {"step": "words", "field": [INCOME], "days": "7"})
    assert "Écrivez à qui vous donnez ce lien." in main(answer) and f'value="{INCOME}"' in answer.content.decode()


def test_the_preview_shows_the_exact_values_and_gives_nothing(browser, resident):
    add_signed_notice(resident)
    page = " ".join(re.sub(r"<[^>]+>", " ", checked(browser)).replace("\u202f", " ").replace("\u00a0", " ").split())
    for words in ("12 312 €", "Mme Dubreuil", "Compléter une demande", "7 jours", "Ce que cela veut dire"):
        assert words in page
    assert "2,5" not in page
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_the_url_and_the_code_are_shown_once_and_open_the_link(browser, resident, settings):
    add_signed_notice(resident)
    page = checked(browser)
    answer = agree(browser, page)
    text = main(answer)
    [address] = re.findall(rf"{re.escape(settings.SITE_URL)}/l/([\w-]+)/", text)
    [code] = re.findall(r"\b(\d{4} \d{4})\b", text)
    assert "Dites le code autrement" in text and answer["Cache-Control"] == "no-store"
    assert Client().post(f"/l/{address}/", {"code": code}).status_code == 302
    twice = agree(browser, page)
    assert twice.status_code == 302 and "/partages/" in twice["Location"]
    with scope(resident=resident.pk):
        assert Link.objects.count() == 1
    shown = browser.get(twice["Location"]).content.decode()
    assert address not in shown and code not in shown


def test_a_changed_value_is_previewed_again(browser, resident):
    add_signed_notice(resident)
    page = checked(browser)
    add_signed_notice(resident, annee_revenus=2026, revenu_fiscal_reference=9000)
    text = main(agree(browser, page))
    assert "Une valeur a changé" in text and "9 000 €" in text
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


@pytest.mark.parametrize("sent", [{"days": "90"}, {"days": ""}, {"name": ""}])
def test_a_tampered_form_makes_no_link(browser, resident, sent):
    add_signed_notice(resident)
    assert "prêt" not in main(agree(browser, checked(browser), **sent))
    with scope(resident=resident.pk):
        assert not Grant.objects.exists()


def test_unknown_fields_and_papers_of_others_are_left_out(browser, other_browser, resident, stranger, kinds):
    theirs = uploaded(other_browser, stranger, notice_pdf())
    vault_actions.confirm_paper(paper=theirs, by=stranger.pk)
    add_signed_notice(resident)
    page = checked(browser, field=[INCOME, "rien#/rien"], paper=[str(theirs.pk), "x"])
    assert "rien#/rien" not in page and "Avis d’impôt" not in page.split("Informations")[0]
    agree(browser, page, paper=[str(theirs.pk)])
    with scope(resident=resident.pk):
        assert Grant.objects.get().papers.count() == 0
    only = browser.post(MAKE, {"step": "words", "paper": [str(theirs.pk)], **WORDS})
    assert "Que voulez-vous montrer" in main(only)


# Following a link


def test_mes_partages_shows_the_residents_words_for_a_link(browser, resident):
    add_signed_notice(resident)
    linked(resident, INCOME)
    text = main(browser.get(reverse("sharing:shares")))
    for words in (
        "Mme Dubreuil",
        "Demande de logement",
        "Revenu fiscal de référence",
        "Jamais lu",
        "Arrêter mon lien",
    ):
        assert words in text
    assert "Mme Dubreuil : Demande de logement" in browser.get("/").content.decode().replace("\u00a0", " ")


def test_the_links_page_shows_its_current_content_and_each_visit(browser, resident, kinds):
    add_signed_notice(resident)
    paper = uploaded(browser, resident, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=resident.pk)
    key = linked(resident, INCOME, papers=[paper.pk])
    url = reverse("sharing:share", args=[key.link.grant_id])
    assert "Personne n’a encore ouvert" in main(browser.get(url))
    visitor = entered(key)
    visitor.get(f"/l/{key.token}/")
    assert visitor.get(f"/l/{key.token}/papier/{paper.pk}/0/").getvalue().startswith(b"%PDF-")
    text = main(browser.get(url))
    assert "1 visite" in text and "La page, 1 fois" in text and "téléchargé : Avis d’impôt" in text
    assert "12 312 €" in text and "Compléter une demande" in text
    received = main(browser.get(reverse("sharing:share_received", args=[key.link.grant_id])))
    assert "12 312 €" in received and "Papier" in received and "Avis d’impôt" in received


def test_a_locked_link_is_shown_and_a_new_code_unlocks_it(browser, resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    for _ in range(MOST_TRIES):
        actions.enter(link=key.link, typed="0")
    assert "Ce lien est bloqué" in main(browser.get(reverse("sharing:share", args=[key.link.grant_id])))
    url = reverse("sharing:renew_link", args=[key.link.grant_id])
    assert "Faire un nouveau code" in main(browser.get(url))
    text = main(browser.post(url))
    [code] = re.findall(r"\b(\d{4} \d{4})\b", text)
    assert "/l/" not in text
    assert Client().post(f"/l/{key.token}/", {"code": code}).status_code == 302
    assert "/l/" in main(browser.post(url, {"address": "new"}))


def test_the_journal_does_not_attribute_wrong_codes_to_the_recipient(browser, resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    actions.enter(link=key.link, typed="0")
    text = main(browser.get(reverse("journal:journal"), {"quoi": "refus"}))
    assert "Un mauvais code a été essayé sur le lien de « Mme Dubreuil »" in text
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    assert "n’avait pas le bon code" in main(browser.get(reverse("journal:journal_line", args=[entry.id])))


def test_the_journal_can_be_filtered_by_link(browser, resident):
    add_signed_notice(resident)
    linked(resident, INCOME)
    assert "Mme Dubreuil (Demande de logement)" in browser.get(reverse("journal:journal")).content.decode()


def test_stopping_all_links_asks_for_confirmation(browser, resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    url = reverse("sharing:stop_links")
    assert "Mme Dubreuil (Demande de logement)" in main(browser.get(url))
    assert opens(key)
    assert "Tous vos liens sont arrêtés" in main(browser.post(url, follow=True))
    assert not opens(key)
    assert "Il n’y a rien à arrêter" in main(browser.get(url))
    assert browser.get(reverse("sharing:renew_link", args=[key.link.grant_id])).status_code == 302


def test_a_link_cannot_be_renewed_from_its_page(browser, resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    assert "Renouveler" not in main(browser.get(reverse("sharing:share", args=[key.link.grant_id])))
    grants.stop(grant=key.link.grant, by=resident.pk)
    assert "Partager à nouveau" not in main(browser.get(reverse("sharing:share", args=[key.link.grant_id])))
    assert browser.get(reverse("sharing:renew_share", args=[key.link.grant_id])).status_code == 302


def test_the_household_offers_no_link_or_mandate(browser, resident, stranger):
    from tests.vault.couples import couple, place

    couple(resident, stranger)
    for code in ("link", "mandate", "appointment"):
        assert browser.get(reverse("sharing:agree", args=[place(stranger).pk, code])).status_code == 404
    page = main(browser.get(reverse("sharing:household")))
    assert "Montrer par un lien" not in page and "Se faire accompagner" not in page


def test_the_list_of_ten_links_takes_few_queries(browser, resident, django_assert_max_num_queries):
    add_signed_notice(resident)
    add(resident, "logement.domicile", HOME)
    for _ in range(10):
        linked(resident, INCOME)
    with django_assert_max_num_queries(18):
        browser.get(reverse("sharing:shares"))
