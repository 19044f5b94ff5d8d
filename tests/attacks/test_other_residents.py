"""Another resident at the URL of a resident's object gets a 404, by any method and with any data, and changes nothing.

test_matrix.py tries all other users at every URL.
"""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from campaigns.debates import standing
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.attacks.matrix import OWNED
from tests.attacks.world import debates_of, handed_over, official_forms_of, sent_to_an_office, things_of
from tests.sessions_once import read_once
from tests.vault.entrusted import entrusted, helping_place
from vault.sharing.enums import Act

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

NO_NUMBER = 2**31 - 1
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def address(name: str, things: dict[str, Any], thing: Any = None) -> str:
    what, *more = OWNED[name]
    return reverse(name, args=[thing or things[what], *(things.get(part, part) for part in more)])


def ask(client: Client, method: str, url: str) -> int:
    """Request a URL with the fields of all these pages' forms."""
    sent = {
        "answer": "1",
        "kind": "cni",
        "token": str(uuid4()),
        "choice": "yes",
        "key": "paper:rib:applicant",
        "letter": "x",
        "continue": "1",
    }
    if method == "get":
        sent = {"cle": "paper:rib:applicant"}
    response = getattr(client, method)(url, sent if method in {"get", "post"} else None)
    getattr(response, "close", lambda: None)()
    return int(response.status_code)


def rows_of(resident: Any) -> dict[str, str]:
    """Return a digest of every table's rows with this resident_id, and of their account."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.columns WHERE column_name = 'resident_id'"
        )
        for schema, table in cursor.fetchall():
            cursor.execute(
                f'SELECT md5(string_agg(t::text, \'|\' ORDER BY t::text)) FROM "{schema}"."{table}" t'
                " WHERE resident_id = %s",
                [resident.pk],
            )
            found[table] = str(cursor.fetchone()[0])
    assert {"records_record", "records_paper", "dossiers_dossier", "core_job"} <= {*found}
    return found


def test_another_resident_gets_a_404_by_any_method(
    resident: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that does not know the method refuses it first; the answer is then the same for a missing object."""
    # A debate opens with the first results, which a worker of its own publishes.
    monkeypatch.setattr(standing, "has_debate", lambda campaign: campaign.code.startswith("debat-"))
    things, agent = things_of(resident), AgentFactory()
    things |= sent_to_an_office(resident, agent, things["built dossier"]) | debates_of(resident, agent)
    things |= official_forms_of(agent)
    helper = CompanionFactory(organisation=helping_place().name)
    things["handover"] = handed_over(entrusted(resident, helper, "home", acts=list(Act)), helper)
    theirs, before, wrong = signed_in(stranger), rows_of(resident), {}
    with read_once():
        for name in OWNED:
            for method in METHODS:
                missing = NO_NUMBER if isinstance(things[OWNED[name][0]], int) else uuid4()
                status = ask(theirs, method, address(name, things))
                nothing = ask(theirs, method, address(name, things, missing))
                if status != nothing or status not in {404, 405}:
                    wrong[f"{method} {name}"] = status, nothing
    assert wrong == {}
    assert rows_of(resident) == before
