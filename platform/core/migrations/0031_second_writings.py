"""What a second writing would obtain: a note of a deletion written before it, another id, another number of a content.

Beside it, columns that find a row and that nothing kept: the campaign of a code, the paper that another replaces.
"""

from importlib import import_module

from django.db import migrations

former = import_module("core.migrations.0028_columns_stay")
days = import_module("core.migrations.0030_days_stay")

#: Tables whose deleted rows are not inserted again under their id (0028 to 0030), and whose MACs are not written once.
GONE = f"{former.GONE} {days.GONE} accounts_sheet"
#: Columns under no MAC, now that the numbers of what is sealed are under it (config/tables.py).
COVERED = """
dossiers_dossier: created_at token closing_told job_id built_at pages paper_pages size recipient note
records_draft: created_at updated_at content
records_paper: created_at token replaces_id told_at content
requests_sentrequest: created_at token content decision
"""
#: As in 0028.
KEPT = """
contributions_invitation: campaign_id
"""

# A note that was there before, with an end, would be gone in time.
FOR_GOOD = """
CREATE OR REPLACE FUNCTION core_gone_for_good() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO public.core_written (name)
            SELECT sha256(convert_to('gone ' || TG_TABLE_NAME || ' ' || id, 'UTF8')) FROM gone ON CONFLICT DO NOTHING;
        IF NOT EXISTS (
            SELECT FROM gone JOIN public.core_written written
                ON written.name = sha256(convert_to('gone ' || TG_TABLE_NAME || ' ' || gone.id, 'UTF8'))
            WHERE written.until IS NOT NULL
        ) THEN
            RETURN NULL;
        END IF;
    ELSIF current_setting('transaction_isolation') = 'read committed' AND NOT EXISTS (
        SELECT FROM added JOIN public.core_written written
            ON written.name = sha256(convert_to('gone ' || TG_TABLE_NAME || ' ' || added.id, 'UTF8'))
    ) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'a row of % that was deleted stays so: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""
SAME_ID = """
CREATE TRIGGER core_same_id BEFORE UPDATE OF id ON {table}
    FOR EACH ROW WHEN (OLD.id IS DISTINCT FROM NEW.id) EXECUTE FUNCTION core_same_id();
"""
# A copy that is brought says of kept papers what they replaced. One that waits replaces what its resident said.
REPLACES = """
CREATE TRIGGER core_columns_stay BEFORE UPDATE ON records_paper FOR EACH ROW WHEN (
    OLD.resident_id IS DISTINCT FROM NEW.resident_id
    OR NEW.replaces_id IS NOT NULL AND OLD.replaces_id IS DISTINCT FROM NEW.replaces_id AND OLD.state <> 'kept'
) EXECUTE FUNCTION core_columns_stay();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0030_days_stay"),
        ("accounts", "0020_what_a_decision_names"),
        ("contributions", "0008_codes_serve_once"),
        ("dossiers", "0005_files_under_a_mac"),
        ("holders", "0006_lots_finish_once"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("records", "0011_ended_by_the_city"),
        ("requests", "0006_nobody_could_answer"),
    ]

    operations = [
        migrations.RunSQL(FOR_GOOD, migrations.RunSQL.noop),
        *(
            migrations.RunSQL(f"DROP TRIGGER IF EXISTS core_same_id ON {table};{SAME_ID.format(table=table)}", "")
            for table in GONE.split()
        ),
        *(
            migrations.RunSQL(f"SELECT core_mac_covers('{table}', {former.array(free)})", migrations.RunSQL.noop)
            for table, (free, _none) in former.read(COVERED).items()
        ),
        *(
            migrations.RunSQL(
                f"SELECT core_keep_columns('{table}', {former.array(frozen)}, {former.array(filled)})",
                migrations.RunSQL.noop,
            )
            for table, (frozen, filled) in former.read(KEPT).items()
        ),
        migrations.RunSQL(f"DROP TRIGGER core_columns_stay ON records_paper;{REPLACES}", migrations.RunSQL.noop),
    ]
