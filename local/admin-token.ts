import { dataDir, fetchAdminToken, findRunningStack } from "./running-stack.ts";

// `npm run --silent admin-token`: prints an admin token for the running stack, and nothing else.

const dir = dataDir();
const stack = await findRunningStack(dir);
if (stack) {
  console.log(await fetchAdminToken(stack));
} else {
  console.error(`Nothing runs on the folder ${dir}; start it with "npm start".`);
  process.exitCode = 1;
}
