/** Has Pulumi's SDK turn a function into text, and tells how much of the compiler was there before it, and after it. */
import { runtime } from "@pulumi/pulumi";

const compiler = require.resolve("typescript", { paths: [require.resolve("@pulumi/pulumi")] });

function exported(): number {
  const compilers: unknown = require.cache[compiler]?.exports;
  return typeof compilers === "object" && compilers !== null ? Object.keys(compilers).length : 0;
}

const before = exported();
void runtime
  .serializeFunction(() => 42)
  .then(({ text }) => {
    console.log(JSON.stringify({ before, after: exported(), text }));
  });
