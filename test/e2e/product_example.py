# The program of the product's documentation as it stands there; only its constants are filled in.
import os

import httpx

TOKEN_URL = os.environ["TOKEN_URL"]
CLIENT_ID = os.environ["CLIENT_ID"]
CLIENT_SECRET = os.environ["CLIENT_SECRET"]

import time

token_data = None
token_expiry = 0

def get_token():
    global token_data, token_expiry

    if time.time() < token_expiry - 60:  # Refresh 60s before expiry
        return token_data["access_token"]

    response = httpx.post(TOKEN_URL, data={
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    })
    token_data = response.json()
    token_expiry = time.time() + token_data["expires_in"]
    return token_data["access_token"]
