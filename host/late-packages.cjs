/**
 * Two packages that Pulumi's SDK loads with itself, half a second of each start of the program: TypeScript's compiler and
 * npm's dependency solver. They serve what turns a function into text for later (`serializeFunction`, `CallbackFunction`),
 * which this program never does; so they are loaded when somebody first looks into them.
 */
const { createRequire, Module } = require("node:module");

const sdk = createRequire(require.resolve("@pulumi/pulumi"));

for (const name of ["typescript", "@npmcli/arborist"]) {
  const file = sdk.resolve(name);
  const late = new Module(file);
  const load = () => {
    if (sdk.cache[file] === late) delete sdk.cache[file];
    return sdk(name);
  };
  late.filename = file;
  late.loaded = true;
  // The SDK would copy every key of what does not say that it is a module of ECMAScript's.
  late.exports = new Proxy({}, { get: (_, key) => (key === "__esModule" ? true : Reflect.get(load(), key)) });
  sdk.cache[file] = late;
}
