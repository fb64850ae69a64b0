import { vi } from "vitest";

/** Makes the timeouts of signals end a hundred times as soon, until mocks are restored: the waiting stays, in proportion. */
export function hurryTimeouts(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => timeout(milliseconds / 100));
}
