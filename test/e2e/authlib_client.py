# Loads and validates the metadata with Authlib, gets a token by each way to authenticate, and verifies it with the key set.
import json
import os

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

ISSUER = os.environ["ISSUER"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]

metadata = AuthorizationServerMetadata(requests.get(get_well_known_url(ISSUER, external=True)).json())
metadata.validate()
keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"]).json())


def fetch_token(method, scope=None, secret=CLIENT_SECRET):
    session = OAuth2Session(CLIENT_ID, secret, token_endpoint_auth_method=method, scope=scope)
    return session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")


def error_of(**arguments):
    try:
        fetch_token(**arguments)
    except AuthlibBaseError as error:
        return error.error


def verified(token):
    claims = jwt.decode(token["access_token"], keys, claims_options={
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": ISSUER},
        "exp": {"essential": True},
    })
    claims.validate()
    return {"header": claims.header, "claims": claims}


print(json.dumps({
    "methods": [verified(fetch_token(method)) for method in metadata["token_endpoint_auth_methods_supported"]],
    "narrowed": fetch_token("client_secret_basic", "search:read graph:read")["scope"],
    "wrong_scope": error_of(method="client_secret_basic", scope="everything"),
    "wrong_secret": error_of(method="client_secret_post", secret="wrong"),
}))
