import Module from "node:module";

// Replaces Azurite's telemetry package by an empty object: no data leaves the machine, and the package takes as long to load as the rest
// of Azurite. Azurite has no option for this here, since its services are started from its modules, not by its commands.
Module.prototype.require = new Proxy(Module.prototype.require, {
  apply: (target, thisArg, args: [string]) =>
    args[0] === "applicationinsights" ? {} : Reflect.apply(target, thisArg, args),
});
