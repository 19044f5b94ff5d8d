"""The HTTP client: retries with a pause, Retry-After, limits of size and time, no redirection, no proxy."""

from datetime import timedelta

import pytest
import requests
import time_machine

from demo.holders import server
from demo.holders.frame import Answer, App, Request, redirect, say
from vault.holders.connectors.faults import Fault, wait_after
from vault.holders.connectors.http import MAX_BYTES, Client, Heard

APP = App("echo", "Écho")
seen: list[Request] = []


@APP.route("GET", "/status/<code>")
def status(request: Request, code: str) -> Answer:
    seen.append(request)
    return say({}, int(code))


@APP.route("GET", "/busy/<seconds>")
def busy(request: Request, seconds: str) -> Answer:
    seen.append(request)
    return Answer(b"{}", 200 if len(seen) > 1 else 429, headers=[("Retry-After", seconds)])


@APP.route("GET", "/elsewhere")
def elsewhere(request: Request) -> Answer:
    return redirect("http://127.0.0.1:1/")


@APP.route("GET", "/huge")
def huge(request: Request) -> Answer:
    return Answer(b"x" * (MAX_BYTES + 1))


@pytest.fixture(scope="module")
def echo():
    with server.running(server.Site(mounted={"echo": APP})) as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    seen.clear()
    return []


@pytest.fixture
def client(echo, pauses) -> Client:
    return Client(f"{echo.url}/echo", sleep=pauses.append)


def test_a_failing_holder_is_called_three_times_with_longer_pauses(client, pauses) -> None:
    assert client.ask("status/503").status == 503
    assert len(seen) == 3
    assert len(pauses) == 2
    assert 0.2 <= pauses[0] <= 0.6
    assert 0.4 <= pauses[1] <= 1.2


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422, 500])
def test_a_permanent_error_is_not_tried_again(client, code) -> None:
    assert client.ask(f"status/{code}").status == code
    assert len(seen) == 1


def test_a_short_retry_after_is_respected(client, pauses) -> None:
    assert client.ask("busy/2").status == 200
    assert pauses == [2.0]


def test_a_long_retry_after_is_left_to_another_pull(client, pauses) -> None:
    assert client.ask("busy/600").wait == timedelta(seconds=600)
    assert pauses == []


def test_each_try_is_counted(echo) -> None:
    counted: list[int] = []
    Client(f"{echo.url}/echo", counts=lambda: counted.append(1), sleep=lambda seconds: None).ask("status/502")
    assert len(counted) == 3


def test_a_too_long_answer_is_refused(client) -> None:
    with pytest.raises(Fault, match="broken"):
        client.ask("huge")


def test_no_redirection_is_followed(client) -> None:
    with pytest.raises(Fault, match="down"):
        client.ask("elsewhere")


def test_an_unreachable_holder_is_down(pauses) -> None:
    with pytest.raises(Fault, match="down"):
        Client("http://127.0.0.1:1", sleep=pauses.append).ask("x")
    assert len(pauses) == 2


def test_a_time_out_is_slow_and_not_tried_again(monkeypatch) -> None:
    tried = []

    def never(*arguments, **options):
        tried.append(options["timeout"])
        raise requests.ReadTimeout

    monkeypatch.setattr(requests.Session, "request", never)
    with pytest.raises(Fault, match="slow"):
        Client("http://127.0.0.1:1").ask("x")
    assert len(tried) == 1
    assert tried[0][1] <= 10


def test_the_total_time_is_limited(client) -> None:
    client.total_seconds = 0.0
    with pytest.raises(Fault, match="slow"):
        client.ask("huge")


def test_proxy_settings_of_the_machine_are_ignored(client, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client.ask("status/200").status == 200


@time_machine.travel("2026-03-01T10:00:00Z", tick=False)
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(hours=1)),
        ("Sun, 01 Mar 2026 09:00:00 GMT", timedelta(0)),
        ("", None),
        ("soon", None),
        ("99999999999999999999", None),
        ("-5", None),
    ],
)
def test_retry_after_is_read_in_each_format(header: str, wait: timedelta | None) -> None:
    assert Heard(429, b"", {"retry-after": header}).wait == wait


def test_waits_grow_up_to_one_day() -> None:
    waits = [wait_after(count) for count in range(1, 8)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=1)


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"[" * 100_000, b"\xff\xfe"])
def test_an_invalid_json_is_broken(body: bytes) -> None:
    with pytest.raises(Fault, match="broken"):
        Heard(200, body).json()


def test_the_repr_of_an_answer_hides_its_content() -> None:
    assert "Kervella" not in repr(Heard(200, b"Kervella", {"x": "Kervella"}))
