/**
 * Prepares Node for the Pulumi program: TypeScript, packages that wait until they are used, and stack traces that show its
 * lines.
 *
 * Pulumi's runner has source-map-support map stack traces, which finds no maps of what tsx compiles in memory. With the
 * maps of Pulumi's own files it makes lines like "node_modules/@pulumi/resource.ts", on which the util.inspect of some
 * releases of Node.js (20.20.2 is one) never ends: an error of the program would hang it.
 */
require("./typescript.cjs");
require("./late-packages.cjs");
const { createRequire, findSourceMap } = require("node:module");

createRequire(require.resolve("@pulumi/pulumi"))("source-map-support").install({
  overrideRetrieveSourceMap: true,
  retrieveSourceMap(source) {
    const compiled = source.includes("/node_modules/") ? undefined : findSourceMap(source);
    return compiled === undefined ? null : { url: source, map: compiled.payload };
  },
});
