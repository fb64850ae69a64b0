import type { KeyVaultSecret } from "@azure/keyvault-secrets";
import type { FakeSecretVault } from "../fakes/fake-secret-vault.ts";
import type { FakeTable, Row } from "../fakes/fake-table.ts";

/** A write of a client's row. */
interface RowWrite {
  readonly before: Row | undefined;
  readonly row: Row;
  /** The etag of the row as the operation has read it. */
  readonly readEtag: string | undefined;
  /** Every secret that the row has ever named. */
  readonly earlier: ReadonlySet<unknown>;
  /** Whether the named secret is enabled in the vault. */
  readonly isReadable: boolean;
  /** The actions in the rows of history that the same call to the table has written. */
  readonly actions: readonly unknown[];
}

const namesAnother = ({ before, row }: RowWrite) => before?.secretName !== row.secretName;
const FIXED_COLUMNS = ["id", "name", "description", "scopes", "created_by", "created_at"];

/** Writes of a row that the protocol forbids, whether or not a caller would notice. */
const FORBIDDEN_ROW_WRITES: readonly [string, (write: RowWrite) => boolean][] = [
  ["was enabled again", ({ before, row }) => before?.status === "disabled" && row.status !== "disabled"],
  ["lost columns", ({ row }) => row.status === undefined || row.secretName === undefined],
  ["changed a fixed column", ({ before, row }) => !!before && FIXED_COLUMNS.some((name) => before[name] !== row[name])],
  [
    "overwrote a version that the operation had not read",
    (w) => !!w.before && namesAnother(w) && w.before.etag !== w.readEtag,
  ],
  ["names an earlier secret again", (w) => namesAnother(w) && w.earlier.has(w.row.secretName)],
  ["names a vault secret that cannot be read", (w) => namesAnother(w) && !w.isReadable],
  ["was changed without its history", (w) => w.actions.join() !== actionOf(w)],
];

/** Names the change of a row. */
function actionOf(write: RowWrite): string {
  if (!write.before) return "create";
  if (namesAnother(write)) return "regenerate";
  return write.row.status === "disabled" ? "disable" : "no change";
}

function keyOf({ partitionKey, rowKey }: Row): string {
  return `${partitionKey}/${rowKey}`;
}

/** Tells a row with a client secret or the hash of one. */
function hasSecret(row: Row): boolean {
  return /socmate_|v1:/.test(JSON.stringify(row));
}

/** A write of a vault secret. */
interface SecretWrite {
  readonly method: string;
  readonly before: KeyVaultSecret | undefined;
  readonly secret: KeyVaultSecret;
  readonly isNamedByActive: boolean;
}

const FORBIDDEN_SECRET_WRITES: readonly [string, (write: SecretWrite) => boolean][] = [
  ["changed its value", ({ before, secret }) => before !== undefined && before.value !== secret.value],
  ["was enabled again", (w) => w.method === "updateSecretProperties" && w.secret.properties.enabled !== false],
  ["was disabled although an active row names it", (w) => w.secret.properties.enabled === false && w.isNamedByActive],
];

interface Watched {
  readonly table: FakeTable;
  readonly vault: FakeSecretVault;
  readEtag(): string | undefined;
  report(violation: string): void;
}

/** Checks the stores after every write and reports violations of the protocol. */
export function watchInvariants({ table, vault, readEtag, report }: Watched): void {
  const rows = new Map<string, Row>();
  const secrets = new Map<string, KeyVaultSecret>();
  const earlierNames = new Map<string, unknown[]>();

  /** Checks the rows that one call has written. */
  table.after = () => {
    const written = [...table.rows.values()].filter((row) => rows.get(keyOf(row)) !== row);
    const history = written.filter(({ rowKey }) => rowKey.startsWith("change!"));
    const clients = written.filter(({ rowKey }) => rowKey === "client");
    const made = history.filter(({ action }) => action !== "abandoned");
    for (const row of clients) checkClient(keyOf(row), row, history);
    for (const row of clients.length === 0 ? made : []) report(`${keyOf(row)} is a history without its change`);
    for (const row of history.filter((row) => rows.has(keyOf(row)))) report(`${keyOf(row)} was written again`);
    for (const row of written.filter(hasSecret)) report(`${keyOf(row)} has a secret or a hash`);
    for (const row of written) rows.set(keyOf(row), row);
  };

  const checkClient = (target: string, row: Row, history: readonly Row[]) => {
    const actions = history.map(({ action }) => action);
    const before = rows.get(target);
    const earlier = new Set(earlierNames.get(target));
    const isReadable = secrets.get(String(row.secretName))?.properties.enabled === true;
    const write: RowWrite = { before, row, readEtag: readEtag(), earlier, isReadable, actions };
    for (const [what, isForbidden] of FORBIDDEN_ROW_WRITES) {
      if (isForbidden(write)) report(`${row.partitionKey}: its row ${what}`);
    }
    earlierNames.set(target, [...earlier, row.secretName]);
  };

  vault.after = ({ name: method, target }) => {
    const secret = vault.secrets.get(target)?.at(-1);
    if (!secret || !["setSecret", "updateSecretProperties"].includes(method)) return;
    const names = (row: Row) => row.status === "active" && row.secretName === target;
    const isNamedByActive = [...table.rows.values()].some(names);
    const write: SecretWrite = { method, before: secrets.get(target), secret, isNamedByActive };
    for (const [what, isForbidden] of FORBIDDEN_SECRET_WRITES) {
      if (isForbidden(write)) report(`vault secret ${target} ${what}`);
    }
    secrets.set(target, structuredClone(secret));
  };
}
