import type { Connection, Recipe } from "./recipe.ts";

/** Returns the recipe for Palo Alto Cortex XSOAR. */
export function xsoar({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
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

/** Returns the recipe for the HTTP app of Splunk SOAR. */
export function splunkSoar({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
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

/** Returns the recipe for a codeless connector of Microsoft Sentinel. The spelling is that of the table of fields in learn.microsoft.com/azure/sentinel/data-connector-connection-rules-reference#oauth2. */
export function sentinel({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
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

/** Returns the recipe for n8n. */
export function n8n({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
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

/** Returns the recipe for Tines. The fields are those of tines.com/docs/credentials/oauth. */
export function tines({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "Tines",
    steps: [
      {
        text: "In a credential of the type OAuth 2.0; leave Scope empty for all of the client's scopes:",
        fields: [
          ["Client ID", clientId],
          ["Client secret", clientSecret],
          ["Grant type", "client_credentials"],
          ["OAuth token URL", tokenEndpoint],
        ],
      },
    ],
  };
}

/** Returns the recipe for Shuffle. The labels are those of its frontend, Oauth2Auth.jsx, for an app without a redirect address. */
export function shuffle({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
  return {
    platform: "Shuffle",
    steps: [
      {
        text: "In the app for SoCMate, made from its OpenAPI document with OAuth2 of the type Application:",
        fields: [
          ["Base URL", apiUrl],
          ["Token URL", tokenEndpoint],
        ],
      },
      {
        text: "In the authentication of the app, with the scopes of the client or none:",
        fields: [
          ["Client ID", clientId],
          ["Client Secret", clientSecret],
        ],
      },
    ],
  };
}
