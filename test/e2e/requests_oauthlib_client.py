# Gets a token with requests-oauthlib by each way to authenticate, and calls an API with it.
import json
import os

from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

TOKEN_URL = os.environ["TOKEN_URL"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]


def fetch_token(scope=None, **authentication):
    session = OAuth2Session(client=BackendApplicationClient(client_id=CLIENT_ID, scope=scope))
    return session.fetch_token(TOKEN_URL, **authentication)


def error_of(**arguments):
    try:
        fetch_token(**arguments)
    except OAuth2Error as error:
        return [error.status_code, error.error]


basic = HTTPBasicAuth(CLIENT_ID, CLIENT_SECRET)
print(json.dumps({
    "basic": fetch_token(auth=basic),
    "post": fetch_token(client_secret=CLIENT_SECRET, include_client_id=True),
    "both": fetch_token(auth=basic, client_secret=CLIENT_SECRET, include_client_id=True),
    "narrowed": fetch_token(auth=basic, scope=["search:read", "graph:read"]),
    "wrong_scope": error_of(auth=basic, scope=["everything"]),
    "wrong_secret": error_of(client_secret="wrong", include_client_id=True),
}))
