"""Who somebody works for never changes, rows of the city that no verb deletes stay, and only the next checkpoint comes.

What was proposed, reviewed, refused or offered decides by being there. A kind of account, by which accounts are found,
would hide a person for a moment.
"""

from importlib import import_module

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

former = import_module("core.migrations.0028_columns_stay")

#: As in 0028. A place that ended is never open again: who returns gets another one.
KEPT = """
accounts_membership: person_id organisation_id | ended_at
accounts_publishermember: person_id publisher_id | ended_at
accounts_user: is_staff is_companion is_publisher is_persona
"""
#: As in 0028.
GONE = "accounts_organisationpermission accounts_publisherpermission accounts_sheet"
#: Tables of the city from which no verb of the portal deletes.
STAY = """
accounts_citydecision accounts_factorreset accounts_membership accounts_organisation accounts_publisher
accounts_publishermember accounts_sheetclosing accounts_user core_helppage debates_moderation dossiers_seal
holders_sender labels_answer labels_contactproof labels_holdercontact labels_label labels_labelchange
labels_labelpurpose labels_labelrequest labels_message labels_purposeversion labels_review labels_service
labels_signaladdress labels_signature places_place plans_campaign records_holder records_paperkind
"""

# An offer names the account that it opened: whose it is never changes.
ACCOUNT = """
CREATE TRIGGER accounts_account_stays BEFORE UPDATE ON accounts_pendingaccount FOR EACH ROW
    WHEN (OLD.account_id IS NOT NULL AND NEW.account_id IS DISTINCT FROM OLD.account_id)
    EXECUTE FUNCTION core_columns_stay();
"""
# As in 0016; and no id comes before the first one, whose time says how old the portal is.
FOLLOWS = """
CREATE OR REPLACE FUNCTION core_leaf_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE last record;
BEGIN
    SELECT number, at, chain INTO last FROM public.core_journalleaf
        WHERE resident_id = NEW.resident_id ORDER BY number DESC LIMIT 1;
    IF NEW.number = coalesce(last.number, 0) + 1 AND NEW.id >= (SELECT coalesce(min(id), NEW.id) FROM public.core_journalleaf)
        AND NEW.at >= coalesce(last.at, NEW.at) AND NEW.at <= public.core_leaf_not_after()
        AND NEW.chain = sha256('\\x01'::bytea || coalesce(last.chain, decode(repeat('00', 32), 'hex')) || NEW.leaf) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'leaf % does not follow from the last one of its chain', NEW.number
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
# The number that follows a restore is its operator's, who owns the table. A day, so that a clock that is wrong by less
# stops nobody. Seals of a checkpoint that is there would change its root for all whom it sealed.
NEXT = """
CREATE FUNCTION core_checkpoint_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.at <= public.core_leaf_not_after() AND (
        NEW.number = (SELECT coalesce(max(number), 0) + 1 FROM public.core_checkpoint)
        OR pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'checkpoint % does not follow from the last one', NEW.number
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER core_checkpoint_follows BEFORE INSERT ON core_checkpoint
    FOR EACH ROW EXECUTE FUNCTION core_checkpoint_follows();

CREATE FUNCTION core_seal_comes_first() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The lock under which checkpoints are made (checkpoints.LOCK), shared: none is made beside a seal that is not committed yet.
    PERFORM pg_advisory_xact_lock_shared(8315159405262694190);
    IF EXISTS (SELECT FROM added JOIN public.core_checkpoint point ON point.number = added.checkpoint_id) THEN
        RAISE EXCEPTION 'a checkpoint that was made seals nothing more'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER core_seal_comes_first AFTER INSERT ON core_journalseal REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION core_seal_comes_first();
"""
ANY = """
DROP TRIGGER core_checkpoint_follows ON core_checkpoint;
DROP TRIGGER core_seal_comes_first ON core_journalseal;
DROP FUNCTION core_checkpoint_follows(), core_seal_comes_first();
"""


def set_rights(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Set the rights of the role, as 0012 does."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s AND rolname <> current_user", [settings.WEB_ROLE])
        if cursor.rowcount:
            role = schema_editor.quote_name(settings.WEB_ROLE)
            cursor.execute(f"REVOKE DELETE, TRUNCATE ON {', '.join(STAY.split())} FROM {role}")


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0028_columns_stay"),
        ("accounts", "0020_what_a_decision_names"),
        ("debates", "0006_slips_with_a_date"),
        ("dossiers", "0005_files_under_a_mac"),
        ("holders", "0006_lots_finish_once"),
        ("labels", "0016_urgent_suspensions"),
        ("panel", "0002_search_path"),
        ("places", "0002_signed"),
        ("plans", "0003_search_path"),
        ("records", "0011_ended_by_the_city"),
    ]

    operations = [
        *(
            migrations.RunSQL(
                f"SELECT core_keep_columns('{table}', {former.array(frozen)}, {former.array(filled)})",
                migrations.RunSQL.noop,
            )
            for table, (frozen, filled) in former.read(KEPT).items()
        ),
        *(
            migrations.RunSQL(former.FOR_GOOD.format(table=table), migrations.RunSQL.noop)
            for table in GONE.split()
        ),
        migrations.RunSQL(ACCOUNT, "DROP TRIGGER accounts_account_stays ON accounts_pendingaccount"),
        migrations.RunSQL(FOLLOWS, migrations.RunSQL.noop),
        migrations.RunSQL(NEXT, ANY),
        migrations.RunPython(set_rights, migrations.RunPython.noop),
    ]
