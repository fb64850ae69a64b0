import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Unavailable } from "../../../shared/request/retry.ts";
import { SigningQueue } from "../../../shared/signing/signing-queue.ts";
import { VaultLoad } from "../../../shared/signing/vault-load.ts";
import { azureError } from "../../fakes/azure-error.ts";

interface Vault {
  name: string;
  load: VaultLoad;
}

const throttled = (headers?: Record<string, string>) =>
  new Unavailable("azure_unavailable", { cause: azureError(429, headers) });
const createVault = (name = "one"): Vault => ({ name, load: new VaultLoad() });
const live = new AbortController().signal;

/** Makes a vault take one request at a time for now. */
function narrow(vault: Vault): void {
  vault.load.begin()(throttled());
  vi.advanceTimersByTime(150);
}

describe("the queue for the vaults", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  test("lets vaults that are equally free take turns", async () => {
    const queue = new SigningQueue<Vault>();
    const vaults = [createVault("one"), createVault("two"), createVault("three")];
    const names: string[] = [];
    for (let count = 0; count < 6; count++) {
      const { server, end } = await queue.turn("client", vaults, live);
      names.push(server.name);
      end();
    }
    expect(names.slice(0, 3).toSorted()).toEqual(["one", "three", "two"]);
    expect(names.slice(3)).toEqual(names.slice(0, 3));
  });

  test("gives each vault the share that it takes, and more as it takes more", async () => {
    const queue = new SigningQueue<Vault>();
    const [wide, small] = [createVault("wide"), createVault("small")];
    const shareOfSmall = async () => {
      const turns = await Promise.all(Array.from({ length: 40 }, () => queue.turn("client", [wide, small], live)));
      for (const { end } of turns) end();
      return turns.filter(({ server }) => server === small).length;
    };
    narrow(small);
    const shares: number[] = [];
    for (let round = 0; round < 12; round++) shares.push(await shareOfSmall());
    expect(shares[0]).toBe(1);
    expect(shares.at(-1)).toBeGreaterThan(10);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  test("lets those go first whose client was served least, and those of one client in their order", async () => {
    const queue = new SigningQueue<Vault>();
    const vault = createVault();
    narrow(vault);
    const order: string[] = [];
    const ask = (clientId: string, name: string) =>
      queue.turn(clientId, [vault], live).then(({ end }) => {
        order.push(name);
        end(new Unavailable("azure_unavailable"));
      });
    const { end } = await queue.turn("storm", [vault], live);
    const all = [1, 2, 3].map((count) => ask("storm", `storm ${count}`));
    all.push(ask("quiet", "quiet 1"), ask("quiet", "quiet 2"));
    end();
    await vi.advanceTimersByTimeAsync(1_000);
    await Promise.all(all);
    expect(order).toEqual(["quiet 1", "storm 1", "quiet 2", "storm 2", "storm 3"]);
  });

  test("gives a turn as soon as a pause is over", async () => {
    const queue = new SigningQueue<Vault>();
    const vault = createVault();
    vault.load.begin()(throttled({ "retry-after-ms": "400" }));
    let served = false;
    const turn = queue.turn("client", [vault], live).then(() => {
      served = true;
    });
    await vi.advanceTimersByTimeAsync(399);
    expect(served).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    await turn;
  });

  test("refuses at once where all vaults pause for long, with the time until the first of them is back", async () => {
    const queue = new SigningQueue<Vault>();
    const [one, two] = [createVault("one"), createVault("two")];
    one.load.begin()(throttled({ "retry-after": "20" }));
    two.load.begin()(throttled({ "retry-after": "7" }));
    await expect(queue.turn("client", [one, two], live)).rejects.toMatchObject({
      name: "Unavailable",
      retryAfterSeconds: 7,
    });
  });

  test("refuses who waited for a second and a half", async () => {
    const queue = new SigningQueue<Vault>();
    const vault = createVault();
    narrow(vault);
    await queue.turn("client", [vault], live);
    const waiting = queue.turn("client", [vault], live);
    const refused = expect(waiting).rejects.toMatchObject({ name: "Unavailable", reason: "signing_queue_timeout" });
    await vi.advanceTimersByTimeAsync(1_499);
    await vi.advanceTimersByTimeAsync(1);
    await refused;
  });

  test("does not spend a turn on a request whose time is over", async () => {
    const queue = new SigningQueue<Vault>();
    const vault = createVault();
    narrow(vault);
    const { end } = await queue.turn("client", [vault], live);
    const controller = new AbortController();
    const late = expect(queue.turn("client", [vault], controller.signal)).rejects.toMatchObject({
      reason: "deadline_exceeded",
    });
    controller.abort();
    end();
    await late;
    expect(vault.load.use).toBe(0);
  });

  test("holds a thousand; of more, the newest of the most served is refused", async () => {
    const queue = new SigningQueue<Vault>();
    const vault = createVault();
    narrow(vault);
    await queue.turn("storm", [vault], live);
    const refused: string[] = [];
    const ask = (clientId: string, name: string) =>
      queue.turn(clientId, [vault], live).catch(() => void refused.push(name));
    const all = Array.from({ length: 1_000 }, (_, count) => ask("storm", `storm ${count}`));
    all.push(ask("quiet", "quiet"));
    await vi.advanceTimersByTimeAsync(0);
    expect(refused).toEqual(["storm 999"]);
    await vi.advanceTimersByTimeAsync(1_500);
    await Promise.all(all);
  });
});
