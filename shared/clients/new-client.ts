import { randomBytes, randomInt } from "node:crypto";
import { type Client, type NewClient, wholeSeconds } from "../model/client.ts";

/** Creates the record of a new client. Its client id is the prefix, the name as a slug, and six random characters. */
export function newClient(input: NewClient, prefix: string, createdBy: string, now: Date): Client {
  return {
    id: now.getTime().toString(16).padStart(12, "0") + randomBytes(6).toString("hex"),
    clientId: `${prefix}-${slug(input.name)}-${randomSuffix()}`,
    ...input,
    status: "active",
    createdBy,
    createdAt: wholeSeconds(now),
  };
}

function slug(name: string): string {
  const words =
    name
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.join("-").slice(0, 40).replace(/-$/, "") || "client";
}

function randomSuffix(): string {
  return Array.from({ length: 6 }, () => randomInt(36).toString(36)).join("");
}
