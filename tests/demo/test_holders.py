"""The demonstration's holders answer as real ones do, and fail as one asks them to."""

import http.client
import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from demo import vaults
from demo.holders import server
from demo.holders.cases import cases
from demo.holders.frame import MODES
from demo.people import PEOPLE

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


def test_every_case_can_be_sent() -> None:
    """YAML makes dates out of what looks like one; JSON has none."""
    for case in cases().values():
        json.dumps(dict(case.holders))


def test_a_case_says_what_the_story_says(holders: server.Running) -> None:
    status, body, _ = ask(holders, quotient())
    data = json.loads(body)["data"]
    assert status == 200
    assert data["quotient_familial"]["valeur"] == cases()["nadia"].facts["quotient"]
    assert [child["prenoms"] for child in data["enfants"]] == ["MILO", "LISON"]


def test_a_stranger_to_the_holder_has_no_file(holders: server.Running) -> None:
    status, body, _ = ask(holders, quotient(nomNaissance="Personne"))
    assert (status, json.loads(body)["errors"][0]["code"]) == (404, "37003")


def test_the_citys_token_is_looked_at(holders: server.Running) -> None:
    assert ask(holders, quotient(), token="another")[0] == 401


def test_a_missing_parameter_is_said(holders: server.Running) -> None:
    assert ask(holders, quotient(nomNaissance=""))[0] == 422


@pytest.mark.parametrize(
    ("mode", "status"),
    [("down", 502), ("quota", 429), ("not_found", 404), ("city_refused", 401), ("expired", 403), ("normal", 200)],
)
def test_a_trouble_happens_to_the_person_it_was_asked_for(holders: server.Running, mode: str, status: int) -> None:
    holders.site.set_mode("api_particulier", "nadia", mode)
    assert ask(holders, quotient())[0] == status
    assert ask(holders, quotient("karim"))[0] == 200


def test_a_broken_answer_is_no_json(holders: server.Running) -> None:
    holders.site.set_mode("api_particulier", "*", "broken")
    status, body, _ = ask(holders, quotient())
    assert status == 200
    with pytest.raises(ValueError):
        json.loads(body)


def test_masked_scopes_make_fields_absent(holders: server.Running) -> None:
    holders.site.set_mode("api_particulier", "nadia", "masked")
    assert "enfants" not in json.loads(ask(holders, quotient())[1])["data"]


def test_a_quota_says_when_to_come_back(holders: server.Running) -> None:
    holders.site.set_mode("api_particulier", "nadia", "quota")
    assert ask(holders, quotient())[2]["Retry-After"] == "3600"


def test_its_page_asks_for_a_trouble(holders: server.Running) -> None:
    status, _, headers = ask(
        holders, "/modes", method="POST", body=urlencode({"app": "api_particulier", "person": "nadia", "mode": "down"})
    )
    assert (status, headers["Location"]) == (302, f"{holders.url}/")
    assert ask(holders, quotient())[0] == 502
    assert MODES["down"] in ask(holders, "/")[1].decode()


def test_its_page_refuses_what_is_not_in_its_lists(holders: server.Running) -> None:
    assert ask(holders, "/modes", method="POST", body=urlencode({"app": "nobody", "mode": "down"}))[0] == 400
