import type { Connection, Recipe } from "./recipe.ts";

// Every program keeps its token until a minute before the expiry, waits as long as Retry-After says, twice at most, and shows the text of
// a refusal, which has error_description. None needs more than its language brings, but Python, whose documentation uses httpx.

const CALL_IT = "before every request: it asks for a new token only shortly before the last one expires.";

/** Returns the recipe for a terminal. */
export function curl({ clientId, clientSecret, tokenEndpoint, apiUrl }: Connection): Recipe {
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

/** Returns the recipe for Python, as in SoCMate's documentation. */
export function python({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "Python",
    steps: [
      {
        text: `Call get_token() ${CALL_IT}`,
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

/** Returns the recipe for PowerShell 7: Windows PowerShell 5.1 lacks `-SkipHttpErrorCheck`. */
export function powershell({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "PowerShell",
    steps: [
      {
        text: `For PowerShell 7. Call Get-Token ${CALL_IT}`,
        code: {
          name: "script",
          text: `$TokenUrl = "${tokenEndpoint}"
$Form = @{
    grant_type    = "client_credentials"
    client_id     = "${clientId}"
    client_secret = "${clientSecret}"
}
$Token = $null
$TokenExpiry = Get-Date

function Get-Token {
    if ((Get-Date).AddSeconds(60) -lt $script:TokenExpiry) { return $script:Token }
    foreach ($MayWait in $true, $true, $false) {
        $Answer = Invoke-RestMethod -Method Post -Uri $TokenUrl -Body $Form -SkipHttpErrorCheck \`
            -StatusCodeVariable Status -ResponseHeadersVariable Headers
        if ($Status -ne 503 -or -not $MayWait) { break }
        $Wait = $Headers["Retry-After"] | Select-Object -First 1
        Start-Sleep -Seconds $(if ($Wait) { [int]$Wait } else { 5 })
    }
    if ($Status -ne 200) { throw "No access token ($Status): $($Answer | ConvertTo-Json -Compress)" }
    $script:Token = $Answer.access_token
    $script:TokenExpiry = (Get-Date).AddSeconds($Answer.expires_in)
    return $script:Token
}

Get-Token`,
        },
      },
    ],
  };
}

/** Returns the recipe for C#. */
export function csharp({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "C#",
    steps: [
      {
        text: `Call Tokens.GetAsync() ${CALL_IT}`,
        code: {
          name: "program",
          text: `using System.Net;
using System.Text.Json;

Console.WriteLine(await Tokens.GetAsync());

static class Tokens
{
    const string TokenUrl = "${tokenEndpoint}";
    static readonly Dictionary<string, string> Form = new()
    {
        ["grant_type"] = "client_credentials",
        ["client_id"] = "${clientId}",
        ["client_secret"] = "${clientSecret}",
    };
    static readonly HttpClient Http = new();
    static string token = "";
    static DateTimeOffset expiry;

    public static async Task<string> GetAsync()
    {
        if (DateTimeOffset.UtcNow.AddSeconds(60) < expiry) return token;
        for (var waits = 2; ; waits--)
        {
            using var response = await Http.PostAsync(TokenUrl, new FormUrlEncodedContent(Form));
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable && waits > 0)
            {
                await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(5));
                continue;
            }
            var text = await response.Content.ReadAsStringAsync();
            if (!response.IsSuccessStatusCode)
                throw new HttpRequestException($"No access token ({(int)response.StatusCode}): {text}");
            using var answer = JsonDocument.Parse(text);
            token = answer.RootElement.GetProperty("access_token").GetString()!;
            expiry = DateTimeOffset.UtcNow.AddSeconds(answer.RootElement.GetProperty("expires_in").GetInt32());
            return token;
        }
    }
}`,
        },
      },
    ],
  };
}

/** Returns the recipe for Java 11 or newer. Its library has no JSON, and the token needs no unescaping. */
export function java({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "Java",
    steps: [
      {
        text: `Call Tokens.get() ${CALL_IT}`,
        code: {
          name: "program",
          text: String.raw`import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.regex.Pattern;

public class Tokens {
    static final HttpClient HTTP = HttpClient.newHttpClient();
    static final HttpRequest REQUEST = HttpRequest.newBuilder(URI.create("${tokenEndpoint}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .POST(HttpRequest.BodyPublishers.ofString("grant_type=client_credentials"
            + "&client_id=${clientId}"
            + "&client_secret=${clientSecret}"))
        .build();
    static String token;
    static Instant expiry = Instant.EPOCH;

    static synchronized String get() throws Exception {
        if (Instant.now().plusSeconds(60).isBefore(expiry)) return token;
        for (int waits = 2; ; waits--) {
            var response = HTTP.send(REQUEST, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() == 503 && waits > 0) {
                Thread.sleep(1000 * response.headers().firstValueAsLong("Retry-After").orElse(5));
                continue;
            }
            if (response.statusCode() != 200)
                throw new IllegalStateException("No access token (" + response.statusCode() + "): " + response.body());
            token = find("\"access_token\"\\s*:\\s*\"([^\"]+)\"", response.body());
            expiry = Instant.now().plusSeconds(Long.parseLong(find("\"expires_in\"\\s*:\\s*(\\d+)", response.body())));
            return token;
        }
    }

    static String find(String pattern, String text) {
        return Pattern.compile(pattern).matcher(text).results().findFirst().orElseThrow().group(1);
    }

    public static void main(String[] args) throws Exception {
        System.out.println(get());
    }
}`,
        },
      },
    ],
  };
}

/** Returns the recipe for Node.js. */
export function node({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "Node.js",
    steps: [
      {
        text: `Call getToken() ${CALL_IT}`,
        code: {
          name: "program",
          text: `const TOKEN_URL = "${tokenEndpoint}";
const FORM = {
  grant_type: "client_credentials",
  client_id: "${clientId}",
  client_secret: "${clientSecret}",
};

let token;
let expiry = 0;

async function getToken() {
  if (Date.now() < expiry - 60_000) return token;
  for (let waits = 2; ; waits--) {
    const response = await fetch(TOKEN_URL, { method: "POST", body: new URLSearchParams(FORM) });
    if (response.status === 503 && waits > 0) {
      const seconds = Number(response.headers.get("Retry-After") ?? 5);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      continue;
    }
    const text = await response.text();
    if (!response.ok) throw new Error("No access token (" + response.status + "): " + text);
    const answer = JSON.parse(text);
    token = answer.access_token;
    expiry = Date.now() + answer.expires_in * 1000;
    return token;
  }
}

getToken().then(console.log);`,
        },
      },
    ],
  };
}

/** Returns the recipe for Go. */
export function go({ clientId, clientSecret, tokenEndpoint }: Connection): Recipe {
  return {
    platform: "Go",
    steps: [
      {
        text: `Call getToken() ${CALL_IT}`,
        code: {
          name: "program",
          text: `package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const tokenURL = "${tokenEndpoint}"

var form = url.Values{
	"grant_type":    {"client_credentials"},
	"client_id":     {"${clientId}"},
	"client_secret": {"${clientSecret}"},
}

var token struct {
	Value  string "json:\\"access_token\\""
	Life   int    "json:\\"expires_in\\""
	expiry time.Time
}

func getToken() (string, error) {
	if time.Now().Add(time.Minute).Before(token.expiry) {
		return token.Value, nil
	}
	for waits := 2; ; waits-- {
		response, err := http.PostForm(tokenURL, form)
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return "", err
		}
		if response.StatusCode == http.StatusServiceUnavailable && waits > 0 {
			seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
			if err != nil {
				seconds = 5
			}
			time.Sleep(time.Duration(seconds) * time.Second)
			continue
		}
		if response.StatusCode != http.StatusOK {
			return "", fmt.Errorf("no access token (%d): %s", response.StatusCode, body)
		}
		if err := json.Unmarshal(body, &token); err != nil {
			return "", err
		}
		token.expiry = time.Now().Add(time.Duration(token.Life) * time.Second)
		return token.Value, nil
	}
}

func main() {
	value, err := getToken()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(value)
}`,
        },
      },
    ],
  };
}
