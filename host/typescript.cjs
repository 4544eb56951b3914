/**
 * Lets Node run the project's TypeScript: `node --require ./host/typescript.cjs cli/main.ts`.
 *
 * tsx would read every package as well, the nine megabytes of TypeScript's own compiler (which Pulumi's SDK loads) among
 * them. They are plain JavaScript, so Node loads them itself: each start of a program is a third faster.
 */
const { _extensions: loaders } = require("node:module");

const javascript = loaders[".js"];
require("tsx/cjs");
loaders[".js"] = javascript;
