import type { z } from "zod";
import { problemSchema } from "../../shared/model/problem-schema.ts";
import { ApiError, type ApiErrorKind } from "./api-error.ts";

/** The service answers or gives up within 15 seconds; what takes longer got lost on the way. */
const TIMEOUT_MS = 30_000;

const KINDS: Readonly<Record<number, ApiErrorKind>> = {
  400: "invalid",
  401: "signed-out",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  429: "throttled",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/** Sends a request and returns the response, whatever its status. Nothing is cached, no cookie is sent. Throws an `ApiError` without one. */
export async function exchange(url: string, init: RequestInit = {}): Promise<Response> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
  try {
    return await fetch(url, { cache: "no-store", credentials: "omit", redirect: "error", ...init, signal });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(navigator.onLine ? "unreachable" : "offline", { cause });
  }
}

/** Sends a request and returns the response if it is a success. Throws an `ApiError` for anything else. */
export async function send(url: string, init?: RequestInit): Promise<Response> {
  const response = await exchange(url, init);
  if (response.ok) return response;
  const problem = problemSchema.safeParse(await response.json().catch(() => undefined)).data;
  throw new ApiError(KINDS[response.status] ?? "failed", {
    detail: problem?.detail,
    fields: problem?.errors,
    retryAfterSeconds: Number(response.headers.get("retry-after")) || undefined,
    requestId: requestIdOf(response),
  });
}

/** Reads a response that has to fit a schema. Throws an `ApiError` for one that does not. */
export async function readJson<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  try {
    return schema.parse(await response.json());
  } catch {
    // Without the cause, which may quote a secret.
    const detail = "The answer is not one that this page understands.";
    throw new ApiError("failed", { detail, requestId: requestIdOf(response) });
  }
}

/** Returns the id of the request, which every answer of the service and of its gateway has. */
export function requestIdOf({ headers }: Response): string | undefined {
  return headers.get("x-request-id") ?? undefined;
}
