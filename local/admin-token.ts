import { dataDir, fetchAdminToken, findRunningStack } from "./running-stack.ts";

// `npm run --silent admin-token`: one token of an administrator for the stack that runs on this folder.

const stack = await findRunningStack(dataDir());
if (stack) {
  console.log(await fetchAdminToken(stack));
} else {
  console.error(`Nothing runs on ${dataDir()}: start it with "npm start".`);
  process.exitCode = 1;
}
