import { OPERATIONS } from "./operation.ts";

/** What can happen to a request to Azure and its answer. */
export const FAULT_KINDS = {
  delay: "arrives after <ms>: with more than the service's 2 s, a write lands when nobody waits for it any more",
  fail: "is not applied; the answer is status <status> (500)",
  throttle: "is not applied; the answer is 429, with Retry-After: <seconds> if that is given",
  forbid: "is not applied; the answer is 403, as for an identity that has lost its role",
  reset: "is not applied; the connection breaks",
  "lose-reply": "is applied; the connection breaks before the answer",
  "apply-later": "is applied after <ms> (1000); the connection breaks at once",
} as const;
export type FaultKind = keyof typeof FAULT_KINDS;

/** One rule of fault injection. */
export interface Fault {
  /** The operation it is about, e.g. `table-merge`; `*` stands for any letters. */
  readonly operation: string;
  readonly kind: FaultKind;
  /** What the kind takes: milliseconds, seconds or a status. */
  readonly value?: number | undefined;
  /** How likely it is, 0–1; certain if not given. */
  readonly chance?: number | undefined;
  /** How often it happens at most. */
  times?: number | undefined;
  /** The body of an error answer in place of Azure's JSON: what a gateway between may send. */
  readonly body?: string | undefined;
}

/** Reads a rule as `npm start -- --fault` takes it: `<operation>=<kind>[:<value>][@<percent>%]`. Throws a sentence for a person. */
export function parseFault(text: string): Fault {
  const [, operation = "", kind = "", value, percent] =
    /^([a-z*-]+)=([a-z-]+)(?::(\d+))?(?:@(\d+(?:\.\d+)?)%)?$/.exec(text) ?? [];
  const refuse = (why: string) => new Error(`"${text}" is no fault: ${why}`);
  if (!operation) throw refuse("write <operation>=<kind>[:<value>][@<percent>%].");
  if (!isFaultKind(kind)) throw refuse(`the kind is one of ${Object.keys(FAULT_KINDS).join(", ")}.`);
  if (!OPERATIONS.some((known) => matches(operation, known))) {
    throw refuse(`there is no such operation; the operations are ${OPERATIONS.join(", ")}.`);
  }
  if (kind === "delay" && value === undefined) throw refuse(`say for how many milliseconds: ${operation}=delay:3000.`);
  return {
    operation,
    kind,
    ...(value !== undefined && { value: Number(value) }),
    ...(percent !== undefined && { chance: Number(percent) / 100 }),
  };
}

/** The rules that fault proxies follow, and what they did. */
export class Faults {
  /** Can be set anew at any time; of several that match a request, the first that happens is the one. */
  rules: readonly Fault[];
  /** How many requests there were, by operation. */
  readonly requests = new Map<string, number>();
  /** How many faults there were, by kind. */
  readonly injected = new Map<FaultKind, number>();
  readonly #random: () => number;

  constructor(rules: readonly Fault[] = [], random = Math.random) {
    this.rules = rules;
    this.#random = random;
  }

  /** Counts a request and decides what happens to it. */
  next(operation: string): Fault | undefined {
    count(this.requests, operation);
    const fault = this.rules.find((rule) => matches(rule.operation, operation) && this.#happens(rule));
    if (fault) count(this.injected, fault.kind);
    return fault;
  }

  #happens(rule: Fault): boolean {
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
