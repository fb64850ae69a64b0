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

/** What a version of a secret holds. */
export interface Secret {
  readonly value: string;
  readonly contentType?: string | undefined;
}

const secretBody = commonBody.extend({ value: z.string().max(25_600), contentType: z.string().optional() });

/** The operations on secrets. */
export function secretOperations(secrets: VaultObjects<Secret>): VaultOperations {
  const idOf = ({ base, name }: VaultCall, version: string) => `${base}/secrets/${name}/${version}`;
  const properties = (id: string, found: Version<Secret>) => ({
    id,
    contentType: found.content.contentType,
    attributes: attributesOf(found),
    tags: found.tags,
  });
  const bundle = (call: VaultCall, found: Version<Secret>) => ({
    value: found.content.value,
    ...properties(idOf(call, found.version), found),
  });
  const deletedBundle = (call: VaultCall) => {
    const { newest, ...dates } = secrets.deleted(call.name);
    const recoveryId = `${call.base}/deletedsecrets/${call.name}`;
    return { ...properties(idOf(call, newest.version), newest), recoveryId, ...dates };
  };

  return {
    "GET secrets": ({ base, query }) =>
      answerPage(
        `${base}/secrets`,
        query,
        (from, size) => secrets.list(from, size),
        ({ name, newest }) => properties(`${base}/secrets/${name}`, newest),
      ),
    "GET secrets name versions": (call) =>
      answerPage(
        `${call.base}/secrets/${call.name}/versions`,
        call.query,
        (from, size) => secrets.versions(call.name, from, size),
        (found) => properties(idOf(call, found.version), found),
      ),
    "GET secrets name": (call) => bundle(call, secrets.usable(call.name, call.version, "get")),
    "PUT secrets name": (call) => {
      const { value, contentType, ...common } = parseBody(secretBody, call);
      return bundle(call, secrets.add(call.name, { value, contentType }, attributesFrom(common)));
    },
    "PATCH secrets name": (call) => {
      const changes = attributesFrom(parseBody(commonBody, call));
      const updated = secrets.update(call.name, call.version, changes);
      return properties(idOf(call, updated.version), updated);
    },
    "DELETE secrets name": (call) => {
      secrets.delete(call.name);
      return deletedBundle(call);
    },
    "GET deletedsecrets name": deletedBundle,
    "DELETE deletedsecrets name": ({ name }) => secrets.purge(name),
  };
}
