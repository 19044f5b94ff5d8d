"""The client for addresses that others write: it stays outside, checks what it connects to, and stops in time."""

import socket
import time
from ipaddress import ip_address

import pytest
from urllib3.connection import HTTPSConnection

from core import outgoing
from core.outgoing import Answer, Client, NoAnswer, Refused
from tests.outside import Authority, Page, dripping, endless, redirect, running

HOST = "service.example"
PUBLIC = "93.184.215.14"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def served(authority):
    with running(authority.certificate(HOST, "autre.example")) as site:
        yield site


@pytest.fixture
def site(served, settings):
    served.pages.clear()
    served.received.clear()
    settings.OUTGOING_ALLOWED = [served.allowed]
    return served


def at(*addresses):
    return lambda host, port: list(addresses)


def refused(client, url):
    with pytest.raises(Refused) as caught:
        client.get(url)
    return caught.value.code


def failed(client, url, **more):
    with pytest.raises(NoAnswer) as caught:
        client.get(url, **more)
    return caught.value.code


def test_a_page_is_read_with_its_headers_and_its_connection(site) -> None:
    site.pages["/"] = Page("Bonjour, é", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-A", "1")])
    answer = site.client().get(site.url())
    assert (answer.status, answer.text) == (200, "Bonjour, é")
    assert answer.all("set-cookie") == ["a=1", "b=2"]
    assert answer.tls is not None and answer.tls.version in {"TLSv1.2", "TLSv1.3"}
    assert answer.tls.ends > time.time()
    [asked] = site.received
    assert asked.headers["host"] == f"{HOST}:{site.port}"
    assert "cookie" not in asked.headers and "authorization" not in asked.headers


def test_a_body_is_sent(site) -> None:
    site.pages["/signaux"] = Page(status=204)
    assert site.client().post(site.url("/signaux"), b"{}", headers={"X-Id": "7"}).status == 204
    [asked] = site.received
    assert (asked.method, asked.body, asked.headers["x-id"]) == ("POST", b"{}", "7")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "::ffff:0:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::5db8:d70e",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "5f00::1",
        "3fff::1",
    ],
)
def test_an_address_that_is_not_a_public_one_is_refused(address: str) -> None:
    assert refused(Client(resolve=at(address)), f"https://{HOST}/") == "private"


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700:4700::1111", "2a01:e00::1"])
def test_a_public_address_is_one(address: str) -> None:
    assert outgoing.is_public(ip_address(address))
    Client(resolve=at(address)).check(f"https://{HOST}/")


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_name_with_one_private_address_among_public_ones_is_refused(place: str) -> None:
    addresses = [PUBLIC, "8.8.8.8"]
    addresses.insert(0 if place == "first" else 2, "10.0.0.1")
    assert refused(Client(resolve=at(*addresses)), f"https://{HOST}/") == "private"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://service.example/", "not_https"),
        ("ftp://service.example/", "not_https"),
        ("file:///etc/passwd", "malformed"),
        ("gopher://service.example/", "not_https"),
        ("https://service.example:8443/", "port"),
        ("https://service.example:22/", "port"),
        ("https://service.example:0/", "malformed"),
        ("https://service.example:99999/", "malformed"),
        ("https://who:secret@service.example/", "password"),
        ("https://who@service.example/", "password"),
        ("https://@service.example/", "password"),
        ("https://service.example\\@127.0.0.1/", "malformed"),
        ("https://service.example /", "malformed"),
        ("https://service.example/\r\nX-Injected: 1", "malformed"),
        ("https://ser_vice!.example/", "malformed"),
        ("https:///", "malformed"),
        ("https://[::1", "malformed"),
        ("//service.example/", "not_https"),
        ("", "malformed"),
        ("https://service.example/" + "x" * 2000, "malformed"),
    ],
)
def test_an_address_that_is_no_plain_https_is_refused(url: str, code: str) -> None:
    assert refused(Client(resolve=at(PUBLIC)), url) == code


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "localhost.", "[::1]"]
)
def test_this_machine_is_refused_however_it_is_written(host: str) -> None:
    assert refused(Client(), f"https://{host}/") == "private"


def test_an_unknown_name_brings_no_answer() -> None:
    assert failed(Client(resolve=at()), f"https://{HOST}/") == "unknown"


def test_a_name_server_that_hangs_is_left() -> None:
    def hanging(host, port):
        time.sleep(3)
        return [PUBLIC]

    client = Client(resolve=hanging, connect_seconds=0.1)
    began = time.monotonic()
    assert failed(client, f"https://{HOST}/") == "slow"
    assert time.monotonic() - began < 2


def test_the_address_that_was_looked_at_is_the_one_that_is_called(monkeypatch) -> None:
    """A name that changes its answer changes nothing: it is asked once, and the connection goes to an address."""
    asked, called = [], []

    def changing(host, port):
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    class Watched(HTTPSConnection):
        def connect(self):
            called.append((self.host, self.server_hostname))
            raise ConnectionRefusedError

    monkeypatch.setattr(outgoing, "HTTPSConnection", Watched)
    assert failed(Client(resolve=changing), f"https://{HOST}/") == "down"
    assert asked == [HOST]
    assert called == [(PUBLIC, HOST)]


def test_a_name_is_resolved_and_checked_again_at_each_redirection(site, settings) -> None:
    site.pages["/"] = redirect("/suite")
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    assert failed(site.client(resolve=lambda host, port: next(answers)), site.url(), hops=2) == "private"
    assert len(site.received) == 1


def test_a_redirection_into_this_machine_is_refused(site, authority) -> None:
    with running(authority.certificate(HOST)) as inside:
        for place in (inside.url("/"), "https://127.0.0.1/", "http://127.0.0.1:22/", "https://localhost/"):
            site.pages["/"] = redirect(place)
            assert failed(site.client(), site.url(), hops=2) in {"port", "private", "not_https"}, place
        assert inside.received == []


@pytest.mark.parametrize(
    "place", ["https://[::1", "https://a b/", "javascript:alert(1)", "https://x:y@service.example/"]
)
def test_a_redirection_to_what_is_no_address_is_refused(site, place: str) -> None:
    site.pages["/"] = redirect(place)
    assert failed(site.client(), site.url(), hops=2) in {"malformed", "password", "not_https"}


def test_a_redirection_is_not_followed_unless_asked(site) -> None:
    site.pages["/"] = redirect("/suite")
    site.pages["/suite"] = Page("Ici")
    assert site.client().get(site.url()).status == 302
    assert site.client().get(site.url(), hops=1).text == "Ici"
    assert site.client().post(site.url(), b"", headers={}).status == 302
    assert [one.path for one in site.received] == ["/", "/", "/suite", "/"]


def test_redirections_without_end_are_left(site) -> None:
    site.pages["/"] = redirect("/")
    assert failed(site.client(), site.url(), hops=3) == "redirect"
    assert len(site.received) == 4


def test_a_body_written_byte_by_byte_is_left(site) -> None:
    site.pages["/"] = Page(writes=dripping())
    began = time.monotonic()
    assert failed(site.client(total_seconds=0.6), site.url()) == "slow"
    assert time.monotonic() - began < 3


def test_an_answer_may_take_longer_than_a_connection(site) -> None:
    def late(send):
        time.sleep(0.6)
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nIci")

    site.pages["/"] = Page(raw=late)
    assert site.client(connect_seconds=0.3, total_seconds=5).get(site.url()).text == "Ici"


def test_a_head_written_byte_by_byte_is_left(site) -> None:
    def head(send):
        send(b"HTTP/1.1 200 OK\r\nX-Long: ")
        dripping()(send)

    site.pages["/"] = Page(raw=head)
    began = time.monotonic()
    assert failed(site.client(total_seconds=0.6), site.url()) == "slow"
    assert time.monotonic() - began < 3


def test_a_site_that_only_says_continue_is_left(site) -> None:
    site.pages["/"] = Page(raw=dripping(b"HTTP/1.1 100 Continue\r\n\r\n", every=0.01))
    assert failed(site.client(total_seconds=0.6), site.url()) == "slow"


def test_a_handshake_that_never_ends_is_left(site, settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings.OUTGOING_ALLOWED = [f"127.0.0.1:{port}"]
        client = site.client(connect_seconds=0.3)
        assert failed(client, f"https://{HOST}:{port}/") == "slow"


def test_a_body_without_end_is_left(site) -> None:
    site.pages["/"] = Page(writes=endless)
    assert failed(site.client(max_bytes=200_000), site.url()) == "too_long"


def test_a_head_of_a_hundred_long_lines_is_refused(site) -> None:
    site.pages["/"] = Page("x", headers=[(f"X-{number}", "x" * 2000) for number in range(60)])
    assert failed(site.client(), site.url()) == "too_long"


@pytest.mark.parametrize("raw", [b"bonjour\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"", b"\x00" * 100 + b"\r\n\r\n"])
def test_what_is_not_http_is_broken_or_down(site, raw: bytes) -> None:
    site.pages["/"] = Page(raw=lambda send: send(raw))
    assert failed(site.client(), site.url()) in {"broken", "down"}


def test_a_body_shorter_than_announced_is_no_answer(site) -> None:
    site.pages["/"] = Page(raw=lambda send: send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc"))
    assert failed(site.client(), site.url()) in {"broken", "down"}


def test_a_compressed_body_is_refused(site) -> None:
    """A few bytes would make gigabytes of it."""
    site.pages["/"] = Page(b"x", headers=[("Content-Encoding", "gzip")])
    assert failed(site.client(), site.url()) == "broken"


def test_a_certificate_for_another_name_is_refused(site) -> None:
    assert failed(site.client(), site.url(host="ailleurs.example")) == "certificate"
    assert site.received == []


def test_a_certificate_of_an_unknown_authority_is_refused(site) -> None:
    assert failed(site.client(authority=""), site.url()) == "certificate"


def test_a_certificate_that_has_ended_is_refused(authority, site, settings) -> None:
    with running(authority.certificate(HOST, days=-1, from_days=-9)) as old:
        settings.OUTGOING_ALLOWED = [old.allowed]
        assert failed(old.client(), old.url()) == "expired"


def test_the_next_address_is_tried_when_one_does_not_answer(site, settings) -> None:
    settings.OUTGOING_ALLOWED = [site.allowed, f"127.0.0.9:{site.port}"]
    site.pages["/"] = Page("Ici")
    # The site listens on 127.0.0.1 alone.
    assert site.client(resolve=at("127.0.0.9", "127.0.0.1")).get(site.url()).text == "Ici"


def test_a_port_of_this_machine_is_opened_by_its_number_alone(site, settings) -> None:
    site.pages["/"] = Page("Ici")
    settings.OUTGOING_ALLOWED = [f"127.0.0.1:{site.port + 1}"]
    assert refused(site.client(), site.url()) == "private"
    settings.OUTGOING_ALLOWED = [site.allowed]
    assert site.client().get(site.url()).text == "Ici"


def test_the_setting_opens_no_other_machine(settings) -> None:
    settings.OUTGOING_ALLOWED = ["10.0.0.1:443", "10.0.0.1"]
    assert refused(Client(resolve=at("10.0.0.1")), f"https://{HOST}/") == "private"


def test_an_opened_port_may_speak_http(settings) -> None:
    with running() as plain:
        plain.pages["/"] = Page("Ici")
        settings.OUTGOING_ALLOWED = [plain.allowed]
        assert plain.client().get(plain.url()).text == "Ici"
        settings.OUTGOING_ALLOWED = []
        assert refused(plain.client(), plain.url()) == "not_https"


def test_proxies_of_the_environment_are_ignored(site, monkeypatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    site.pages["/"] = Page("Ici")
    assert site.client().get(site.url()).text == "Ici"


def test_a_name_with_accents_is_resolved_in_its_ascii_form() -> None:
    asked = []

    def watched(host, port):
        asked.append(host)
        return [PUBLIC]

    Client(resolve=watched).check("https://été.example/")
    assert asked == ["xn--t-9fab.example"]


def test_a_name_in_several_charsets_is_text(site) -> None:
    site.pages["/"] = Page("é".encode("latin-1"), headers=[("Content-Type", 'text/html; charset="ISO-8859-1"')])
    assert site.client().get(site.url()).text == "é"
    site.pages["/"] = Page(b"\xff", headers=[("Content-Type", "text/html; charset=zip")])
    assert site.client().get(site.url()).text == "\ufffd"


def test_a_charset_that_is_slow_to_decode_is_not_used() -> None:
    body = b"a-" + b"aaaa" * 500_000
    began = time.monotonic()
    for charset in ("punycode", "idna", "unicode_escape"):
        answer = Answer("https://a.example/", 200, [("content-type", f"text/html; charset={charset}")], body)
        assert answer.text == body.decode()
    assert time.monotonic() - began < 5


def test_the_repr_of_an_answer_hides_its_body(site) -> None:
    site.pages["/"] = Page("secret-du-corps")
    assert "secret-du-corps" not in repr(site.client().get(site.url()))
