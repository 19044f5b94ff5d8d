"""Rows of the city are deleted from few tables: what was offered, reviewed or refused decides by being there."""

from django.apps import apps
from django.db import connection

from core.models.declaring import Decides

#: Of no resident, and whose rows the portal's role deletes: why.
DELETED = {
    "account_emailaddress": "an address that somebody left",
    "access_accesstoken": "a token that ended",
    "access_authorizationcode": "a code that ended",
    "access_client": "a program that its publisher deletes",
    "access_pseudonym": "of a vault that was closed",
    "access_pushedrequest": "a request that ended",
    "access_refreshtoken": "a token that ended",
    "accounts_invitation": "replaced by another one",
    "accounts_organisationpermission": "a right that ended",
    "accounts_publisherpermission": "a right that ended",
    "accounts_session": "a session that ended",
    "accounts_sheet": "of a vault that was closed",
    "aids_localaid": "a draft",
    "aids_localaidcase": "of a draft",
    "aids_urgentsituation": "a draft",
    "contributions_invitation": "of a consultation that is over",
    "core_legalpage": "the city's text, where two persons return to the shipped one",
    "debates_post": "a text that its author takes back",
    "developers_endpoint": "one that its publisher deletes",
    "developers_event": "old",
    "developers_trial": "one replaces another",
    "holders_lot": "old",
    "labels_charterversion": "a draft",
    "labels_checkresult": "of an old check",
    "labels_checkrun": "old",
    "labels_criterion": "of a draft",
    "labels_evidence": "one that its publisher takes back",
    "labels_purpose": "of a request under way",
    "labels_purposefield": "of a request under way",
    "labels_purposepaper": "of a request under way",
    "mfa_authenticator": "a factor that was lost",
    "official_forms_officialform": "a draft",
    "panel_association": "of a panel that ended",
    "panel_volunteer": "of a panel that ended",
    "procedures_procedure": "a draft",
    "socialaccount_socialaccount": "an identity that another one replaces",
}
MAY_DELETE = "SELECT c.relname FROM pg_class c WHERE has_table_privilege('web', c.oid, 'DELETE')"
#: Of a table whose triggers refuse each deletion.
NEVER = """
SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE (t.tgtype & 8) = 8 AND t.tgenabled = 'O' AND NOT t.tgisinternal AND t.tgname NOT LIKE 'core_gone%%'
"""


def names(statement: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {name for (name,) in cursor.fetchall()}


def of_the_city() -> set[str]:
    found = set()
    for model in apps.get_models():
        columns = {field.column for field in model._meta.concrete_fields}
        if isinstance(getattr(model, "decides", None), Decides) and "resident_id" not in columns:
            found.add(model._meta.db_table)
    return found


def test_the_portal_s_role_deletes_no_row_of_the_city_but_where_a_verb_does(db):
    may = names(MAY_DELETE) & of_the_city()
    unexplained = may - set(DELETED) - names(NEVER)
    assert unexplained == set()
    assert set(DELETED) - may == set(), "these are not deleted any more"
