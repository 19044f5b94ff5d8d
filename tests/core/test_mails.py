"""Every e-mail has a text and an HTML part with equal sentences and links, in the reader's language."""

import re
import socket
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from core.messages import mails
from core.models import City
from ops.cluster import ROOT

TEMPLATES = ROOT / "templates"
FILES = sorted(TEMPLATES.rglob("*_message.txt"))
ALL = [file.relative_to(TEMPLATES).as_posix().removesuffix("_message.txt") for file in FILES]
HOSTILE = '<b>"Ville"</b>&amp;'
SAID = {
    "code": "428317",
    "minutes": 10,
    "connector": HOSTILE,
    "what": f"{HOSTILE} a dit non.",
    "link_to": "https://garant.example/invitation/abc/",
    "admin_url": "https://garant.example/admin/",
    "service": HOSTILE,
    "label": "L-2026-ABCD",
    "number": "D-2026-ABCD",
    "days": 30,
    "publisher": HOSTILE,
    "data": HOSTILE,
}
ADDRESS = re.compile(r"https?://\S+")
SENDS = re.compile(r"\b(?:EmailMessage|EmailMultiAlternatives|send_mail|send_mass_mail|mail_admins|mail_managers)\(")
pytestmark = pytest.mark.django_db


@pytest.fixture
def city(db):
    city = City(name="Villebrume", of_name="de Villebrume", insee="00042", phone="01 99 00 42 00")
    city.save()
    return city


class Page(HTMLParser):
    """Parser of an HTML part: its text, its links and its tags."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.words, self.silent = [], [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.silent = tag in {"style", "title"}
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data):
        if not self.silent:
            self.words.append(data)

    @property
    def text(self):
        return plain(" ".join(self.words))


def plain(text):
    return " ".join(text.split())


def write(name, *, languages=mails.LANGUAGES):
    message = mails.write(name, to=["awa@courriel.example"], said=SAID, languages=languages)
    [(html, kind)] = message.alternatives
    assert kind == "text/html"
    return message, str(html)


def test_there_are_email_templates():
    assert len(ALL) > 25


def test_both_parts_have_the_same_sentences_and_links(city):
    for name in ALL:
        message, html = write(name)
        page, text = Page(html), str(message.body)
        paragraphs = [plain(part) for part in re.split(r"\n\s*\n", text) if plain(part) != "---"]
        assert len(paragraphs) >= 4, name
        assert [sentence for sentence in paragraphs if sentence not in page.text] == [], name
        assert set(page.links) == set(ADDRESS.findall(text)), name
        assert city.phone in text and not re.search(r"\n{3,}|<|&(?:#|lt|quot)", text.replace(HOSTILE, "")), name


def test_the_html_part_has_no_remote_content_and_one_button_per_language():
    for name in ALL:
        html = write(name)[1]
        tags = Page(html).tags
        assert {tag for tag, _attrs in tags} <= {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "div",
            "h1",
            "p",
            "br",
            "a",
        }, name
        given = {key for _tag, attrs in tags for key in attrs}
        assert given <= {"lang", "charset", "name", "content", "class", "href", "style"}, name
        assert not re.search(r"url\(|@import|<!--", html), name
        assert [attrs.get("class") for _tag, attrs in tags].count("button") in {0, 2}, name


def test_a_name_is_escaped(city):
    city.of_name = "de <b>Vil & Co</b>"
    city.save()
    _message, html = write("holders/email/connector_refused", languages=("fr",))
    assert Page(html).text.count("Ville de <b>Vil & Co</b>") == 2 and HOSTILE in Page(html).text
    assert "<b>" not in html


def test_each_language_is_marked_and_in_order():
    message, html = write("account/email/closed")
    langs = [attrs["lang"] for _tag, attrs in Page(html).tags if "lang" in attrs]
    assert langs == ["fr", "fr", "en"] and message.subject == "Votre coffre est fermé / Your vault is closed"
    _message, html = write("account/email/closed", languages=("en",))
    assert [attrs["lang"] for _tag, attrs in Page(html).tags if "lang" in attrs] == ["en", "en"]
    assert "votre coffre" not in html.lower()


def test_buttons_have_the_citys_colours(city):
    city.action = city.link = "#7a1f3d"
    city.save()
    _message, html = write("journal/email/alert")
    assert "background-color:#7a1f3d" in html


def test_an_email_without_an_address_is_not_sent():
    mails.send("account/email/closed", to=["", ""])
    assert mail.outbox == []


def test_an_email_to_the_current_user_is_in_the_pages_language(client):
    client.post(reverse("account_login"), {"email": "kim@courriel.example"}, headers={"accept-language": "en"})
    [message] = mail.outbox
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert message.subject.startswith("Your code") and 'lang="en"' in html and 'lang="fr"' not in html


def test_email_templates_use_the_layouts():
    for file in FILES:
        assert file.read_text().startswith("{% extends layout %}"), file
        assert file.with_name(file.name.replace("_message", "_subject")).exists(), file


def test_no_other_module_sends_email():
    """An e-mail made elsewhere would have no HTML part."""
    rooms = [
        path
        for room in ("accounts", "vault", "services", "certification", "platform")
        for path in (ROOT / room).rglob("*.py")
    ]
    makers = {path.relative_to(ROOT).as_posix() for path in rooms if SENDS.search(_without_allauth(path))}
    assert makers == {"platform/core/messages/mails.py"}


def _without_allauth(path: Path) -> str:
    """Return a file without allauth's calls, which our adapter sends by core/messages/mails.py."""
    return path.read_text().replace("get_adapter().send_mail(", "").replace("def send_mail(", "")


@pytest.fixture
def post(monkeypatch):
    """Yield an event: while it is not set, the mail server hangs."""
    answers = threading.Event()
    monkeypatch.setattr(mails, "_post", mails._Post())
    monkeypatch.setattr(mails, "PATIENCE", 0.05)
    monkeypatch.setattr(mails, "QUEUES_FOR", 0.05)
    monkeypatch.setattr(EmailMultiAlternatives, "send", lambda _mail: answers.wait(20))
    yield answers
    answers.set()


def send_a_code():
    mails.send("account/email/code", to=["awa@example.org"], said={"code": "428317", "minutes": 10})


def test_a_mail_server_that_hangs_is_not_waited_for(city, post):
    for _ in range(8):
        with pytest.raises(mails.NotSent):
            send_a_code()
    post.set()
    mails._post.slow_until = 0.0
    send_a_code()


@pytest.mark.parametrize("greets", [b"", b"554 No mail from here\r\n"], ids=["nobody listens", "it refuses"])
def test_a_mail_server_that_refuses_gives_the_telephone_number(city, client, settings, greets):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()
        if greets:
            threading.Thread(target=lambda: server.accept()[0].sendall(greets), daemon=True).start()
        else:
            server.close()
        answer = client.post(reverse("account_login"), {"email": "awa@example.org"})
    assert answer.status_code == 503 and city.phone in answer.content.decode()


def test_a_page_whose_e_mail_cannot_leave_says_whom_to_call(city, client, post):
    answer = client.post(reverse("account_login"), {"email": "awa@example.org"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "L’e-mail n’a pas pu partir" in answer.content.decode()
    assert city.phone in answer.content.decode()
    assert client.get(reverse("account_confirm_login_code")).status_code == 302
