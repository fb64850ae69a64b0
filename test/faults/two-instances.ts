import { afterAll } from "vitest";
import { Faults } from "../../local/faults/faults.ts";
import { startFaultyStack } from "../../local/faulty-stack.ts";
import { type Service, type ServiceOptions, startService } from "../../local/host/service.ts";
import { type Stack, startStack } from "../../local/stack.ts";
import { startTestService, type TestService } from "../support/test-service.ts";

/** Two instances of the service that reach the same stores through fault proxies. */
export interface TwoInstances extends TestService {
  readonly faults: Faults;
  /** The stack as the instances see it, through the proxies. */
  readonly faultyStack: Stack;
  readonly second: Service;
  /** Settles when no request is held back or under way. */
  settled(): Promise<void>;
}

/** Starts everything for a test file and stops it after its last test. */
export async function startTwoInstances(options: ServiceOptions = {}): Promise<TwoInstances> {
  const faults = new Faults();
  const stack = await startStack();
  const proxies = await startFaultyStack(stack, faults);
  const faultyStack: Stack = {
    ...stack,
    settings: proxies.settings,
    async close() {
      await proxies.close();
      await stack.close();
    },
  };
  const everything = await startTestService({ port: 0, ...options }, faultyStack);
  const second = await startService(faultyStack, { port: 0, ...options });
  afterAll(() => second.stop());
  return { ...everything, faults, faultyStack, second, settled: proxies.settled };
}
