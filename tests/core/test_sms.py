"""Text messages: numbers are E.164, the city chooses a provider class, and no personal data is logged."""

import json
from typing import Any

import pytest
from django.conf import settings
from django_scopes import scope

from core import journal
from core.messages import phones, sms
from core.models import Phone

NUMBER = "+33639980001"


class Broken:
    def send(self, *, number: str, text: str) -> None:
        raise ConnectionError(f"{number} {text}")


def sent() -> list[dict[str, str]]:
    folder = settings.VAR / "sms"
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))] if folder.exists() else []


@pytest.mark.parametrize(
    "typed",
    ["06 39 98 00 01", "06.39.98.00.01", "+33 6 39 98 00 01", "0033639980001", "+33 (0)6 39 98 00 01", " 0639980001 "],
)
def test_typed_numbers_are_read(typed: str) -> None:
    assert sms.read_number(typed) == NUMBER


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12",
        "06 39 98 00",
        "+0 12 34 56 78",
        "nadia@courriel.example",
        "+33639980001x",
        "+" + "1" * 16,
        "0639980001\n+33600000000",
    ],
)
def test_an_invalid_number_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="no telephone number"):
        sms.read_number(typed)


def test_each_message_is_written_to_a_file() -> None:
    before = len(sent())
    assert sms.send(number=NUMBER, text="Bonjour")
    assert len(sent()) == before + 1 and sent()[-1] == {"to": NUMBER, "text": "Bonjour"}


def test_sending_to_an_invalid_number_raises() -> None:
    with pytest.raises(ValueError, match="no telephone number"):
        sms.send(number="0639980001", text="Bonjour")


def test_a_failing_provider_returns_false_and_logs_no_personal_data(settings: Any, caplog: Any) -> None:
    settings.SMS_PROVIDER = "tests.core.test_sms.Broken"
    assert sms.send(number=NUMBER, text="secret") is False
    assert "a text message could not be sent" in caplog.text
    assert all(NUMBER not in str(vars(record)) and "secret" not in str(vars(record)) for record in caplog.records)


def test_the_console_is_for_development(settings: Any, capsys: Any) -> None:
    settings.SMS_PROVIDER = "core.messages.sms.Console"
    assert sms.send(number=NUMBER, text="Bonjour")
    assert NUMBER in capsys.readouterr().err


def test_numbers_are_formatted() -> None:
    assert sms.shown(NUMBER) == "06 39 98 00 01".replace(" ", "\u00a0")
    assert (sms.shown("+32470123456"), sms.shown("")) == ("+32470123456", "")


def test_without_a_provider_messages_are_not_offered(settings: Any) -> None:
    settings.SMS_PROVIDER = ""
    assert not sms.offered()


@pytest.mark.django_db
def test_a_number_is_sealed_replaced_and_deleted(resident: Any, stranger: Any) -> None:
    for number in ("+33600000000", NUMBER):
        phones.keep(resident_id=resident.pk, by=resident.pk, number=number)
    with scope(resident=resident.pk):
        assert NUMBER.encode() not in bytes(Phone.objects.get().content)
    assert phones.number_of(resident_id=resident.pk) == NUMBER
    assert phones.number_of(resident_id=stranger.pk) == ""
    phones.forget(resident_id=resident.pk, by=resident.pk)
    phones.forget(resident_id=resident.pk, by=resident.pk)
    assert phones.number_of(resident_id=resident.pk) == ""
    events = [line.event for line in journal.entries(resident_id=resident.pk, limit=3)]
    assert events == ["phone_forgotten", "phone_kept", "phone_kept"]
