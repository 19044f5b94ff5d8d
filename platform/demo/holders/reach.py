"""The portal's settings for these holders, as CONNECTOR_… in production. The secrets are invented and public."""

TOKEN = "jeton-de-la-ville-fictive"  # noqa: S105 - invented
CLIENT_ID, CLIENT_SECRET = "ville-fictive", "secret-invente"
RECIPIENT = "00000000000042"


def connectors(url: str) -> dict[str, dict[str, str]]:
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return {
        "api_particulier": {"url": f"{url}/api_particulier", "token": TOKEN, "recipient": RECIPIENT},
        "impot_particulier": {
            "url": f"{url}/impots/impotparticulier/1.0",
            "token_url": f"{url}/impots/token",
            **client,
        },
        "enedis": {
            "url": f"{url}/enedis",
            "token_url": f"{url}/enedis/oauth2/v3/token",
            "authorize_url": f"{url}/enedis/dataconnect/v1/oauth2/authorize",
            **client,
        },
        "grdf": {
            "url": f"{url}/grdf/adict/v2",
            "token_url": f"{url}/grdf/token",
            "authorize_url": f"{url}/grdf/authorize",
            **client,
        },
    }
