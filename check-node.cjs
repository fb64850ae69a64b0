// Runs after `npm install` and `npm ci`, with the Node that `npm start` and `npm test` will find: the one from the lock file where npm
// has it for this platform, else the reader's own. An older Node would fail later, at the first TypeScript file, without saying why.
// No syntax that Node 12 lacks: an old Node must be able to read this.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `This project needs Node 22.18 or newer, and here it finds Node ${process.versions.node}: install a newer one (https://nodejs.org) and run npm again.`,
  );
  process.exitCode = 1;
}
