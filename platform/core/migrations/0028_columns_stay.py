"""Whoever changes a column, so that a query misses its row, does not put it back; and some columns never change.

A query finds a row by its columns before anything looks at its MAC. Three rules, whoever writes:

- Of a table whose MACs are written once, a column under the MAC that changes alone takes the MAC away.
- A column by which acts find a row never changes: whose it is, what it is about. Or it is never emptied again.
- Of a few tables whose MACs are not written once, a row that was deleted is not inserted again under its id.
"""

from django.db import migrations

GUARD = """
-- Its former MAC is refused, since it was written before (0020). The arguments are the columns under no MAC.
CREATE FUNCTION core_mac_goes() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_jsonb(NEW) - TG_ARGV IS DISTINCT FROM to_jsonb(OLD) - TG_ARGV THEN
        NEW.mac := '';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION core_mac_covers(rows_of regclass, but text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS core_mac_goes ON %s', rows_of);
    EXECUTE format('CREATE TRIGGER core_mac_goes BEFORE UPDATE ON %s
        FOR EACH ROW WHEN (OLD.mac = NEW.mac) EXECUTE FUNCTION core_mac_goes(%s)', rows_of,
        (SELECT string_agg(quote_literal(name), ', ') FROM unnest(ARRAY['mac'] || but) name));
END $$;

CREATE FUNCTION core_columns_stay() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a row of % keeps what it is found by: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION core_keep_columns(rows_of regclass, frozen text[], filled text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    change text := (SELECT string_agg(said, ' OR ') FROM (
        SELECT format('OLD.%1$I IS DISTINCT FROM NEW.%1$I', name) FROM unnest(frozen) name
        UNION ALL SELECT format('OLD.%1$I IS NOT NULL AND NEW.%1$I IS NULL', name) FROM unnest(filled) name
    ) found (said));
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS core_columns_stay ON %s', rows_of);
    EXECUTE format('CREATE TRIGGER core_columns_stay BEFORE UPDATE ON %s
        FOR EACH ROW WHEN (%s) EXECUTE FUNCTION core_columns_stay()', rows_of, change);
END $$;

-- An insertion waits for a deletion of the same id under way, and looks afterwards. A snapshot of before would not
-- see it.
CREATE FUNCTION core_gone_for_good() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO public.core_written (name)
            SELECT sha256(convert_to('gone ' || TG_TABLE_NAME || ' ' || id, 'UTF8')) FROM gone ON CONFLICT DO NOTHING;
    ELSIF current_setting('transaction_isolation') <> 'read committed' OR EXISTS (
        SELECT FROM added JOIN public.core_written written
            ON written.name = sha256(convert_to('gone ' || TG_TABLE_NAME || ' ' || added.id, 'UTF8'))
    ) THEN
        RAISE EXCEPTION 'a row of % that was deleted stays so: % refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION core_reading_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM keystore.resident_key WHERE resident_id = OLD.resident_id) THEN
        RAISE EXCEPTION 'a reading stays known while its vault exists: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER core_reading_stays BEFORE DELETE ON records_grantreading
    FOR EACH ROW EXECUTE FUNCTION core_reading_stays();
"""
FORMER = """
DROP FUNCTION core_mac_goes, core_columns_stay, core_gone_for_good, core_reading_stays CASCADE;
DROP FUNCTION core_mac_covers(regclass, text[]), core_keep_columns(regclass, text[], text[]);
"""

#: Each table whose MACs are written once (0021, 0023, 0026), and its columns under no MAC (config/tables.py).
COVERED = """
access_accesstoken: source_refresh_token_id token id_token_id resource created updated
access_authorizationcode: created updated nonce claims resource
access_client: user_id post_logout_redirect_uris hash_client_secret registration_source cimd_expires_at name created
    updated secret_made_at secret_used_on second_secret_made_at second_secret_used_on secret_hint second_secret_hint
access_pseudonym:
access_pushedrequest:
access_refreshtoken: token access_token_id resource created updated
accounts_citydecision: told_at
accounts_factorreset: written written_hash reason asked_told_at decided_told_at
accounts_nomination: told_at
accounts_organisation:
accounts_pendingaccount:
accounts_publisher:
accounts_sheetclosing:
aids_localaid: updated_at
aids_localaidcase:
aids_urgentdates: created_at content
aids_urgentsituation: updated_at
contributions_invitation:
contributions_membership: created_at
contributions_participation: created_at grant_id
contributions_withdrawal: created_at
core_city:
core_helppage:
core_legalpage:
core_phone: created_at content
debates_authorship: created_at
debates_identitycheck: created_at
debates_moderation: notified_at answer_notified_at
debates_provenidentity: created_at
developers_endpoint: made_at challenge_at problem failing_since told_at
developers_trial: made_at
dossiers_dossier: created_at token closing_told job_id built_at pages paper_pages size recipient note note_version
dossiers_part: created_at answered_at recipient
dossiers_seal:
holders_lot: created_at finished_at
holders_sender: created_at
journal_contest: created_at told_at content
labels_answer:
labels_checkresult:
labels_checkrun: sent_at started_at
labels_complaint: created_at told_at content
labels_contactproof:
labels_evidence: added_at
labels_holdercontact:
labels_label: snapshot
labels_labelchange:
labels_labelpurpose:
labels_labelrequest: created_at
labels_message:
labels_purpose:
labels_purposefield:
labels_purposepaper:
labels_purposeversion: content created_at
labels_review: at
labels_service:
labels_signaladdress:
labels_signature:
official_forms_officialform: blank
panel_association:
panel_entry: created_at
panel_panel:
panel_volunteer: told_at
places_place:
plans_campaign:
procedures_procedure: updated_at changes
records_brought: created_at content size
records_draft: created_at updated_at version content
records_export: created_at length job_id
records_grantevent: created_at receipt
records_holder:
records_paper: created_at token replaces_id told_at version content
records_paperfile: created_at size
records_paperkind:
requests_correction: created_at message
requests_letter: created_at size
requests_outsiderequest: created_at token content
requests_requestevent: created_at
requests_sentrequest: created_at token content content_version decision decision_version
sharing_accessrequest: created_at reference told_at
sharing_deskvisit: created_at token
sharing_emergencyaccess: created_at content asked_told_at opened_told_at
sharing_erasurerequest: created_at content
sharing_handover: created_at given_id
sharing_helprequest: created_at answered_at content
sharing_invitation: created_at
sharing_mandate: created_at
sharing_member: created_at
sharing_sharedfact: created_at content
watch_finding: created_at content seen_at
watch_objection: created_at
"""

#: Each table of which a row that is missed for a moment would be enough, or whose MACs are not written once: the
#: columns that never change, then those that are never emptied again.
KEPT = """
access_accesstoken: user_id grant_id
access_authorizationcode: user_id grant_id
access_client: service_id environment
access_pseudonym: service_id person_id
access_refreshtoken: user_id grant_id
account_emailaddress: user_id
accounts_citydecision: what subject proposed_by_id | decided_at
accounts_factorreset: asked_by_id
accounts_invitation: agent_id made_by_id
accounts_membership: person_id organisation_id
accounts_nomination: person_id role organisation_id | confirmed_at ended_at
accounts_organisationpermission: user_id content_object_id
accounts_pendingaccount: email organisation_id publisher_id offered_by_id | opened_at account_id
accounts_publishermember: person_id publisher_id
accounts_publisherpermission: user_id content_object_id
accounts_sheet: person_id
accounts_sheetclosing: person_id | confirmed_at cancelled_at
aids_keptrun: resident_id
aids_urgentdates: resident_id
contributions_membership: resident_id campaign_id
contributions_participation: resident_id campaign_id grant_id dwelling
contributions_withdrawal: resident_id campaign_id
core_job: resident_id kind subject_id
core_phone: resident_id
core_uploadpart: resident_id upload_id
debates_authorship: resident_id post_id
debates_identitycheck: resident_id
debates_moderation: post_id by_id
debates_provenidentity: resident_id
developers_endpoint: client_id
developers_event: service_id environment
dossiers_dossier: resident_id
dossiers_part: resident_id dossier_id asker_id
holders_connection: resident_id connector
holders_sender: holder service_id
journal_contest: resident_id
labels_label: service_id request_id number
labels_labelchange: label_id what proposed_by_id
labels_labelrequest: service_id
mfa_authenticator: user_id
panel_volunteer: panel_id number
records_draft: resident_id
records_export: resident_id
records_grant: resident_id recipient_kind recipient_id subject_id agreement
records_grantdocument: resident_id grant_id document_id
records_grantevent: resident_id grant_id happened
records_grantfield: resident_id grant_id field
records_grantpaper: resident_id grant_id paper_id
records_grantreading: resident_id grant_id at fields paper_kind
records_grantwrite: resident_id grant_id type
records_paper: resident_id
records_paperfile: resident_id paper_id
records_record: resident_id type subject_person
requests_correction: resident_id request_id
requests_letter: resident_id request_id
requests_outsiderequest: resident_id dossier_id
requests_requestevent: resident_id request_id
requests_sentrequest: resident_id organisation_id dossier_id
sharing_accessrequest: resident_id membership_id
sharing_appointment: resident_id code_hash
sharing_deskvisit: resident_id grant_id session_id
sharing_erasurerequest: resident_id grant_id
sharing_handover: resident_id grant_id
sharing_helprequest: resident_id organisation_id on_day
sharing_invitation: resident_id
sharing_link: resident_id grant_id
sharing_mandate: resident_id grant_id membership_id
sharing_member: resident_id household_id
sharing_sharedfact: resident_id grant_id member_id
sharing_visit: resident_id link_id
socialaccount_socialaccount: user_id
watch_finding: resident_id watch_id
watch_objection: resident_id
watch_watch: resident_id
"""

#: Tables without a MAC that is written once, whose deleted rows no head and no count misses.
GONE = """
accounts_membership mfa_authenticator records_grant records_grantdocument records_grantfield records_grantpaper
records_grantwrite records_record
"""
FOR_GOOD = """
CREATE TRIGGER core_gone AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION core_gone_for_good();
CREATE TRIGGER core_gone_for_good AFTER INSERT ON {table} REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION core_gone_for_good();
"""


def read(text: str) -> dict[str, tuple[list[str], list[str]]]:
    """Return the columns of each table: those before the bar, and those behind."""
    lines = (line.partition(":") for line in text.replace("\n    ", " ").strip().splitlines())
    halves = ((table, columns.partition("|")) for table, _colon, columns in lines)
    return {table: (first.split(), second.split()) for table, (first, _bar, second) in halves}


def array(names: list[str]) -> str:
    return f"'{{{','.join(names)}}}'"


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0027_jobs_under_a_mac"),
        ("access", "0006_fapi"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("accounts", "0020_what_a_decision_names"),
        ("aids", "0009_search_path"),
        ("contributions", "0008_codes_serve_once"),
        ("debates", "0006_slips_with_a_date"),
        ("developers", "0007_numbers_by_service"),
        ("dossiers", "0005_files_under_a_mac"),
        ("holders", "0006_lots_finish_once"),
        ("journal", "0002_contests_under_a_mac"),
        ("labels", "0015_search_path"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("official_forms", "0003_search_path"),
        ("panel", "0002_search_path"),
        ("places", "0002_signed"),
        ("plans", "0003_search_path"),
        ("procedures", "0004_search_path"),
        ("records", "0010_brought_copies_stay"),
        ("requests", "0006_nobody_could_answer"),
        ("sharing", "0007_urgent_accesses_stay"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("watch", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(GUARD, FORMER),
        *(
            migrations.RunSQL(f"SELECT core_mac_covers('{table}', {array(free)})", migrations.RunSQL.noop)
            for table, (free, _none) in read(COVERED).items()
        ),
        *(
            migrations.RunSQL(
                f"SELECT core_keep_columns('{table}', {array(frozen)}, {array(filled)})", migrations.RunSQL.noop
            )
            for table, (frozen, filled) in read(KEPT).items()
        ),
        *(migrations.RunSQL(FOR_GOOD.format(table=table), migrations.RunSQL.noop) for table in GONE.split()),
    ]
