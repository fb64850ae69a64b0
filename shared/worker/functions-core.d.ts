/** The worker's own module, which exists at run time in the Functions worker alone. */
declare module "@azure/functions-core" {
  import type { FunctionsCore } from "./worker-http.ts";
  export const getProgrammingModel: FunctionsCore["getProgrammingModel"];
  export const setProgrammingModel: FunctionsCore["setProgrammingModel"];
}
