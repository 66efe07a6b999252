import jwt
from lines import alg, audience, issuer, verifier

keys = jwt.PyJWKClient(issuer + "/.well-known/jwks.json")


def verify(token):
    key = keys.get_signing_key_from_jwt(token).key
    jwt.decode(token, key, algorithms=[alg], issuer=issuer, audience=audience)


verifier(jwt.__version__, verify)
