"""Each row under a MAC has an answer to whoever kept a copy of it and puts it back as it once was."""

import pytest
from django.apps import apps
from django.db import connection

from config.tables import free_columns
from core.models.declaring import FROZEN, Decides

#: Of each table, its triggers, whether each is on, and whether it fires before each row's INSERT, UPDATE or DELETE.
TRIGGERS = """
    SELECT c.relname, t.tgname, t.tgenabled = 'O', (t.tgtype & 7) = 7, (t.tgtype & 19) = 19, (t.tgtype & 11) = 11
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""
#: Whose rows are dated by the portal: a former one is over by then.
LASTING = {
    "access_authorizationcode": "8 days",
    "access_accesstoken": "8 days",
    "access_refreshtoken": "3 years",
    "access_pushedrequest": "8 days",
}
#: Models whose MACs are not written once, and of which no act misses a row whose column somebody changes meanwhile.
FOUND_OTHERWISE = {
    "accounts.Session": "found by the hash of its cookie's key; its account names it",
}

#: Tables of which nothing decides by the day of a row, or to which the portal's role writes nothing a second time.
UNDATED = {"core_job", "holders_lot", "core_journalentry", 'keystore"."resident_key'}


def under_a_mac():
    for model in apps.get_models():
        if isinstance(decides := getattr(model, "decides", None), Decides) and not model._meta.proxy:
            yield model._meta, decides


@pytest.fixture
def triggers(db):
    with connection.cursor() as cursor:
        cursor.execute(TRIGGERS)
        found: dict[str, dict[str, list[bool]]] = {}
        for table, name, is_on, *events in cursor.fetchall():
            found.setdefault(table, {})[name] = [is_on and event for event in events]
        return found


def test_a_former_row_is_refused_by_a_head_or_the_database_or_its_model_says_what_it_obtains(triggers):
    """A migration makes both triggers: `SELECT core_write_once('table')`."""
    unanswered = []
    for meta, decides in under_a_mac():
        own = triggers.get(meta.db_table, {})
        if decides.once:
            answered = own.get("core_written_once") == [True, True, False] and "core_same_id" in own
        elif decides.put_back == FROZEN:
            answered = any(update for _i, update, _d in own.values()) and any(gone for _i, _u, gone in own.values())
        else:
            answered = decides.head or bool(decides.account) or len(decides.put_back) > 20
        unanswered += [] if answered else [meta.label]
    assert unanswered == []


def test_each_table_with_these_triggers_has_rows_under_a_mac(triggers):
    guarded = {table for table, own in triggers.items() if "core_written_once" in own}
    assert guarded == {meta.db_table for meta, decides in under_a_mac() if decides.once}


def test_what_is_forgotten_is_over_by_then(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, encode(tgargs, 'escape') FROM pg_trigger"
            " WHERE tgname = 'core_written_once' AND tgnargs > 0"
        )
        assert {table: lasts.removesuffix("\\000") for table, lasts in cursor.fetchall()} == LASTING


def test_a_column_under_a_mac_is_not_changed_and_written_back(db):
    """A migration of a new model says `SELECT core_mac_covers('table', '{columns under no MAC}')`.

    Where MACs are not written once, it says `SELECT core_keep_columns('table', '{columns by which rows are found}')`.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname, encode(t.tgargs, 'escape') FROM pg_trigger t JOIN pg_class c"
            " ON c.oid = t.tgrelid WHERE t.tgname IN ('core_mac_goes', 'core_columns_stay') AND t.tgenabled = 'O'"
        )
        found = {(table, name): {*said.split("\\000")} - {""} for table, name, said in cursor.fetchall()}
    unanswered: dict[str, object] = {}
    for meta, decides in under_a_mac():
        if decides.once:
            free = {meta.get_field(name).column for name in free_columns(meta.label)}
            said = found.pop((meta.db_table, "core_mac_goes"), None)
            unanswered |= {} if said == {"mac", *free} else {meta.label: said}
        elif decides.put_back != FROZEN and meta.label not in FOUND_OTHERWISE:
            unanswered |= {} if (meta.db_table, "core_columns_stay") in found else {meta.label: None}
    assert unanswered == {}
    assert {table for table, name in found if name == "core_mac_goes"} == set()


def test_no_row_gets_another_day(triggers):
    """A migration of a new model with `created_at` says `SELECT core_keep_day('table')`."""
    unguarded = set()
    for model in apps.get_models():
        meta, decides = model._meta, getattr(model, "decides", None)
        dated = any(field.name == "created_at" for field in meta.local_concrete_fields) and not meta.proxy
        covered = isinstance(decides, Decides) and "created_at" in decides.columns
        if dated and not covered and not triggers.get(meta.db_table, {}).get("core_day_stays", [False, False])[1]:
            unguarded.add(meta.db_table)
    assert unguarded == UNDATED
