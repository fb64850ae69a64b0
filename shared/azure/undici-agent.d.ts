/** The types of the package are those of its index. */
declare module "undici/lib/dispatcher/agent.js" {
  import { Agent } from "undici";
  // biome-ignore lint/style/noDefaultExport: the exports of a CommonJS module are the default of an ES module.
  export default Agent;
}
