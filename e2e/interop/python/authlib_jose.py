"""Authlib has no cache of keys: a service fetches the set, and again when it does not know a kid."""
import authlib
import requests
from authlib.jose import JsonWebKey, JsonWebToken
from lines import alg, audience, issuer, verifier

jwt = JsonWebToken([alg])
keys = None


def fetch():
    global keys
    keys = JsonWebKey.import_key_set(requests.get(issuer + "/.well-known/jwks.json", timeout=10).json())


def find(header, _):
    try:
        return keys.find_by_kid(header["kid"])
    except ValueError:
        fetch()
        return keys.find_by_kid(header["kid"])


def verify(token):
    claims = jwt.decode(token, find, claims_options={
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": audience},
        "exp": {"essential": True},
    })
    claims.validate()


fetch()
verifier(authlib.__version__, verify)
