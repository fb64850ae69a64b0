import asyncio
import time

import httpx


class SocmateAuth(httpx.Auth):
    """Adds an access token to each request, and renews it a minute before it expires."""

    def __init__(self, token_url, client_id, client_secret):
        self.token_url = token_url
        self.form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        self.token, self.expires_at = None, 0

    def sync_auth_flow(self, request):
        for may_wait in (True, True, False):
            if time.time() < self.expires_at - 60:
                break
            response = yield httpx.Request("POST", self.token_url, data=self.form)
            response.read()
            time.sleep(self.take_token(response, may_wait))
        yield self.with_token(request)

    async def async_auth_flow(self, request):
        for may_wait in (True, True, False):
            if time.time() < self.expires_at - 60:
                break
            response = yield httpx.Request("POST", self.token_url, data=self.form)
            await response.aread()
            await asyncio.sleep(self.take_token(response, may_wait))
        yield self.with_token(request)

    def take_token(self, response, may_wait):
        """Takes the token of an answer. Returns the seconds to wait before the next try, 0 for none."""
        if response.status_code == 503 and may_wait:
            return int(response.headers.get("Retry-After", 5))
        if response.is_error:  # the text has error_description: what to change
            raise RuntimeError(f"No access token ({response.status_code}): {response.text}")
        answer = response.json()
        self.token, self.expires_at = answer["access_token"], time.time() + answer["expires_in"]
        return 0

    def with_token(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request
