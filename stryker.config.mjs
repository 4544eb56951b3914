/**
 * `npm run mutation`: which changes of the code would no unit test notice? It takes an hour or more, and so is no part of
 * `npm test`. `npm run mutation -- --mutate 'verify/checks/*.ts'` takes some of it.
 */
import jest from "./jest.config.js";

const { displayName: _name, testPathIgnorePatterns: _ignored, ...unit } = jest.projects[0];

export default {
  testRunner: "jest",
  jest: {
    projectType: "custom",
    config: { ...unit, testMatch: ["<rootDir>/test/{verify,services,plan}/**/*.test.ts"] },
  },
  mutate: ["verify/**/*.ts", "services/**/*.ts", "plan/**/*.ts"],
  coverageAnalysis: "perTest",
  concurrency: 1,
  // What a mutant prints or how long it waits proves nothing; one that never ends is found by its time.
  timeoutMS: 20_000,
  tempDirName: ".lab/mutation",
  ignorePatterns: ["/docs", "/vcenter", "/toolchain", "/.lab"],
  reporters: ["clear-text", "progress-append-only"],
  clearTextReporter: { allowColor: false, logTests: false },
  allowEmpty: false,
};
