"""Leaving: codes, tokens and names at services are erased. Grants, which decide, are the vault's own."""

from uuid import UUID

from certification.access.actions.tokens import clear_expired
from certification.access.models import AccessToken, AuthorizationCode, IDToken, Pseudonym, RefreshToken, RefusedCalls
from core import leaving, rows
from core.leaving import Rows

SHORT = "a code or token of minutes or days, which says nothing but the grant that is copied"

ROWS = [
    Rows("access.Client", nobody="a service's program: no resident"),
    Rows("access.CallCount", nobody="calls of a program or from a network in a minute, deleted within an hour"),
    Rows("access.ServerKeys", nobody="keys of the server"),
    Rows("access.PushedRequest", nobody="what a program will ask of somebody whom it does not name, for a minute"),
    *(
        Rows(f"access.{name}", erased={fields: SHORT})
        for name, fields in {
            "AuthorizationCode": "id user_id code application_id expires redirect_uri scope created updated"
            " code_challenge code_challenge_method nonce claims resource grant_id used_at jkt auth_time",
            "AccessToken": "id user_id source_refresh_token_id token token_checksum id_token_id application_id expires"
            " scope resource created updated grant_id jkt",
            "RefreshToken": "id user_id token token_checksum application_id access_token_id token_family resource"
            " created updated revoked grant_id auth_time",
            "IDToken": "id user_id jti application_id expires scope created updated grant_id",
        }.items()
    ),
    Rows(
        "access.Pseudonym",
        erased={"id service_id person_id sub": "made by the portal: by which one service knows them, and no other"},
    ),
    Rows(
        "access.RefusedCalls",
        erased={
            "id resident_id created_at grant_id code count first_at last_at": "a count beside the journal's first line"
        },
    ),
    Rows("oauth2_provider.DeviceGrant", nobody="a flow that no address opens"),
]


def erase(resident_id: UUID) -> None:
    with rows.unchecked():
        for model in (AuthorizationCode, AccessToken, RefreshToken, IDToken):
            model.objects.filter(user=resident_id).delete()
        Pseudonym.objects.filter(person=resident_id).delete()
    leaving.delete_rows(resident_id, RefusedCalls)


APP = leaving.App("access", ROWS, level=39, erase=erase, purge=clear_expired)
