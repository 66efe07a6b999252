"""A client: the refresh grant as the public client of sessions, twice, and the grant of a machine."""
import json
import os

import authlib
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

endpoint = os.environ["ISSUER"] + "/oauth/token"
revocation = os.environ["ISSUER"] + "/oauth/revoke"
answer = {"version": authlib.__version__}


def refused(call, *errors):
    try:
        call()
        return False
    except OAuthError as e:
        return e.error in errors


try:
    ours = OAuth2Session("authd", token_endpoint_auth_method="none")
    first = ours.refresh_token(endpoint, refresh_token=os.environ["REFRESH_TOKEN"])
    second = ours.refresh_token(endpoint, refresh_token=first["refresh_token"])
    answer["refresh"] = second["refresh_token"] != first["refresh_token"] and second["expires_in"] > 0
    ours.revoke_token(revocation, token=second["refresh_token"], token_type_hint="refresh_token")
    answer["revoke"] = refused(lambda: ours.refresh_token(endpoint, refresh_token=second["refresh_token"]), "invalid_grant")

    machine = OAuth2Session(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"], scope=os.environ["SCOPE"])
    got = machine.fetch_token(endpoint, grant_type="client_credentials")
    answer["credentials"] = got["scope"] == os.environ["SCOPE"] and "refresh_token" not in got
    said = machine.introspect_token(os.environ["ISSUER"] + "/oauth/introspect", token=got["access_token"]).json()
    answer["introspect"] = said["active"] is True and said["client_id"] == os.environ["CLIENT_ID"]

    stranger = OAuth2Session(os.environ["CLIENT_ID"], "wrong")
    answer["refused"] = refused(lambda: stranger.fetch_token(endpoint, grant_type="client_credentials"), "invalid_client")
except Exception as e:
    answer["reason"] = f"{type(e).__name__}: {e}"
print(json.dumps(answer), flush=True)
