"""A line of a lot is written once: put back as it was sent, it does not replace what its holder sent since."""

import pytest
from django.db import ProgrammingError
from django.db import connection as database
from django_scopes import scopes_disabled

from tests.certification.access.conftest import developer  # noqa: F401 - a fixture
from tests.certification.access.test_lots import (  # noqa: F401 - fixtures
    body_of,
    card,
    connection,
    key,
    library,
    records,
    send,
    sender,
    sub,
    token,
    written,
)
from tests.certification.conftest import house, one, owner  # noqa: F401 - fixtures
from vault.holders.actions import lots
from vault.records import gate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("where", ["its lot", "another lot"])
def test_a_former_line_is_not_written_again(token, sub, resident, where) -> None:  # noqa: F811 - fixtures
    first = send(token, body_of(card(sub, tarif="10.00"))).json()["id"]
    with scopes_disabled(), database.cursor() as cursor:
        cursor.execute("SELECT id, content FROM holders_lotline")
        [(line, content)] = cursor.fetchall()
        lots.write(lot_id=first)
        written(token, card(sub, tarif="90.00"), key="2")
        now = [record.pk for record in records(resident)]
        waiting = send(token, body_of(card("nobody", tarif="5.00"), card(sub, tarif="90.00")), key="3").json()["id"]
        cursor.execute("SELECT current_user")
        assert cursor.fetchone()[0] == "web"
        cursor.execute("UPDATE holders_lotline SET content = %s, outcome = '' WHERE id = %s", [content, line])
        if where == "its lot":
            with pytest.raises(ProgrammingError):
                cursor.execute("UPDATE holders_lot SET finished_at = NULL WHERE id = %s", [first])
        else:
            cursor.execute("UPDATE holders_lotline SET lot_id = %s, number = 9 WHERE id = %s", [waiting, line])
        for lot in lots.unfinished():
            lots.write(lot_id=lot)
    read = gate.read_own(resident_id=resident.pk, purpose="x", fields=["loisirs.adhesion#/tarif"])
    assert [record.pk for record in records(resident)] == now, [value.payload for value in read]
