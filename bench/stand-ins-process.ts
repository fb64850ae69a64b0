import { startStack } from "../local/stack.ts";

const stack = await startStack();
process.on("disconnect", async () => {
  await stack.close();
  process.exit();
});
process.send?.({ settings: stack.settings, adminToken: stack.adminToken() });
