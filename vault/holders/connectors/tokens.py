"""The city's token for an API with OAuth client credentials, requested for each pull and kept only in memory."""

from collections.abc import Mapping

from vault.holders.connectors.faults import Fault, of_status
from vault.holders.connectors.http import Client, Heard


def client_credentials(client: Client, config: Mapping[str, str], *, scope: str = "") -> str:
    """Request a token.

    Raises:
        Fault: the city's credentials are refused, or the service is down.
    """
    form = {
        "grant_type": "client_credentials",
        "client_id": config["client_id"],
        "client_secret": config["client_secret"],
    }
    return _token(client.ask(config["token_url"], form=form | ({"scope": scope} if scope else {})))


def _token(heard: Heard) -> str:
    """Return the token. Any refusal concerns the city's credentials, since the call names no resident."""
    if heard.status in {400, 401, 403}:
        raise Fault("city_refused")
    if fault := of_status(heard.status, heard.wait):
        raise Fault("down") if fault.code == "not_found" else fault
    answer = heard.json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise Fault("broken")
    return token
