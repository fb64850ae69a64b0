import time

import httpx


class SocmateAuth(httpx.Auth):
    """Adds an access token to each request, and renews it a minute before it expires."""

    requires_response_body = True

    def __init__(self, token_url, client_id, client_secret):
        self.token_url = token_url
        self.form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self.token, self.expires_at = None, 0

    def auth_flow(self, request):
        if time.time() > self.expires_at - 60:
            response = yield httpx.Request("POST", self.token_url, data=self.form)
            if response.is_error:
                raise RuntimeError(f"No access token ({response.status_code}): {response.text}")
            answer = response.json()
            self.token, self.expires_at = answer["access_token"], time.time() + answer["expires_in"]
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request
