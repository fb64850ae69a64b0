/** What an integration needs to get tokens. */
export interface Connection {
  clientId: string;
  clientSecret: string;
  tokenEndpoint: string;
  /** `https://api.<host>`, where the tokens are good for. */
  apiUrl: string;
}

/** How to give one platform its connection. */
export interface Recipe {
  platform: string;
  steps: readonly Step[];
}

/** Something to do, and the fields to fill in or the code to paste for it. */
export interface Step {
  text: string;
  fields?: readonly (readonly [name: string, value: string])[];
  code?: { name: string; text: string };
}

/** Makes the recipe of every platform, with the values filled in. All of them fit into any quotes: their alphabets need no escaping. */
export function recipesFor(connection: Connection): Recipe[] {
  return [curl, python, xsoar, splunkSoar, sentinel, n8n].map((recipe) => recipe(connection));
}

function curl({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
  return {
    platform: "curl",
    steps: [
      {
        text: "Run this in a terminal. The answer has an access_token, or an error_description with what to change.",
        code: {
          name: "command for a token",
          // curl waits as long as Retry-After says (curl.se/docs/manpage.html#--retry).
          text: `curl -X POST --retry 3 ${tokenEndpoint} \\
  -d "grant_type=client_credentials" \\
  -d "client_id=${clientId}" \\
  -d "client_secret=${clientSecret}"`,
        },
      },
      {
        text: "Send it with every request:",
        code: {
          name: "command for a request",
          text: `curl "${apiUrl}/api/v1/search?q=phishing" \\
  -H "Authorization: Bearer <access_token>"`,
        },
      },
    ],
  };
}

function python({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "Python",
    steps: [
      {
        text: "Call get_token() before every request: it asks for a new token only shortly before the last one expires.",
        code: {
          name: "program",
          text: `import time

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
    for may_wait in (True, True, False):
        response = httpx.post(TOKEN_URL, data={
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        })
        if response.status_code != 503 or not may_wait:
            break
        time.sleep(int(response.headers.get("Retry-After", 5)))
    if response.is_error:  # the text has error_description: what to change
        raise RuntimeError(f"No access token ({response.status_code}): {response.text}")
    token_data = response.json()
    token_expiry = time.time() + token_data["expires_in"]
    return token_data["access_token"]


print(get_token())`,
        },
      },
    ],
  };
}

function xsoar({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
  return {
    platform: "XSOAR",
    steps: [
      {
        text: "In the settings of the integration instance:",
        fields: [
          ["Server URL", apiUrl],
          ["Token URL", tokenEndpoint],
          ["Client ID", clientId],
          ["Client Secret", clientSecret],
        ],
      },
      {
        text: "An integration of your own gets its tokens like this, with ContentClientApiModule:",
        code: {
          name: "code of an integration",
          text: `params = demisto.params()
client = ContentClient(
    base_url=params["url"],
    auth_handler=OAuth2ClientCredentialsHandler(
        token_url=params["token_url"],
        client_id=params["credentials"]["identifier"],
        client_secret=params["credentials"]["password"],
        context_store=ContentClientContextStore(namespace="SoCMate"),
    ),
)`,
        },
      },
    ],
  };
}

function splunkSoar({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
  return {
    platform: "Splunk SOAR",
    steps: [
      {
        text: "In the settings of an asset of the HTTP app; leave user name, password and auth token empty:",
        fields: [
          ["base_url", apiUrl],
          ["oauth_token_url", tokenEndpoint],
          ["client_id", clientId],
          ["client_secret", clientSecret],
        ],
      },
    ],
  };
}

/** The spelling is that of the table of fields in learn.microsoft.com/azure/sentinel/data-connector-connection-rules-reference#oauth2. */
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
    steps: [
      {
        text: "In the connection rule of a codeless connector (RestApiPoller). In a template that others see, take ClientId and ClientSecret from parameters.",
        code: { name: "settings", text: `"auth": ${JSON.stringify(auth, null, 2)}` },
      },
    ],
  };
}

function n8n({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "n8n",
    steps: [
      {
        text: "In a credential of the type OAuth2 API, for the HTTP Request node; leave Scope empty for all of the client's scopes:",
        fields: [
          ["Grant Type", "Client Credentials"],
          ["Access Token URL", tokenEndpoint],
          ["Client ID", clientId],
          ["Client Secret", clientSecret],
          ["Authentication", "Body"],
        ],
      },
    ],
  };
}
