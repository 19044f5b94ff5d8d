"""Which rows are written once: those under a MAC that neither a head nor their table's own triggers protect."""

from django.db import migrations

TABLES = """
access_client access_pseudonym accounts_citydecision accounts_factorreset accounts_nomination
accounts_organisation accounts_pendingaccount accounts_publisher accounts_sheetclosing
aids_localaid aids_localaidcase aids_urgentdates aids_urgentsituation contributions_invitation
contributions_membership contributions_participation contributions_withdrawal core_city core_helppage
core_legalpage debates_authorship debates_identitycheck debates_moderation
debates_provenidentity developers_endpoint developers_trial dossiers_dossier dossiers_part dossiers_seal
holders_lot holders_sender labels_answer labels_checkresult labels_checkrun labels_contactproof
labels_evidence labels_holdercontact labels_label labels_labelchange labels_labelpurpose labels_labelrequest
labels_message labels_purpose labels_purposefield labels_purposepaper labels_purposeversion labels_review
labels_service labels_signaladdress labels_signature official_forms_officialform panel_association panel_entry
panel_panel panel_volunteer places_place plans_campaign procedures_procedure records_brought records_export
records_holder records_paper records_paperfile records_paperkind requests_correction requests_letter
requests_outsiderequest requests_requestevent requests_sentrequest sharing_accessrequest sharing_deskvisit
sharing_emergencyaccess sharing_erasurerequest sharing_handover sharing_helprequest sharing_invitation
sharing_mandate sharing_member watch_finding watch_objection
"""
#: Rows that open nothing after some time.
LASTING = {'access_authorizationcode': '8 days', 'access_accesstoken': '8 days', 'access_refreshtoken': '3 years'}


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0020_written_once"),
        ('access', '0004_lots'),
        ('accounts', '0013_object_permissions'),
        ('aids', '0008_versions_signed'),
        ('contributions', '0006_no_list_of_contributors'),
        ('debates', '0004_database_clock_and_two_boxes'),
        ('developers', '0006_events_under_mac'),
        ('dossiers', '0005_files_under_a_mac'),
        ('holders', '0004_terms_of_senders'),
        ('labels', '0013_messages_under_mac'),
        ('official_forms', '0002_signed_again'),
        ('panel', '0001_initial'),
        ('places', '0002_signed'),
        ('plans', '0002_guards'),
        ('procedures', '0003_versions_signed'),
        ('records', '0008_kinds_and_holders_under_mac'),
        ('requests', '0005_signed'),
        ('sharing', '0005_simulated_acts'),
        ('watch', '0001_initial'),
    ]

    operations = [
        *(
            migrations.RunSQL(
                f"SELECT core_write_once('{table}')",
                f"DROP TRIGGER core_written_once ON {table}; DROP TRIGGER core_same_id ON {table}",
            )
            for table in TABLES.split()
        ),
        *(
            migrations.RunSQL(
                f"SELECT core_write_once('{table}', '{lasts}')",
                f"DROP TRIGGER core_written_once ON {table}; DROP TRIGGER core_same_id ON {table}",
            )
            for table, lasts in LASTING.items()
        ),
    ]
