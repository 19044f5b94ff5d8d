"""The demonstration's holders answer like real ones, and simulate their faults."""

import http.client
import json
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

import pytest

from demo.holders import server
from demo.holders.cases import cases
from demo.holders.frame import MODES
from demo.holders.mediatheque import app as mediatheque
from demo.people import vaults
from demo.people.accounts import PEOPLE

TOKEN = "jeton-de-la-ville-fictive"


@pytest.fixture
def holders() -> Iterator[server.Running]:
    with server.running(server.Site(slow_seconds=0.3)) as running:
        yield running


def ask(
    running: server.Running, path: str, *, method: str = "GET", body: str = "", token: str = TOKEN
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=10)
    headers = (
        {"Authorization": f"Bearer {token}"} if not body else {"Content-Type": "application/x-www-form-urlencoded"}
    )
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


def quotient(slug: str = "nadia", **more: str) -> str:
    facts = cases()[slug].facts
    year, month, day = facts["birthdate"].split("-")
    civil = {"nomNaissance": facts["family_name"], "prenoms[]": facts["given_name"], "recipient": "13002526500013"}
    born = {"anneeDateNaissance": year, "moisDateNaissance": month, "jourDateNaissance": day}
    return "/api_particulier/v3/dss/quotient_familial/identite?" + urlencode(civil | born | more)


def test_every_resident_of_the_demonstration_has_a_case() -> None:
    residents = {person.slug for person in PEOPLE if person.is_resident}
    assert set(cases()) == residents | {vaults.COMES_BY_FRANCECONNECT}


@pytest.mark.parametrize(("day", "season"), [("2027-01-01", "2026-2027"), ("2026-09-01", "2026-2027")])
def test_a_readers_card_is_of_the_season_under_way(day: str, season: str) -> None:
    assert [card["saison"] for _type, card in mediatheque.known(date.fromisoformat(day))] == [season]


def test_every_case_is_valid_json() -> None:
    """YAML converts values that look like dates; JSON has no dates."""
    for case in cases().values():
        json.dumps(dict(case.holders))


def test_a_case_agrees_with_its_story(holders: server.Running) -> None:
    status, body, _ = ask(holders, quotient())
    data = json.loads(body)["data"]
    assert status == 200
    assert data["quotient_familial"]["valeur"] == cases()["nadia"].facts["quotient"]
    assert [child["prenoms"] for child in data["enfants"]] == ["MILO", "LISON"]


def test_an_unknown_person_has_no_file(holders: server.Running) -> None:
    status, body, _ = ask(holders, quotient(nomNaissance="Personne"))
    assert (status, json.loads(body)["errors"][0]["code"]) == (404, "37003")


def test_a_wrong_token_is_refused(holders: server.Running) -> None:
    assert ask(holders, quotient(), token="another")[0] == 401


def test_a_missing_parameter_is_reported(holders: server.Running) -> None:
    assert ask(holders, quotient(nomNaissance=""))[0] == 422


@pytest.mark.parametrize(
    ("mode", "status"),
    [("down", 502), ("quota", 429), ("not_found", 404), ("city_refused", 401), ("expired", 403), ("normal", 200)],
)
def test_a_fault_applies_only_to_its_resident(holders: server.Running, mode: str, status: int) -> None:
    holders.site.set_mode("api_particulier", "nadia", mode)
    assert ask(holders, quotient())[0] == status
    assert ask(holders, quotient("karim"))[0] == 200


def test_a_broken_answer_is_invalid_json(holders: server.Running) -> None:
    holders.site.set_mode("api_particulier", "*", "broken")
    status, body, _ = ask(holders, quotient())
    assert status == 200
    with pytest.raises(ValueError):
        json.loads(body)


def test_masked_scopes_remove_fields(holders: server.Running) -> None:
    holders.site.set_mode("api_particulier", "nadia", "masked")
    assert "enfants" not in json.loads(ask(holders, quotient())[1])["data"]


def test_a_quota_gives_a_retry_delay(holders: server.Running) -> None:
    holders.site.set_mode("api_particulier", "nadia", "quota")
    assert ask(holders, quotient())[2]["Retry-After"] == "3600"


def test_the_page_sets_a_fault(holders: server.Running) -> None:
    status, _, headers = ask(
        holders, "/modes", method="POST", body=urlencode({"app": "api_particulier", "person": "nadia", "mode": "down"})
    )
    assert (status, headers["Location"]) == (302, f"{holders.url}/")
    assert ask(holders, quotient())[0] == 502
    assert MODES["down"] in ask(holders, "/")[1].decode()


def test_the_page_refuses_values_outside_its_lists(holders: server.Running) -> None:
    assert ask(holders, "/modes", method="POST", body=urlencode({"app": "nobody", "mode": "down"}))[0] == 400
