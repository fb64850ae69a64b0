/** The types of the package are those of its index. */
declare module "undici/lib/dispatcher/agent.js" {
  import { Agent } from "undici";
  // biome-ignore lint/style/noDefaultExport: what a CommonJS module exports is the default of an ES module.
  export default Agent;
}
