import { createHttpHeaders, createPipelineRequest, type Pipeline } from "@azure/core-rest-pipeline";
import * as z from "zod";
import type { ListedSecret, ReadSecretPage } from "../clients/secret-pages.ts";
import { azureHttpClient, restError } from "./azure-http.ts";

/** Key Vault REST API, "Get Secrets": the last segment of an id is the name of the secret; times are in seconds since 1970. */
const pageSchema = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      tags: z.record(z.string(), z.string()).nullish(),
      attributes: z.object({
        enabled: z.boolean().default(false),
        created: z.number().optional(),
        exp: z.number().optional(),
      }),
    }),
  ),
  nextLink: z.string().nullish(),
});

/**
 * Creates a reader of the list of secrets of a vault, over the pipeline of its client. The pages of the SDK have no continuation token, so
 * that a sweep could not continue after a fault.
 */
export function createSecretPageReader(pipeline: Pipeline, vaultUrl: string): ReadSecretPage {
  const firstPage = new URL("/secrets", vaultUrl);
  /** The request carries the token for the vault, so it goes to pages of this vault alone. A saved position may be of another program. */
  const pageUrl = (position: string): string => {
    const url = URL.parse(position);
    if (url?.origin === firstPage.origin && url.pathname === firstPage.pathname) return url.href;
    throw new RangeError("not a page of the vault");
  };

  return async (position = firstPage.href, abortSignal) => {
    // A policy of the client adds the API version.
    const url = pageUrl(position);
    const headers = createHttpHeaders({ Accept: "application/json" });
    const response = await pipeline.sendRequest(azureHttpClient, createPipelineRequest({ url, headers, abortSignal }));
    if (response.status !== 200) throw restError(response);
    const { value, nextLink } = pageSchema.parse(JSON.parse(response.bodyAsText ?? ""));
    return { secrets: value.map(toListedSecret), next: nextLink ? pageUrl(nextLink) : undefined };
  };
}

function toListedSecret({ id, tags, attributes }: z.output<typeof pageSchema>["value"][number]): ListedSecret {
  const { enabled, created, exp } = attributes;
  return {
    name: id.split("/").at(-1) ?? "",
    clientId: tags?.client_id,
    enabled,
    createdAt: toDate(created),
    expiresAt: toDate(exp),
  };
}

function toDate(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1_000);
}
