"""The day of a row stays, codes of a group stay once its campaign is approved, and a request keeps its corrections.

`created_at` is under no MAC. It says how long a code lasts, what a visit added, which access was recent.
"""

from importlib import import_module

from django.db import migrations

former = import_module("core.migrations.0028_columns_stay")

#: Each table with a `created_at` under no MAC, but for jobs and lots, which nothing decides by.
DATED = """
access_refusedcalls aids_keptrun aids_urgentdates contributions_membership contributions_participation
contributions_withdrawal core_phone core_upload core_uploadpart debates_authorship debates_identitycheck
debates_provenidentity dossiers_dossier dossiers_part holders_connection holders_datarequest holders_lotline
holders_requestpaper holders_sender journal_alerts journal_contest labels_complaint labels_labelrequest
labels_purposeversion panel_entry records_brought records_draft records_export records_grant records_grantdocument
records_grantevent records_grantfield records_grantpaper records_grantreading records_grantwrite records_paper
records_paperfile records_record requests_correction requests_letter requests_outsiderequest requests_requestevent
requests_sentrequest sharing_accessrequest sharing_appointment sharing_deskvisit sharing_emergencyaccess
sharing_erasurerequest sharing_handover sharing_helprequest sharing_household sharing_invitation sharing_link
sharing_mandate sharing_mandateact sharing_member sharing_sharedfact sharing_visit watch_finding watch_objection
watch_watch
"""
#: As in 0028: the MACs of connections are not written once.
GONE = "holders_connection"

DAY = """
CREATE FUNCTION core_keep_day(rows_of regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER core_day_stays BEFORE UPDATE ON %s
        FOR EACH ROW WHEN (OLD.created_at IS DISTINCT FROM NEW.created_at) EXECUTE FUNCTION core_columns_stay()', rows_of);
END $$;
"""
# Its author makes the list again until the approval: whoever makes it later would hand out more codes than people.
CODES = """
CREATE FUNCTION contributions_codes_stay() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM gone JOIN public.plans_campaign campaign ON campaign.id = gone.campaign_id
               WHERE campaign.state IN ('approved', 'open')) THEN
        RAISE EXCEPTION 'the codes of a group stay once its campaign is approved: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contributions_codes_stay AFTER DELETE ON contributions_invitation REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION contributions_codes_stay();
"""
# Looked at when the transaction ends: a request leaves, or is deleted, with the corrections that it waited for.
CORRECTIONS = """
CREATE FUNCTION requests_correction_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM public.requests_sentrequest WHERE id = OLD.request_id AND state IN ('received', 'review', 'correction')) THEN
        RAISE EXCEPTION 'an open request keeps its corrections: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER requests_correction_stays AFTER DELETE ON requests_correction DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION requests_correction_stays();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0029_city_rows_stay"),
        ("access", "0006_fapi"),
        ("aids", "0009_search_path"),
        ("contributions", "0008_codes_serve_once"),
        ("debates", "0006_slips_with_a_date"),
        ("dossiers", "0005_files_under_a_mac"),
        ("holders", "0006_lots_finish_once"),
        ("journal", "0002_contests_under_a_mac"),
        ("labels", "0016_urgent_suspensions"),
        ("panel", "0002_search_path"),
        ("plans", "0003_search_path"),
        ("records", "0011_ended_by_the_city"),
        ("requests", "0006_nobody_could_answer"),
        ("sharing", "0007_urgent_accesses_stay"),
        ("watch", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(DAY, "DROP FUNCTION core_keep_day(regclass)"),
        *(
            migrations.RunSQL(f"SELECT core_keep_day('{table}')", f"DROP TRIGGER core_day_stays ON {table}")
            for table in DATED.split()
        ),
        migrations.RunSQL(former.FOR_GOOD.format(table=GONE), migrations.RunSQL.noop),
        migrations.RunSQL(CODES, "DROP FUNCTION contributions_codes_stay() CASCADE"),
        migrations.RunSQL(CORRECTIONS, "DROP FUNCTION requests_correction_stays() CASCADE"),
    ]
