import { z } from "zod";
import type { VaultObjects, Version } from "./vault-objects.ts";
import {
  answerPage,
  attributesFrom,
  attributesOf,
  commonBody,
  parseBody,
  type VaultCall,
  type VaultOperations,
} from "./vault-wire.ts";

/** The content of a version of a secret. */
export interface Secret {
  readonly value: string;
}

const secretBody = commonBody.extend({ value: z.string().max(25_600) });

/** Returns the operations on secrets. */
export function secretOperations(secrets: VaultObjects<Secret>): VaultOperations {
  const idOf = ({ base, name }: VaultCall, version: string) => `${base}/secrets/${name}/${version}`;
  const properties = (id: string, found: Version<Secret>) => ({
    id,
    attributes: attributesOf(found),
    tags: found.tags,
  });
  const bundle = (call: VaultCall, found: Version<Secret>) => ({
    value: found.content.value,
    ...properties(idOf(call, found.version), found),
  });

  return {
    "GET secrets": ({ base, query }) =>
      answerPage(
        `${base}/secrets`,
        query,
        (from, size) => secrets.list(from, size),
        ({ name, newest }) => properties(`${base}/secrets/${name}`, newest),
      ),
    "GET secrets name": (call) => bundle(call, secrets.usable(call.name, call.version, "get")),
    "PUT secrets name": (call) => {
      const { value, ...common } = parseBody(secretBody, call);
      return bundle(call, secrets.add(call.name, { value }, attributesFrom(common)));
    },
    "PATCH secrets name": (call) => {
      const changes = attributesFrom(parseBody(commonBody, call));
      const updated = secrets.update(call.name, call.version, changes);
      return properties(idOf(call, updated.version), updated);
    },
  };
}
