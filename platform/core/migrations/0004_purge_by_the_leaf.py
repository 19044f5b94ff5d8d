"""The purge and its guard read the leaf's time, which the entry's hash covers, and not the entry's own column."""

from django.db import migrations, models
from django.db.models.functions import Cast

APPEND_ONLY = """
CREATE OR REPLACE FUNCTION core_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'core_journalentry' THEN
        IF current_setting('garant.erasing', true) = OLD.resident_id::text THEN
            RETURN OLD;
        END IF;
        IF current_setting('garant.purging', true) = 'on'
            AND (SELECT at FROM public.core_journalleaf WHERE id = OLD.leaf_id) < public.core_purged_before() THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the journal is append-only: % on % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

PURGE = """
CREATE OR REPLACE FUNCTION core_purge_journal(kept uuid[]) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE removed bigint;
BEGIN
    PERFORM set_config('garant.purging', 'on', true);
    DELETE FROM public.core_journalentry entry USING public.core_journalleaf leaf
        WHERE leaf.id = entry.leaf_id AND leaf.at < public.core_purged_before() AND entry.id <> ALL (kept) AND EXISTS (
            SELECT FROM public.core_journalseal seal JOIN public.core_checkpoint point ON point.number = seal.checkpoint_id
            WHERE seal.resident_id = leaf.resident_id AND seal.number >= leaf.number
                AND point.at < public.core_purged_before());
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('garant.purging', '', true);
    RETURN removed;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0003_help_pages")]

    operations = [
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
        migrations.RunSQL(PURGE, migrations.RunSQL.noop),
        migrations.AlterField(
            "Checkpoint",
            "upto",
            models.BigIntegerField(
                help_text="every transaction under this number was over: a hint of what is new (core/journal/sealing.py)"
            ),
        ),
        migrations.AlterField(
            "JournalLeaf",
            "xid",
            models.BigIntegerField(
                db_default=Cast(
                    Cast(models.Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()
                ),
                help_text="the transaction that wrote it: a hint of what is new (core/journal/sealing.py)",
            ),
        ),
    ]
