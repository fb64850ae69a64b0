/** What an integration needs to get tokens. */
export interface Connection {
  clientId: string;
  clientSecret: string;
  tokenEndpoint: string;
  /** `https://api.<host>`, where the tokens are good for. */
  apiUrl: string;
}

/** How to give one platform its connection: fields to fill in there, code to paste, or both. */
export interface Recipe {
  platform: string;
  intro: string;
  fields?: readonly (readonly [name: string, value: string])[];
  code?: string;
  outro?: string;
}

/** Makes the recipe of every platform, with the values filled in. All of them fit into any quotes: their alphabets need no escaping. */
export function recipesFor(connection: Connection): Recipe[] {
  return [curl, python, xsoar, splunkSoar, sentinel, n8n].map((recipe) => recipe(connection));
}

function curl({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
  return {
    platform: "curl",
    intro: "Run this in a terminal. The answer has an access_token.",
    code: `curl -X POST ${tokenEndpoint} \\
  -d "grant_type=client_credentials" \\
  -d "client_id=${clientId}" \\
  -d "client_secret=${clientSecret}"`,
    outro: `Then send it with every request to ${apiUrl}: -H "Authorization: Bearer <access_token>".`,
  };
}

function python({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "Python",
    intro: "Call get_token() before every request: it asks for a new token only shortly before the last one expires.",
    code: `import time

import httpx

TOKEN_URL = "${tokenEndpoint}"
CLIENT_ID = "${clientId}"
CLIENT_SECRET = "${clientSecret}"

token_data = None
token_expiry = 0


def get_token():
    global token_data, token_expiry
    if time.time() < token_expiry - 60:  # refresh 60 s before expiry
        return token_data["access_token"]
    response = httpx.post(TOKEN_URL, data={
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    })
    response.raise_for_status()
    token_data = response.json()
    token_expiry = time.time() + token_data["expires_in"]
    return token_data["access_token"]


print(get_token())`,
  };
}

function xsoar({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
  return {
    platform: "XSOAR",
    intro: "In the settings of the integration instance:",
    fields: [
      ["Server URL", apiUrl],
      ["Token URL", tokenEndpoint],
      ["Client ID", clientId],
      ["Client Secret", clientSecret],
    ],
    outro: "An integration of your own gets its tokens like this, with ContentClientApiModule:",
    code: `params = demisto.params()
client = ContentClient(
    base_url=params["url"],
    auth_handler=OAuth2ClientCredentialsHandler(
        token_url=params["token_url"],
        client_id=params["credentials"]["identifier"],
        client_secret=params["credentials"]["password"],
        context_store=ContentClientContextStore(namespace="SoCMate"),
    ),
)`,
  };
}

function splunkSoar({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
  return {
    platform: "Splunk SOAR",
    intro: "In the settings of an asset of the HTTP app; leave user name, password and auth token empty:",
    fields: [
      ["base_url", apiUrl],
      ["oauth_token_url", tokenEndpoint],
      ["client_id", clientId],
      ["client_secret", clientSecret],
    ],
  };
}

function sentinel({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  const auth = {
    type: "OAuth2",
    GrantType: "client_credentials",
    TokenEndpoint: tokenEndpoint,
    TokenEndpointHeaders: { "Content-Type": "application/x-www-form-urlencoded" },
    ClientId: clientId,
    ClientSecret: clientSecret,
  };
  return {
    platform: "Sentinel",
    intro:
      "In the connection rule of a codeless connector (RestApiPoller). In a template that others see, take both from parameters.",
    code: `"auth": ${JSON.stringify(auth, null, 2)}`,
  };
}

function n8n({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "n8n",
    intro:
      "In a credential of the type OAuth2 API, for the HTTP Request node; leave Scope empty for all of the client's scopes:",
    fields: [
      ["Grant Type", "Client Credentials"],
      ["Access Token URL", tokenEndpoint],
      ["Client ID", clientId],
      ["Client Secret", clientSecret],
      ["Authentication", "Body"],
    ],
  };
}
