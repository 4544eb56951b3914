const { availableParallelism } = require("node:os");

/** What needs nothing but Node; QEMUs with nothing in them; the daemons' own checkers; real labs; a simulated vCenter. */
const common = {
  testEnvironment: "node",
  testEnvironmentOptions: { globalsCleanup: "off" },
  transform: { "^.+\\.ts$": "<rootDir>/test/transform.js" },
};

/** @type {import("jest").Config} */
module.exports = {
  // Jest would leave one processor out, which on a small machine is half of them; and a third of a unit test's time is waiting.
  maxWorkers: Math.max(4, availableParallelism()),
  // Milliseconds. How long a program takes that a test starts says how busy the machine is, and nothing else.
  testTimeout: 120_000,
  testSequencer: "<rootDir>/test/longest-first.js",
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/test/e2e/", "/test/daemons/", "/test/machines/", "/node_modules/"],
    },
    { ...common, displayName: "machines", testMatch: ["<rootDir>/test/machines/**/*.test.ts"] },
    { ...common, displayName: "daemons", testMatch: ["<rootDir>/test/daemons/**/*.test.ts"] },
    {
      ...common,
      displayName: "e2e",
      testMatch: ["<rootDir>/test/e2e/**/*.test.ts"],
      testPathIgnorePatterns: ["/test/e2e/vcenter/", "/node_modules/"],
    },
    { ...common, displayName: "vsphere", testMatch: ["<rootDir>/test/e2e/vcenter/**/*.test.ts"] },
  ],
};
