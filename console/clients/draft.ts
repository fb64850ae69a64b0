import * as z from "zod";
import { containsClientSecret } from "../../shared/model/secret-pattern.ts";

const KEY = "new-client";

const draftSchema = z.object({ name: z.string(), description: z.string(), scopes: z.array(z.string()) });
/** The input so far for a new client. */
export type Draft = z.output<typeof draftSchema>;

/** The input of an empty form. */
export const EMPTY_DRAFT: Draft = { name: "", description: "", scopes: [] };

/** Returns the draft that a reload or a sign-in interrupted in this tab, if there is one. */
export function loadDraft(): Draft | undefined {
  try {
    return draftSchema.parse(JSON.parse(sessionStorage.getItem(KEY) ?? ""));
  } catch {
    return undefined;
  }
}

/**
 * Keeps a draft for this tab, but never one with a secret in it, which somebody may have pasted into the wrong field. Best effort: a
 * browser may forbid storage.
 */
export function saveDraft(draft: Draft): void {
  const text = JSON.stringify(draft);
  try {
    if (containsClientSecret(text)) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, text);
  } catch {
    // The form goes on without it.
  }
}

/** Forgets the draft once its client is created or the form is closed. Best effort. */
export function forgetDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Storage that cannot be written holds no draft.
  }
}
