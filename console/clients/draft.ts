import * as z from "zod";
import { containsClientSecret } from "../../shared/model/secret-pattern.ts";

const KEY = "new-client";

const draftSchema = z.object({ name: z.string(), description: z.string(), scopes: z.array(z.string()) });
/** What was entered so far for a new client. */
export type Draft = z.output<typeof draftSchema>;

/** A form that nobody has touched. */
export const EMPTY_DRAFT: Draft = { name: "", description: "", scopes: [] };

/** The draft that a reload or a sign-in interrupted in this tab, if there is one. */
export function loadDraft(): Draft | undefined {
  try {
    return draftSchema.parse(JSON.parse(sessionStorage.getItem(KEY) ?? ""));
  } catch {
    return undefined;
  }
}

/** Keeps a draft for this tab; never one with a secret in it, which somebody may have pasted into the wrong field. */
export function saveDraft(draft: Draft): void {
  const text = JSON.stringify(draft);
  if (containsClientSecret(text)) forgetDraft();
  else sessionStorage.setItem(KEY, text);
}

/** Forgets the draft: its client was created, or nobody wants it any more. */
export function forgetDraft(): void {
  sessionStorage.removeItem(KEY);
}
