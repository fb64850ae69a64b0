/** The page at `/` of the local stack: the addresses of its parts, and the commands from nothing to an answer of an API. */
export function homePage(url: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>SoCMate API clients, on this machine</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 3rem auto; padding: 0 1rem }
  dt { font-weight: 600; margin-top: 1rem }
  dd { margin: 0 }
  pre { overflow: auto; padding: 1rem; border: 1px solid; border-radius: .5rem }
</style>
<main>
<h1>SoCMate API clients</h1>
<p>A local stack: the service as it is deployed, on emulators of Azure.</p>
<dl>
${entries(url)}
</dl>
<h2>From nothing to an answer</h2>
<pre>${escaped(commands(url))}</pre>
</main>
</html>
`;
}

function entries(url: string): string {
  return [
    ["Admin page", "/console/", "creates, lists, regenerates and disables API clients"],
    ["Metadata", "/.well-known/oauth-authorization-server", "the issuer and its endpoints (RFC 8414)"],
    ["Key set", "/.well-known/jwks.json", "the public keys that verify access tokens"],
    ["Health", "/health", "the state of each part"],
    ["Example API", "/api/v1/search?q=phishing", "takes an access token with the scope search:read; 401 without one"],
  ]
    .map(([name, path, words]) => `<dt>${name}</dt><dd><a href="${path}">${url}${path}</a><br>${words}</dd>`)
    .join("\n");
}

function commands(url: string): string {
  return `# 1. an API client
curl ${url}/api/admin/api-clients \\
  -H "Authorization: Bearer $(npm run --silent admin-token)" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "XSOAR Production", "scopes": ["incidents:read", "search:read"]}'

# 2. an access token, with the client_id and client_secret of the answer
curl ${url}/oauth/token -d grant_type=client_credentials \\
  -d client_id=... -d client_secret=...

# 3. an answer of the example API, with the access_token of the answer
curl "${url}/api/v1/search?q=phishing" -H "Authorization: Bearer ..."`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
