/** TypeScript for Jest, by the compiler that tsx brings: types are checked once for all by `tsc`. */
const { createRequire } = require("node:module");
const { transformSync } = createRequire(require.resolve("tsx/package.json"))("esbuild");

module.exports = {
  process: (source, path) =>
    transformSync(source, {
      loader: "ts",
      format: "cjs",
      target: "node20",
      sourcefile: path,
      sourcemap: "inline",
      // Jest's module registry knows `require` only.
      supported: { "dynamic-import": false },
      tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
    }),
};
