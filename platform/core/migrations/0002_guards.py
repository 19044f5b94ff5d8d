"""What the database itself refuses, whoever asks: changes to the journal. And what the running role may do, where it exists."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION core_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'core_journalentry' THEN
        IF current_setting('garant.erasing', true) = OLD.resident_id::text THEN
            RETURN OLD;
        END IF;
        IF current_setting('garant.purging', true) = 'on' AND OLD.created_at < public.core_purged_before() THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the journal is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER core_append_only BEFORE UPDATE OR DELETE ON core_journalleaf FOR EACH ROW EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_append_only BEFORE UPDATE OR DELETE ON core_journalentry FOR EACH ROW EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_append_only BEFORE UPDATE OR DELETE ON core_journalseal FOR EACH ROW EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_append_only BEFORE UPDATE OF number, at, note, upto OR DELETE ON core_checkpoint
    FOR EACH ROW EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_never_emptied BEFORE TRUNCATE ON core_journalleaf FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_never_emptied BEFORE TRUNCATE ON core_journalentry FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_never_emptied BEFORE TRUNCATE ON core_journalseal FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
CREATE TRIGGER core_never_emptied BEFORE TRUNCATE ON core_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
"""

NOT_APPEND_ONLY = """
DROP TRIGGER core_append_only ON core_journalleaf;
DROP TRIGGER core_append_only ON core_journalentry;
DROP TRIGGER core_append_only ON core_journalseal;
DROP TRIGGER core_append_only ON core_checkpoint;
DROP TRIGGER core_never_emptied ON core_journalleaf;
DROP TRIGGER core_never_emptied ON core_journalentry;
DROP TRIGGER core_never_emptied ON core_journalseal;
DROP TRIGGER core_never_emptied ON core_checkpoint;
DROP FUNCTION core_append_only();
"""

# The one way to remove entries: all of one resident's, and only once their key is gone, when nobody can read them any more.
# It runs as its owner, because the running role may not DELETE. The leaves stay.
ERASE = """
CREATE FUNCTION core_erase_journal(erased uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE removed integer;
BEGIN
    IF EXISTS (SELECT FROM keystore.resident_key WHERE resident_id = erased) THEN
        RAISE EXCEPTION 'erase the key of % first', erased USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    PERFORM set_config('garant.erasing', erased::text, true);
    DELETE FROM public.core_journalentry WHERE resident_id = erased;
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('garant.erasing', '', true);
    RETURN removed;
END $$;
REVOKE ALL ON FUNCTION core_erase_journal(uuid) FROM PUBLIC;
"""

# The other way: entries that have lasted their time, as core/journal/__init__.py says (KEPT), under a checkpoint as old; a day more, so that a clock
# that differs never shows as missing what was due. For the owner of the tables only. `kept` stay all the same. The leaves stay.
PURGE = """
CREATE FUNCTION core_purged_before() RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT now() - make_interval(hours => 24 * 1097) $$;

CREATE FUNCTION core_purge_journal(kept uuid[]) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE removed bigint;
BEGIN
    PERFORM set_config('garant.purging', 'on', true);
    DELETE FROM public.core_journalentry entry USING public.core_journalleaf leaf
        WHERE leaf.id = entry.leaf_id AND entry.created_at < public.core_purged_before() AND entry.id <> ALL (kept) AND EXISTS (
            SELECT FROM public.core_journalseal seal JOIN public.core_checkpoint point ON point.number = seal.checkpoint_id
            WHERE seal.resident_id = leaf.resident_id AND seal.number >= leaf.number AND point.at < public.core_purged_before());
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('garant.purging', '', true);
    RETURN removed;
END $$;
REVOKE ALL ON FUNCTION core_purge_journal(uuid[]) FROM PUBLIC;
"""

# A database made without our roles (a developer's own server) still migrates: there the triggers alone guard the journal.
RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'web') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON core_journalleaf, core_journalentry, core_journalseal, core_checkpoint FROM web;
        GRANT SELECT, INSERT ON core_journalleaf, core_journalentry, core_journalseal, core_checkpoint TO web;
        GRANT UPDATE (anchored_at) ON core_checkpoint TO web;
        GRANT USAGE ON SEQUENCE core_journalleaf_id_seq, core_journalseal_id_seq TO web;
        REVOKE ALL ON SCHEMA keystore FROM web;
        GRANT USAGE ON SCHEMA keystore TO web;
        REVOKE ALL ON keystore.resident_key FROM web;
        GRANT SELECT, INSERT, DELETE ON keystore.resident_key TO web;
        GRANT EXECUTE ON FUNCTION core_erase_journal(uuid) TO web;
    END IF;
END $$;
"""

# Django's DatabaseCache, as createcachetable writes it.
CACHE = """
CREATE TABLE core_cache (cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamp with time zone NOT NULL);
CREATE INDEX core_cache_expires ON core_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
        migrations.RunSQL(ERASE, "DROP FUNCTION core_erase_journal(uuid)"),
        migrations.RunSQL(PURGE, "DROP FUNCTION core_purge_journal(uuid[]); DROP FUNCTION core_purged_before()"),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
        migrations.RunSQL(CACHE, "DROP TABLE core_cache"),
    ]
