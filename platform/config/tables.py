"""The tables and columns that no MAC covers, and why whoever writes there without the keyring decides nothing.

A model says it for its whole table (`decides = nothing(…)`), or names the columns under its rows' MAC
(`core/models/rows.py`). What is left is here: columns that such a list leaves out, tables of other packages, and
tables that have no model. `tests/architecture/test_tables.py` compares all this with the database's own catalogue;
`tests/attacks/test_deciding_nothing.py` writes each column, and looks whether anything but a shown text changes.
"""

SEALED = "sealed for its row and column: another content is not opened"
ORDER = "when the row was made: shown, and an order"
SHOWN = "shown to those who read the row, and to them only"
TOLD = "says that a message left: it leaves again, or not at all"
MACHINE = "how far a machine was with it"
HASHED = "the text whose hash is under the MAC; another one is refused"
FORMER = "read by nothing but the MACs of an earlier version"
TWICE = "tells a form sent twice from two forms"

#: By table. Of third parties, and of raw SQL.
TABLES = {
    "account_emailconfirmation": "no page confirms an address by a link",
    "accounts_user_groups": "rights follow the role and the settings (accounts/sign_in/backends.py)",
    "accounts_user_user_permissions": "rights follow the role and the settings",
    "auth_group": "rights follow the role and the settings",
    "auth_group_permissions": "rights follow the role and the settings",
    "auth_permission": "rights follow the role and the settings",
    "core_cache": "counts of tries, which nobody's account or vault depends on",
    "django_admin_log": "the admin's own history, which no page shows",
    "django_content_type": "names of models",
    "django_migrations": "which migrations ran; the owner of the tables alone reads it in order to change them",
    "guardian_groupobjectpermission": "nothing asks it",
    "guardian_userobjectpermission": "nothing asks it: rights on one object are in models of ours",
    "oauth2_provider_devicegrant": "no address opens that flow",
    "socialaccount_socialapp": "providers are declared in the settings",
    "socialaccount_socialtoken": "no token of a provider is used",
}

#: By model, then by columns.
COLUMNS: dict[str, dict[str, str]] = {
    "mfa.Authenticator": {"last_used_at": SHOWN},
    "socialaccount.SocialAccount": {"last_login date_joined": SHOWN, "extra_data": "no page reads it"},
    "accounts.User": {"last_login": SHOWN},
    "accounts.Sheet": {"printed_at": SHOWN},
    "accounts.Membership": {"since": SHOWN, "instructed decided": FORMER},
    "accounts.PublisherMember": {"since": SHOWN, "had_role": FORMER},
    "accounts.CityDecision": {"told_at": TOLD},
    "accounts.Nomination": {"told_at": TOLD},
    "accounts.FactorReset": {
        "written written_hash reason": "the two persons' words, which the page shows beside their names",
        "asked_told_at decided_told_at": TOLD,
    },
    "records.Paper": {
        "created_at": ORDER,
        "token": TWICE,
        "replaces": "an order: the replaced paper's own end is under its MAC and in the head",
        "told_at": TOLD,
        "content": SEALED,
    },
    "records.PaperFile": {"created_at": ORDER, "size": "shown; the file's own length decides what is sent"},
    "records.Brought": {"created_at": ORDER, "content": SEALED, "size": SHOWN},
    "records.Export": {"created_at": ORDER, "length": SHOWN, "job": MACHINE},
    "core.UploadPart": {"created_at": ORDER},
    "core.Phone": {"created_at": ORDER, "content": SEALED},
    "core.Job": {
        "created_at": ORDER,
        "state done total problem attempts losses sent_at heartbeat_at finished_at cancel_asked": MACHINE,
    },
    "records.Grant": {"created_at": ORDER, "recipient_name snapshot": SEALED},
    "records.GrantField": {
        "created_at": ORDER,
        "required": "the agreement's text says it, whose hash is under the MAC",
    },
    "records.GrantDocument": {"created_at": ORDER},
    "records.GrantPaper": {"created_at": ORDER},
    "records.GrantWrite": {"created_at": ORDER},
    "records.GrantEvent": {"created_at": ORDER, "receipt": "signed, and verified with the published keys"},
    "records.Draft": {"created_at updated_at": ORDER, "content": SEALED},
    "journal.Contest": {"created_at": ORDER, "told_at": TOLD, "content": SEALED},
    "records.Record": {
        "created_at": ORDER,
        "supersedes": "sealed with the content, and in the head",
        "content": SEALED,
    },
    "holders.Connection": {
        "created_at": ORDER,
        "last_success_at last_try_at problem failures next_pull_at": MACHINE,
        "content": SEALED,
    },
    "holders.Sender": {"created_at": ORDER},
    "holders.Lot": {"created_at": ORDER, "finished_at": MACHINE},
    "sharing.AccessRequest": {"created_at": ORDER, "reference": SHOWN, "told_at": TOLD},
    "sharing.DeskVisit": {"created_at": ORDER, "token": TWICE},
    "sharing.EmergencyAccess": {"created_at": ORDER, "content": SEALED, "asked_told_at opened_told_at": TOLD},
    "sharing.ErasureRequest": {"created_at": ORDER, "content": SEALED},
    "sharing.HelpRequest": {"created_at answered_at": ORDER, "content": SEALED},
    "sharing.Member": {"created_at": ORDER},
    "sharing.Invitation": {"created_at": ORDER},
    "sharing.SharedFact": {"created_at": ORDER, "content": SEALED},
    "sharing.Link": {"created_at": ORDER, "form": TWICE, "content": SEALED},
    "sharing.Visit": {"created_at": ORDER},
    "sharing.Mandate": {"created_at": ORDER},
    "sharing.Handover": {"created_at": ORDER, "given_id": "which grant a yes gave: that grant decides"},
    "sharing.Appointment": {"created_at": ORDER, "content": SEALED},
    "aids.UrgentDates": {"created_at": ORDER, "content": SEALED},
    "aids.KeptRun": {"created_at": ORDER, "content": SEALED},
    "aids.LocalAid": {"updated_at": ORDER},
    "aids.UrgentSituation": {"updated_at": ORDER},
    "procedures.Procedure": {"updated_at changes": "order of the writings of a draft"},
    "official_forms.OfficialForm": {"blank": HASHED},
    "dossiers.Dossier": {
        "created_at": ORDER,
        "token": TWICE,
        "closing_told": TOLD,
        "job": MACHINE,
        "built_at pages paper_pages size": SHOWN,
        "recipient note": SEALED,
    },
    "dossiers.Part": {
        "created_at answered_at": ORDER,
        "recipient": SEALED,
    },
    "requests.SentRequest": {
        "created_at": ORDER,
        "token": TWICE,
        "content decision": SEALED,
    },
    "requests.OutsideRequest": {"created_at": ORDER, "token": TWICE, "content": SEALED},
    "requests.RequestEvent": {"created_at": ORDER},
    "requests.Letter": {"created_at": ORDER, "size": SHOWN},
    "requests.Correction": {"created_at": ORDER, "message": SEALED},
    "watch.Watch": {
        "created_at": ORDER,
        "content": SEALED,
        "checked_at due_at changes law taken_until": MACHINE,
    },
    "watch.Finding": {"created_at": ORDER, "content": SEALED, "seen_at": SHOWN},
    "watch.Objection": {"created_at": ORDER},
    "labels.LabelRequest": {"created_at": ORDER},
    "labels.Complaint": {"created_at": ORDER, "told_at": TOLD, "content": SEALED},
    "labels.Review": {"at": ORDER},
    "labels.CheckRun": {"sent_at started_at": MACHINE},
    "labels.Evidence": {"added_at": ORDER},
    "labels.PurposeVersion": {"content": HASHED, "created_at": ORDER},
    "labels.Label": {"snapshot": HASHED},
    "access.Client": {
        "user post_logout_redirect_uris hash_client_secret registration_source cimd_expires_at": "no page reads it",
        "name": "by which its publisher's members know it; the service's, which residents read, is under a MAC",
        "created updated secret_made_at secret_used_on second_secret_made_at second_secret_used_on": SHOWN,
        "secret_hint second_secret_hint": SHOWN,
    },
    "access.AuthorizationCode": {"created updated": ORDER, "nonce claims resource": "bound by the code's checksum"},
    "access.AccessToken": {
        "source_refresh_token token id_token resource": "the checksum alone finds a token, and is under the MAC",
        "created updated": ORDER,
    },
    "access.RefreshToken": {
        "token access_token resource": "the checksum alone finds a token, and is under the MAC",
        "created updated": ORDER,
    },
    "developers.Trial": {"made_at": ORDER},
    "developers.Endpoint": {"made_at": ORDER, "challenge_at problem failing_since": MACHINE, "told_at": TOLD},
    "contributions.Withdrawal": {"created_at": ORDER},
    "contributions.Membership": {"created_at": ORDER},
    "contributions.Participation": {"created_at": ORDER, "grant": "the grant decides, under its own MAC"},
    "debates.Authorship": {"created_at": ORDER},
    "debates.Moderation": {"notified_at answer_notified_at": TOLD},
    "debates.ProvenIdentity": {"created_at": ORDER},
    "debates.IdentityCheck": {"created_at": ORDER},
    "panel.Entry": {"created_at": ORDER},
    "panel.Volunteer": {"told_at": TOLD},
}


def free_columns(label: str) -> dict[str, str]:
    """Return the columns of a model that its MAC leaves out, each with the reason."""
    return {name: reason for names, reason in COLUMNS.get(label, {}).items() for name in names.split()}
