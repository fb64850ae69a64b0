import { dataDir, fetchAdminToken, findRunningStack } from "./running-stack.ts";

// `npm run --silent admin-token`: a token of an administrator for the stack that runs, and nothing else.

const dir = dataDir();
const stack = await findRunningStack(dir);
if (stack) {
  console.log(await fetchAdminToken(stack));
} else {
  console.error(`Nothing runs on the folder ${dir}; start it with "npm start".`);
  process.exitCode = 1;
}
