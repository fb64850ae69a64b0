import Module from "node:module";

// For Azurite, whose services are run by the modules of its commands: it has no programming interface. Without its telemetry, and
// without the package of that, too: loading it takes as long as all the rest.
Module.prototype.require = new Proxy(Module.prototype.require, {
  apply: (target, thisArg, args: [string]) =>
    args[0] === "applicationinsights" ? {} : Reflect.apply(target, thisArg, args),
});
