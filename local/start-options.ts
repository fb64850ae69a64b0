import { parseArgs } from "node:util";
import { FAULT_KINDS, type Fault, parseFault } from "./faults/faults.ts";
import { OPERATIONS } from "./faults/operation.ts";

/** The options of `npm start`. */
export interface StartOptions {
  readonly help: boolean;
  /** Whether the bundle and the admin page are built first. */
  readonly build: boolean;
  /** Whether only the emulators start, without the service. */
  readonly emulatorsOnly: boolean;
  readonly faults: readonly Fault[];
}

/**
 * Parses the arguments of the command.
 *
 * @throws an error whose message is one sentence for the user.
 */
export function readStartOptions(args: string[]): StartOptions {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: "boolean", default: false },
      build: { type: "boolean", default: false },
      "stand-ins": { type: "boolean", default: false },
      fault: { type: "string", multiple: true, default: [] },
    },
  });
  return {
    help: values.help,
    build: values.build,
    emulatorsOnly: values["stand-ins"],
    faults: values.fault.map(parseFault),
  };
}

const kinds = Object.entries(FAULT_KINDS).map(([kind, meaning]) => `  ${kind.padEnd(12)} ${meaning}`);

/** The help text of `npm start -- --help`. */
export const USAGE = `npm start                          runs the service on emulators of Azure, until Ctrl-C
npm start -- --fault <rule> …      the same, with faults in the requests to the emulators

PORT (7071) is the port of the service, LOCAL_DATA_DIR (.local) the folder of its data.
A rule is <operation>=<kind>[:<value>][@<percent>%], for example

  --fault table-merge=lose-reply@20%     one in five changes of a row is applied, but its reply is lost
  --fault 'secret-*=throttle:5'          the secrets vault answers 429 with Retry-After: 5
  --fault key-sign=delay:3000            a signature takes 3 s longer

The first rule that matches a request and takes effect is applied. The request, on its way to Azure,
${kinds.join("\n")}

Operations: ${OPERATIONS.join(", ")}.
`;
