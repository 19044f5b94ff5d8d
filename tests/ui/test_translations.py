"""Every sentence has an English translation, catalogues are compiled, and French has its non-breaking spaces."""

import gettext
import io
import re

import pytest
from django.utils.translation import gettext as translate
from django.utils.translation import ngettext, override, pgettext

from ops import messages

# One worker extracts the messages, which takes seconds.
pytestmark = pytest.mark.xdist_group("translations")

PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|%[sd]|\{\w*\}|<[^>]+>")


@pytest.fixture(scope="module")
def found():
    return messages.extract()


@pytest.fixture(scope="module")
def english():
    return messages.read(messages.catalogue("en"))


def test_every_sentence_is_translated(found, english):
    lacking = [key for key in found if key not in english or not english[key].is_translated]
    assert lacking == [], "run `make messages`, then fill locale/en"


def test_every_translation_has_a_sentence(found, english):
    assert [key for key in english if key not in found] == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_compiled_catalogue_is_current(language):
    source = messages.read(messages.catalogue(language))
    assert messages.catalogue(language, "mo").read_bytes() == messages.compiled(language, source.values())


def test_the_french_catalogue_has_exactly_the_plurals(found):
    french = messages.read(messages.catalogue("fr"))
    assert set(french) == {key for key, message in found.items() if message.plural}
    assert all(message.plural for message in french.values())


def test_no_message_collides_with_a_french_translation_of_django(found):
    """“Go”, a unit of size, is also a button of the admin, “Envoyer”: such a word needs a context."""
    with override("fr"):
        translations = {
            text: (pgettext(context, text) if context else translate(text))
            for (context, text), one in found.items()
            if not one.plural
        }
    assert [f"{text}: {shown}" for text, shown in translations.items() if text != shown] == []


def test_a_translation_keeps_its_placeholders(english):
    def names(text):
        return set(PLACEHOLDER.findall(text)) - {"%%"}

    wrong = [
        m.singular
        for m in english.values()
        if m.is_translated and names(m.strings[-1]) - names(m.singular) - names(m.plural)
    ]
    assert wrong == []
    lost = [
        m.singular
        for m in english.values()
        if m.is_translated and not m.plural and names(m.singular) - names(m.strings[0])
    ]
    assert lost == []


def test_french_sentences_have_their_non_breaking_spaces(found):
    assert [m.singular for m in found.values() if messages.spaced(m.singular) != m.singular] == [], (
        "run `python -m ops.messages space`"
    )


def test_a_sentence_written_as_two_literals_gets_its_non_breaking_spaces(tmp_path):
    (tmp_path / "page.py").write_text('text = _(\n    "La loi : un "\n    "droit ?"\n)\n')
    messages._replace(tmp_path / "page.py", "La loi : un droit ?")
    assert (tmp_path / "page.py").read_text() == 'text = _(\n    "La loi\u00a0: un "\n    "droit\u00a0?"\n)\n'


def test_zero_is_singular_in_french_and_plural_in_english():
    one, many = "Une chose à faire.", "%(number)s choses à faire."
    with override("fr"):
        assert ngettext(one, many, 0) == one
    with override("en"):
        assert ngettext(one, many, 0) == "%(number)s things to do."
        assert ngettext(one, many, 1) == "One thing to do."


def test_a_catalogue_is_read_back_as_written(tmp_path):
    tricky = messages.Message("", 'Dit «\u00a0"oui"\u00a0»\\\nfin', "", ['Says "yes"'], ["a.py"])
    plural = messages.Message("ctx", "un", "des", ["one", "many"], ["b.html"])
    messages.write(tmp_path / "x.po", "en", [tricky, plural])
    assert list(messages.read(tmp_path / "x.po").values()) == [tricky, plural]
    catalogue = gettext.GNUTranslations(io.BytesIO(messages.compiled("en", [tricky, plural])))
    assert catalogue.gettext(tricky.singular) == 'Says "yes"'
    assert catalogue.npgettext("ctx", "un", "des", 3) == "many"


def test_every_form_of_message_is_extracted(tmp_path):
    for folder in messages.SOURCES:
        (tmp_path / folder).mkdir()
    (tmp_path / "vault" / "a.py").write_text(
        "from django.utils.translation import gettext as _now, ngettext, pgettext_lazy\n"
        'a = _now("Un") + _("Deux" " suite")\nb = ngettext("Trois (x)", "Trois s", n)\n'
        'c = pgettext_lazy("ici", "Quatre")\nd = _(name)\n',
        encoding="utf-8",
    )
    (tmp_path / "templates" / "a.html").write_text(
        '{% load i18n %}{% translate "Cinq (ou) 5" %}{% include "x" with a=_("Six") only %}{{ x|default:_("Sept") }}'
        "{% blocktranslate count n=k trimmed %}\n  Huit {{ n }} :\n  fin{% plural %}Huits{% endblocktranslate %}",
        encoding="utf-8",
    )
    found = messages.extract(tmp_path)
    assert set(found) >= {
        ("", text) for text in ("Un", "Deux suite", "Trois (x)", "Cinq (ou) 5", "Six", "Sept", "Huit %(n)s : fin")
    }
    assert ("ici", "Quatre") in found
    assert found["", "Huit %(n)s : fin"].plural == "Huits"

    assert messages.space(tmp_path) == ["Huit %(n)s : fin"]
    assert "{{ n }}\u00a0:" in (tmp_path / "templates" / "a.html").read_text(encoding="utf-8")


def test_the_french_labels_of_types_get_their_non_breaking_spaces(tmp_path):
    for folder in messages.SOURCES:
        (tmp_path / folder).mkdir()
    labels = tmp_path / "vault" / "types" / "a.b" / "labels.json"
    labels.parent.mkdir(parents=True)
    labels.write_text('{"fr": "Combien : 1 250 €", "en": "How much: 1 250 €"}', encoding="utf-8")
    assert messages.space(tmp_path) == ["Combien : 1 250 €"]
    assert labels.read_text(encoding="utf-8") == (
        '{"fr": "Combien\u00a0: 1\u00a0250\u00a0€", "en": "How much: 1 250 €"}'
    )
