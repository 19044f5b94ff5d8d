"""A leaf is taken only as the next one of its chain: its number, its time, and its hash after the one before."""

from django.db import migrations

# A day, so that a clock that is wrong by less stops nobody.
NOT_AFTER = """
CREATE OR REPLACE FUNCTION core_leaf_not_after() RETURNS timestamptz LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$ SELECT now() + interval '1 day' $$;
"""
# Whoever owns the table can still switch the trigger off. The checkpoints are there for them.
FOLLOWS = """
CREATE FUNCTION core_leaf_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE last record;
BEGIN
    SELECT number, at, chain INTO last FROM public.core_journalleaf
        WHERE resident_id = NEW.resident_id ORDER BY number DESC LIMIT 1;
    IF NEW.number = coalesce(last.number, 0) + 1
        AND NEW.at >= coalesce(last.at, NEW.at) AND NEW.at <= public.core_leaf_not_after()
        AND NEW.chain = sha256('\\x01'::bytea || coalesce(last.chain, decode(repeat('00', 32), 'hex')) || NEW.leaf) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'leaf % does not follow from the last one of its chain', NEW.number
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER core_leaf_follows BEFORE INSERT ON core_journalleaf
    FOR EACH ROW EXECUTE FUNCTION core_leaf_follows();
"""
ANY_LEAF = """
DROP TRIGGER core_leaf_follows ON core_journalleaf;
DROP FUNCTION core_leaf_follows();
DROP FUNCTION core_leaf_not_after();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0015_used_once")]

    operations = [migrations.RunSQL(NOT_AFTER + FOLLOWS, ANY_LEAF)]
