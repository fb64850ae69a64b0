import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import { createTokenCheck } from "../../examples/protect-api.ts";
import { startDotnetApi } from "../../local/dotnet-api.ts";

/** The answer of an API that is protected by one of the samples in `examples/`: the client's id, or the challenge. */
export type ApiAnswer = { status: 200; clientId: string } | { status: number; challenge: string | null };

/** An API that asks for the scope `search:read`. */
export interface ProtectedApi {
  /** Sends a request with this `Authorization`, at the given time by the clock of a rotation test. */
  get(authorization: string | undefined, at?: Date): Promise<ApiAnswer>;
  stop?(): Promise<unknown>;
}

/** What a sample has to know. `env` goes to its process. */
export interface ApiOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The scope that every API of the samples asks for. */
export const API_SCOPE = "search:read" as const;

const pythonAnswer = z.union([z.tuple([z.number(), z.string()]), z.object({ error: z.string() })]);

/** Runs `examples/protect-api.ts` in this process. */
export function startTypeScriptApi({ issuer, audience }: ApiOptions): ProtectedApi {
  const check = createTokenCheck(issuer, audience);
  return {
    async get(authorization) {
      const verdict = await check(authorization, API_SCOPE);
      return "clientId" in verdict ? { status: 200, ...verdict } : verdict;
    },
  };
}

/** Runs `examples/protect_api.py` with Debian's Python: a line of JSON for each request, and one for each answer. */
export function startPythonApi({ issuer, audience, env }: ApiOptions): ProtectedApi {
  const sample = readFileSync(`${import.meta.dirname}/../../examples/protect_api.py`, "utf8");
  const program = `${sample}
import datetime, json, jwt.api_jwt, sys, time
class Time(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(time.monotonic(), tz)
check = TokenCheck(sys.argv[1], sys.argv[2]).check
for line in sys.stdin:
    authorization, scope, at = json.loads(line)
    if at is not None:
        # By these two PyJWT keeps keys and judges tokens.
        time.monotonic, jwt.api_jwt.datetime = lambda: at / 1000, Time
    try:
        answer = check(authorization, scope)
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)`;
  const child = spawn("/usr/bin/python3", ["-c", program, issuer, audience], {
    env: { ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async get(authorization, at) {
      child.stdin.write(`${JSON.stringify([authorization ?? null, API_SCOPE, at?.getTime() ?? null])}\n`);
      const { value: line = "" } = await answers.next();
      const answer = pythonAnswer.parse(JSON.parse(line));
      if ("error" in answer) throw new Error(answer.error);
      const [status, text] = answer;
      return status === 200 ? { status, clientId: text } : { status, challenge: text };
    },
    async stop() {
      child.stdin.end();
      await once(child, "close");
    },
  };
}

/** Runs `examples/protect-api.cs` as a server. */
export async function startAspNetApi(program: string, options: ApiOptions): Promise<ProtectedApi> {
  const { url, stop } = await startDotnetApi(program, options);
  return {
    async get(authorization, at) {
      const headers = { ...(authorization && { authorization }), ...(at && { "x-test-time": at.toISOString() }) };
      const response = await fetch(`${url}/api/v1/search`, { headers });
      const text = await response.text();
      if (response.status === 500) throw new Error("The ASP.NET Core API failed.");
      if (response.status === 200) return { status: 200, clientId: text };
      return { status: response.status, challenge: response.headers.get("www-authenticate") };
    },
    stop,
  };
}
