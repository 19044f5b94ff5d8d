"""A value is found however it is written, but not inside an id, a token, a time or another number."""

import pytest

from tests.telling import tells


@pytest.mark.parametrize(
    "content", ["612", "Loyer : 612 €", "<dd>612,40 €</dd>", '{"loyer": "612.40"}', "'612'", "=612&"]
)
def test_a_value_is_found(content: str) -> None:
    assert tells(content, "612")


@pytest.mark.parametrize(
    "content", ["0b612f2e-61aa-4612-8612-612000000000", "csrf zX612a", "08:50:02.612345", "1612", "6 123"]
)
def test_a_value_inside_an_id_a_token_or_a_time_is_ignored(content: str) -> None:
    assert not tells(content, "612")
