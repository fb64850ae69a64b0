import { parseArgs } from "node:util";
import { FAULT_KINDS, type Fault, parseFault } from "./faults/faults.ts";
import { OPERATIONS } from "./faults/operation.ts";

/** What `npm start` was asked for. */
export interface StartOptions {
  readonly help: boolean;
  readonly standIns: boolean;
  readonly faults: readonly Fault[];
}

/** Reads the arguments of the command. Throws a sentence for a person. */
export function readStartOptions(args: string[]): StartOptions {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: "boolean", default: false },
      "stand-ins": { type: "boolean", default: false },
      fault: { type: "string", multiple: true, default: [] },
    },
  });
  return { help: values.help, standIns: values["stand-ins"], faults: values.fault.map(parseFault) };
}

const kinds = Object.entries(FAULT_KINDS).map(([kind, meaning]) => `  ${kind.padEnd(12)} ${meaning}`);

/** What `npm start -- --help` says. */
export const USAGE = `npm start                          the service on stand-ins for Azure, until Ctrl-C
npm start -- --fault <rule> …      the same, but what it asks Azure for goes wrong as the rules say

PORT (7071) and LOCAL_DATA_DIR (.local) say where. A rule is <operation>=<kind>[:<value>][@<percent>%], for example

  --fault table-merge=lose-reply@20%     every fifth change is made, and nobody is told
  --fault 'secret-*=throttle:5'          Key Vault has no time for the hashes of secrets for another 5 s
  --fault key-sign=delay:3000            signing takes 3 s

The first rule that matches a request and happens counts. The request, on its way to Azure,
${kinds.join("\n")}

Operations: ${OPERATIONS.join(", ")}.
`;
