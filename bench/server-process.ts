const [name = ""] = process.argv.slice(2);
const { start } = (await import(`./competitors/${name}.ts`)) as { start(): Promise<string> };
const url = await start();

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMicroseconds: user + system, residentBytes: process.memoryUsage.rss() });
});
process.on("disconnect", () => process.exit());
process.send?.({ url });
