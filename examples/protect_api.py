"""The check of access tokens for an API in Python (RFC 9068 §4, RFC 6750 §3), with PyJWT: pip install "pyjwt[crypto]"."""

import jwt


class TokenCheck:
    """Checks the access tokens of an issuer for one API. Make it once: it keeps the keys."""

    def __init__(self, issuer, audience):
        self.issuer, self.audience = issuer, audience
        self.keys = jwt.PyJWKClient(f"{issuer}/.well-known/jwks.json")

    def check(self, authorization, scope):
        """Returns 200 and the client id; or 401 or 403 and the value of WWW-Authenticate."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return 401, "Bearer"
        try:
            claims = self._verify(token.strip())
        except jwt.InvalidTokenError:
            return 401, 'Bearer error="invalid_token"'
        if scope not in claims.get("scope", "").split(" "):
            return 403, f'Bearer error="insufficient_scope", scope="{scope}"'
        return 200, claims["client_id"]

    def _verify(self, token):
        header = jwt.get_unverified_header(token)
        if str(header.get("typ")).lower() != "at+jwt":
            raise jwt.InvalidTokenError("This is no access token.")
        # Keys that cannot be fetched raise PyJWKClientError: an error of ours, not a 401.
        key = self._key(header.get("kid"), refresh=False) or self._key(header.get("kid"), refresh=True)
        if key is None:
            raise jwt.InvalidTokenError("The key is not known.")
        # Without leeway a clock that is a second behind refuses a token that was issued just now.
        expected = {"algorithms": ["RS256"], "issuer": self.issuer, "audience": self.audience, "leeway": 60}
        return jwt.decode(token, key.key, **expected, options={"require": ["exp", "iat", "client_id"]})

    def _key(self, kid, refresh):
        return jwt.PyJWKClient.match_kid(self.keys.get_signing_keys(refresh), kid)
