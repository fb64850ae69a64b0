import { OPERATIONS } from "./operation.ts";

/** The kinds of faults, with the texts of `npm start -- --help`. */
export const FAULT_KINDS = {
  delay: "arrives after <ms>; above the service's time-out of 2 s, a write is applied after the service gave up",
  fail: "is not applied; the answer is status <status> (500)",
  throttle: "is not applied; the answer is 429, with Retry-After: <seconds> if given",
  forbid: "is not applied; the answer is 403: to secret-set as by Azure Policy, to others as without a role",
  "demand-expiry":
    "is not applied if it is a secret-set or secret-update without an expiry date; the answer is 403, as by Azure Policy",
  reset: "is not applied; the connection breaks",
  "lose-reply": "is applied; the connection breaks before the answer",
  "apply-later": "is applied after <ms> (1000); the connection breaks immediately",
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

/** One rule of fault injection. */
export interface Fault {
  /** The operation that it matches, e.g. `table-merge`; `*` matches any letters. */
  readonly operation: string;
  readonly kind: FaultKind;
  /** The value of the kind: milliseconds, seconds or a status. */
  readonly value?: number | undefined;
  /** Its probability, 0–1; 1 by default. */
  readonly chance?: number | undefined;
  /** The number of times that it is still injected; unlimited by default. */
  times?: number | undefined;
  /** The body of an error answer in place of Azure's JSON, as a gateway in between may send it. */
  readonly body?: string | undefined;
}

/**
 * Parses a rule of `npm start -- --fault`: `<operation>=<kind>[:<value>][@<percent>%]`.
 *
 * @throws an error whose message is one sentence for the user.
 */
export function parseFault(text: string): Fault {
  const [, operation = "", kind = "", value, percent] =
    /^([a-z*-]+)=([a-z-]+)(?::(\d+))?(?:@(\d+(?:\.\d+)?)%)?$/.exec(text) ?? [];
  const refuse = (why: string) => new Error(`"${text}" is not a fault: ${why}`);
  if (!operation) throw refuse("write <operation>=<kind>[:<value>][@<percent>%].");
  if (!isFaultKind(kind)) throw refuse(`the kind is one of ${Object.keys(FAULT_KINDS).join(", ")}.`);
  if (!OPERATIONS.some((known) => matches(operation, known))) {
    throw refuse(`there is no such operation; the operations are ${OPERATIONS.join(", ")}.`);
  }
  if (kind === "delay" && value === undefined) throw refuse(`give the milliseconds: ${operation}=delay:3000.`);
  return {
    operation,
    kind,
    ...(value !== undefined && { value: Number(value) }),
    ...(percent !== undefined && { chance: Number(percent) / 100 }),
  };
}

/** The rules of fault proxies, and counts of requests and faults. */
export class Faults {
  /** Can be replaced at any time. The first rule that matches a request and takes effect is applied. */
  rules: readonly Fault[];
  /** The number of requests by operation. */
  readonly requests = new Map<string, number>();
  /** The number of injected faults by kind. */
  readonly injected = new Map<FaultKind, number>();
  readonly #random: () => number;

  constructor(rules: readonly Fault[] = [], random = Math.random) {
    this.rules = rules;
    this.#random = random;
  }

  /** Counts a request. Returns the fault to inject, if any. */
  next(operation: string): Fault | undefined {
    count(this.requests, operation);
    const fault = this.rules.find((rule) => matches(rule.operation, operation) && this.#takesEffect(rule));
    if (fault) count(this.injected, fault.kind);
    return fault;
  }

  #takesEffect(rule: Fault): boolean {
    if (rule.times !== undefined && rule.times <= 0) return false;
    if (rule.chance !== undefined && this.#random() >= rule.chance) return false;
    if (rule.times !== undefined) rule.times -= 1;
    return true;
  }
}

function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(FAULT_KINDS, text);
}

function matches(pattern: string, operation: string): boolean {
  return new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(operation);
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
