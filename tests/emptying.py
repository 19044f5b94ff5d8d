"""A worker's database, brought back to its template after a test that committed: what it wrote goes, what it removed
returns.

Django's flush can't, since the journal refuses DELETE and TRUNCATE; an administrator in the role of a replica can. It
takes a few milliseconds where a new copy of the template takes a tenth of a second or more. Where a test has changed a
table itself, or the account that runs the tests is no superuser, only a new copy will do, and `restore` says so.
"""

from typing import LiteralString

import psycopg

#: Rows that the migrations wrote are kept beside; most tables have none. The statements of `kept.restore` are written
#: out, so that a session plans each once.
KEEP: LiteralString = """
CREATE SCHEMA kept;
CREATE TABLE kept.sequences AS
    SELECT format('%I.%I', schemaname, sequencename)::regclass AS name, last_value, start_value FROM pg_sequences;

CREATE FUNCTION kept.shape() RETURNS text LANGUAGE sql AS $$
    SELECT md5(concat(
        (SELECT string_agg(concat(oid, relname, relkind, relacl), ' ' ORDER BY oid) FROM pg_class
            WHERE relnamespace IN (
                'public'::regnamespace, 'keystore'::regnamespace, 'campaigns'::regnamespace)),
        (SELECT string_agg(oid::text, ' ' ORDER BY oid) FROM pg_constraint),
        (SELECT string_agg(concat(attrelid, attname, atttypid, attnotnull, atthasdef), ' ' ORDER BY attrelid, attnum)
            FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0),
        (SELECT string_agg(concat(oid, tgenabled), ' ' ORDER BY oid) FROM pg_trigger),
        (SELECT string_agg(concat(oid, prosrc, proacl), ' ' ORDER BY oid) FROM pg_proc WHERE oid >= 16384)))
$$;

DO $$ DECLARE found regclass; filled boolean; steps text := ''; BEGIN
    FOR found IN
        SELECT oid FROM pg_class
            WHERE relkind = 'r' AND relnamespace IN (
                'public'::regnamespace, 'keystore'::regnamespace, 'campaigns'::regnamespace)
    LOOP
        EXECUTE format('SELECT EXISTS (TABLE %s)', found) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE kept.rows_%s AS TABLE %s', found::oid, found);
            steps := steps || format('IF EXISTS (TABLE %1$s EXCEPT TABLE %2$s) OR EXISTS (TABLE %2$s EXCEPT TABLE %1$s)
                THEN DELETE FROM %1$s; INSERT INTO %1$s OVERRIDING SYSTEM VALUE TABLE %2$s; END IF;',
                found, 'kept.rows_' || found::oid);
        ELSE
            steps := steps || format('DELETE FROM %s;', found);
        END IF;
    END LOOP;
    EXECUTE format('CREATE FUNCTION kept.restore() RETURNS void LANGUAGE plpgsql AS %L', 'BEGIN ' || steps || '
        PERFORM setval(name, coalesce(last_value, start_value), last_value IS NOT NULL) FROM kept.sequences
            WHERE last_value IS DISTINCT FROM pg_sequence_last_value(name);
        END');
END $$;
"""
#: Whoever else is still connected is not to write any more; `DROP DATABASE … WITH (FORCE)` does the same.
ALONE: LiteralString = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL(%s) AND backend_type = 'client backend'
"""


def keep(admin: psycopg.Connection[tuple[object, ...]]) -> object:
    """Called once, on a new copy. It answers with the shape of the database, for `restore`."""
    admin.execute(KEEP)
    return shape(admin)


def restore(admin: psycopg.Connection[tuple[object, ...]], kept: object, idle: list[int]) -> bool:
    """False when a table, a right, a constraint or a trigger is not what it was, or nobody may: nothing is restored
    then. The server processes of `idle` stay, the other connections end.
    """
    admin.execute(ALONE, [idle])
    if shape(admin) != kept:
        return False
    try:
        admin.execute("SET session_replication_role = replica; SELECT kept.restore()")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def shape(admin: psycopg.Connection[tuple[object, ...]]) -> object:
    found = admin.execute("SELECT kept.shape()").fetchone()
    return found[0] if found else None
