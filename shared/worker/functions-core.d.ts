/** The module of the Functions worker, which exists only there at run time. */
declare module "@azure/functions-core" {
  import type { FunctionsCore } from "./worker-http.ts";
  export const getProgrammingModel: FunctionsCore["getProgrammingModel"];
  export const setProgrammingModel: FunctionsCore["setProgrammingModel"];
}
