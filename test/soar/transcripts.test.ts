import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { z } from "zod";
import { bodyOf } from "../support/http.ts";
import { rawRequest, sendRaw } from "../support/raw-http.ts";
import { basic, startTestService } from "../support/test-service.ts";

// Sends the request of each *.http file in this folder and compares the answer. README.md says how to add a file.

const { url, createClient } = await startTestService();
const { clientId, clientSecret } = await createClient();
const placeholders = new Map([
  ["<host>", new URL(url).host],
  ["<client_id>", clientId],
  ["<client_secret>", clientSecret],
  ["<wrong_secret>", `${clientSecret.slice(0, -1)}!`],
  ["<basic>", basic(clientId, clientSecret)],
  ["<crlf>", "\r\n"],
]);
const HEADERS = { "content-type": "application/json", "cache-control": "no-store", pragma: "no-cache" };
const tokenResponse = z.strictObject({
  access_token: z.string().max(1_500),
  // A client that asks often gets a token again that is up to ten seconds old.
  expires_in: z.int().min(1_790).max(1_800),
  token_type: z.literal("Bearer"),
  scope: z.string(),
});
// Shuffle sends its scope as audience after a body that has both words, "error" and "audience".
const errorResponse = z.strictObject({ error: z.string(), error_description: z.string().regex(/^(?!.*audience)/i) });

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".http"));

test.for(files.map(readTranscript))("%s", async ([, { request, status, times, members }]) => {
  const bytes = rawRequest(request.replace(/<\w+>/g, (name) => placeholders.get(name) ?? name));
  for (const answer of await Promise.all(Array.from({ length: times }, () => sendRaw(url, bytes)))) {
    expect(answer, answer.text).toMatchObject({ status, headers: HEADERS });
    expect(answer.text).not.toContain(clientSecret.slice(0, 20));
    const body = (status === 200 ? tokenResponse : errorResponse).parse(bodyOf(answer));
    expect(body).toMatchObject(members);
    if ("access_token" in body) {
      expect(decodeJwt(body.access_token)).toMatchObject({ client_id: clientId, scope: body.scope });
    }
  }
});

function readTranscript(file: string) {
  const text = readFileSync(join(import.meta.dirname, file), "utf8");
  const parts = text.trimEnd().split("\n\n");
  const [, title] = /^# (.+)\n# Source: .+$/.exec(parts.shift() ?? "") ?? [];
  const [, status, times = 1, expected] =
    /^### (\d{3})(?: to each of (\d+) concurrent requests)?\n((?:\w+: .+\n?)+)$/.exec(parts.pop() ?? "") ?? [];
  if (!title || !expected) throw new Error(`test/soar/${file} is not written as test/soar/README.md says.`);
  const members = Object.fromEntries(expected.split("\n").map((line) => line.split(": ")));
  const [head, ...body] = parts;
  const request = `\n${head}\n\n${body.join("\n\n")}\n`;
  return [`${title} (${file})`, { request, status: Number(status), times: Number(times), members }] as const;
}
