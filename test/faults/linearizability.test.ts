import { describe, expect, test } from "vitest";
import { type Answer, ClientHistory, type Request } from "./register.ts";

type Line = [request: Request, answer: Answer | undefined, invoked: number, returned?: number];

/** Makes the history of a client whose first secret is `s0`. Each line has the moments of its request and its answer. */
function historyOf(...lines: Line[]): ClientHistory {
  let now = 0;
  const history = new ClientHistory("client", "s0", () => now);
  const moments = lines.flatMap(([request, answer, invoked, returned], index) => [
    { at: invoked, index, request },
    ...(returned === undefined ? [] : [{ at: returned, index, answer }]),
  ]);
  const noted: ReturnType<ClientHistory["sent"]>[] = [];
  for (const moment of moments.sort((a, b) => a.at - b.at)) {
    now = moment.at;
    if ("request" in moment) noted[moment.index] = history.sent(moment.request);
    else if (moment.answer) noted[moment.index]?.answered(moment.answer);
  }
  return history;
}

const token = (secret: string, status: number, ...when: [number, number]): Line => [
  { kind: "token", secret },
  { status },
  ...when,
];
const regenerate = (secret: string, ...when: [number, number]): Line => [
  { kind: "regenerate" },
  { status: 200, secret },
  ...when,
];
const unknown = (...when: [number, number]): Line => [{ kind: "regenerate" }, { status: 503 }, ...when];
const crashed = (invoked: number): Line => [{ kind: "regenerate" }, undefined, invoked];
const lost = (...when: [number, number]): Line => [
  { kind: "regenerate" },
  { status: 409, detail: "Someone else" },
  ...when,
];
const refused = (...when: [number, number]): Line => [
  { kind: "regenerate" },
  { status: 409, detail: "is disabled" },
  ...when,
];
const disable = (status: number, ...when: [number, number]): Line => [{ kind: "disable" }, { status }, ...when];

describe("the linearizability check", () => {
  test.for<[string, ...Line[]]>([
    ["no requests"],
    [
      "tokens before and after a regenerate",
      token("s0", 200, 1, 2),
      regenerate("s1", 3, 4),
      token("s1", 200, 5, 6),
      token("s0", 401, 7, 8),
    ],
    [
      "either secret while a regenerate is under way",
      regenerate("s1", 1, 10),
      token("s0", 200, 2, 3),
      token("s1", 200, 4, 5),
      token("s0", 401, 6, 7),
    ],
    ["an unknown outcome that took place", unknown(1, 2), token("s0", 401, 3, 4)],
    ["an unknown outcome that did not", unknown(1, 2), token("s0", 200, 3, 4)],
    ["an unknown outcome that takes place late", unknown(1, 2), token("s0", 200, 3, 4), token("s0", 401, 5, 6)],
    ["no answer at all", crashed(1), token("s0", 200, 3, 4), token("s0", 401, 5, 6)],
    [
      "two concurrent regenerates, of which the later one is valid",
      regenerate("s1", 1, 9),
      regenerate("s2", 2, 8),
      token("s1", 200, 10, 11),
    ],
    ["a lost race", regenerate("s1", 1, 4), lost(2, 3), token("s1", 200, 5, 6)],
    [
      "a lost race that hides a commit",
      lost(1, 10),
      token("s0", 401, 2, 3),
      regenerate("s1", 4, 5),
      token("s1", 200, 6, 7),
    ],
    ["a disabled client", disable(200, 1, 2), token("s0", 401, 3, 4), refused(5, 6), disable(200, 7, 8)],
    [
      "a disable of unknown outcome that takes place late",
      disable(503, 1, 2),
      token("s0", 200, 3, 4),
      token("s0", 401, 5, 6),
    ],
  ])("the linearizability check accepts a history with %s", ([, ...lines]) => {
    expect(historyOf(...lines).violations()).toEqual([]);
  });

  test.for<[string, ...Line[]]>([
    ["an old secret that still works", regenerate("s1", 1, 2), token("s0", 200, 3, 4)],
    ["a new secret that does not", regenerate("s1", 1, 2), token("s1", 401, 3, 4)],
    ["a secret that dies without a cause", token("s0", 401, 1, 2)],
    ["a secret that dies by a lost race", lost(1, 2), token("s0", 401, 3, 4)],
    ["a lost race without a winner", lost(1, 2), token("s0", 200, 3, 4)],
    ["a lost race that was won before it", regenerate("s1", 1, 2), lost(3, 4)],
    ["a secret that comes back", regenerate("s1", 1, 9), token("s1", 200, 2, 3), token("s0", 200, 4, 5)],
    [
      "two secrets that are the newest",
      regenerate("s1", 1, 9),
      regenerate("s2", 2, 8),
      token("s1", 200, 10, 11),
      token("s2", 200, 12, 13),
    ],
    [
      "an unknown outcome that overwrites a later change",
      unknown(1, 2),
      regenerate("s1", 3, 4),
      token("s1", 401, 5, 6),
    ],
    ["an unknown outcome that is taken back", unknown(1, 2), token("s0", 401, 3, 4), token("s0", 200, 5, 6)],
    ["a token after a disable", disable(200, 1, 2), token("s0", 200, 3, 4)],
    ["a regenerate after a disable", disable(200, 1, 2), regenerate("s1", 3, 4)],
    ["a refusal of an active client", refused(1, 2), token("s0", 200, 3, 4)],
    ["a fault that is answered with 400", [{ kind: "token", secret: "s0" }, { status: 400 }, 1, 2]],
    ["a fault that is answered with 500", [{ kind: "disable" }, { status: 500 }, 1, 2]],
  ])("the linearizability check refuses a history with %s", ([, ...lines]) => {
    expect(historyOf(...lines).violations()).toHaveLength(1);
  });
});
