"""Real bank files, beside the repository: the totals are those of their index."""

import pytest

from tests.fixtures.readings import SAMPLES, facts, payloads, read
from vault.readers import Reading

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not beside this repository")


def sample(name: str) -> Reading:
    return read((SAMPLES / "banque" / name).read_bytes())


def amounts(reading: Reading) -> list[str]:
    return [one["montant"] for one in payloads(reading, "banque.operation")]


def test_a_current_account() -> None:
    reading = sample("checking.ofx")
    assert amounts(reading) == ["0.01", "-34.51", "-25.00"]
    assert facts(reading)["money_net"] == "-59.50 USD"


def test_a_statement_with_dots() -> None:
    reading = sample("stmtrs.ofx")
    assert amounts(reading) == ["-200.00", "-300.00"]
    assert payloads(reading, "banque.compte")[0]["solde"] == "200.29"


def test_two_accounts_without_operations() -> None:
    reading = sample("multiple_accounts.ofx")
    assert [one["solde"] for one in payloads(reading, "banque.compte")] == ["111.00", "222.00"]
    assert amounts(reading) == []


def test_two_statements_that_add_up() -> None:
    reading = sample("camt053.v2.multi.statement.xml")
    assert amounts(reading) == ["8.85", "-7.00"]
    assert facts(reading)["statements"] == "2"
    assert payloads(reading, "banque.compte")[0]["solde"] == "20.00"
    assert [check.outcome for check in reading.checks] == ["passed"]


def test_a_statement_that_does_not_add_up() -> None:
    reading = sample("camt053.v2.five.decimals.xml")
    assert amounts(reading) == ["8.85"]
    assert payloads(reading, "banque.compte")[0]["solde"] == "27.05"
    assert facts(reading)["balance_difference"] == "0.05"
    assert [check.outcome for check in reading.checks] == ["failed"]
