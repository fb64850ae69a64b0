import { expect, test } from "vitest";
import { type AddressHeader, callerOf } from "../../../shared/http/caller.ts";
import type { HttpRequest } from "../../../shared/http/http-request.ts";

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM";

/** A request with these headers; `forwardedFor` is X-Forwarded-For as the host received it. */
function request(headers: Record<string, string>, forwardedFor?: string): HttpRequest {
  return {
    method: "GET",
    headers: { get: (name) => headers[name.toLowerCase()] ?? null },
    query: new URLSearchParams(),
    params: {},
    body: null,
    forwardedFor: () => forwardedFor,
  };
}

const addressOf = (value: string | undefined, header: AddressHeader = "X-Forwarded-For") =>
  callerOf(header === "X-Forwarded-For" ? request({}, value) : request({ "x-azure-socketip": value ?? "" }), header)
    .address;

test.for<[string, string]>([
  ["203.0.113.7", "203.0.113.7"],
  ["203.0.113.7:50123", "203.0.113.7"],
  ["198.51.100.1, 203.0.113.7:50123", "203.0.113.7"],
  ["198.51.100.1,203.0.113.7", "203.0.113.7"],
  ["unknown, 203.0.113.7", "203.0.113.7"],
  ["2001:db8::7", "2001:db8::7"],
  ["[2001:db8::7]", "2001:db8::7"],
  ["[2001:db8::7]:50123", "2001:db8::7"],
  ["::ffff:203.0.113.7", "::ffff:203.0.113.7"],
])("takes the address of a caller from the last entry, without its port: %s", ([value, address]) => {
  expect(addressOf(value)).toBe(address);
  expect(addressOf(value, "X-Azure-SocketIP")).toBe(address);
});

test.for([
  undefined,
  "",
  ",",
  "203.0.113.7, ",
  "203.0.113.7, unknown",
  "203.0.113.7; drop",
  "203.0.113.256",
  "203.0.113.7:port",
  "fe80::1%eth0",
  'fe80::1%a","outcome":"success',
  "[203.0.113.7",
  "localhost",
])("leaves the address of a caller out where the last entry is none: %j", (value) => {
  expect(addressOf(value)).toBeUndefined();
});

test("reads the one header that the setting names, and none before the settings are known", () => {
  const both = request({ "x-azure-socketip": "203.0.113.1", "x-forwarded-for": "203.0.113.3" }, "203.0.113.2");
  expect(callerOf(both, "X-Azure-SocketIP").address).toBe("203.0.113.1");
  expect(callerOf(both, "X-Forwarded-For").address).toBe("203.0.113.2");
  expect(callerOf(both, undefined).address).toBeUndefined();
});

test.for<[string | undefined, string | undefined]>([
  ["Palo Alto XSOAR/8.6 (Linux; x64)", "Palo Alto XSOAR/8.6 (Linux; x64)"],
  ["a".repeat(121), "a".repeat(120)],
  ["caf\u00e9\u0085\u2028\t\u0000x", "caf?????x"],
  ["", undefined],
  [undefined, undefined],
  [`curl socmate_${DIGITS}`, undefined],
  [`${"a".repeat(110)} socmate_${DIGITS.slice(0, 20)}`, undefined],
])(
  "keeps at most 120 printable characters of a user agent, and none of one with a client secret: %j",
  ([sent, kept]) => {
    const headers: Record<string, string> = sent === undefined ? {} : { "user-agent": sent };
    expect(callerOf(request(headers), undefined).user_agent).toBe(kept);
  },
);
