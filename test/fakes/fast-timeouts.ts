import { vi } from "vitest";

/** Makes deadlines end a hundred times as soon, until mocks are restored: the waiting stays, in proportion. */
export function hurryTimeouts(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => timeout(milliseconds / 100));
  const plain = setTimeout;
  const hurried = (callback: () => void, milliseconds = 0) => plain(callback, milliseconds / 100);
  vi.spyOn(globalThis, "setTimeout").mockImplementation(Object.assign(hurried, { __promisify__: plain.__promisify__ }));
}
