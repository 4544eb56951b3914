/**
 * `npm run mutation`: which changes of the code would no unit test notice? It takes hours, and so is no part of `npm test`.
 * `npm run mutation -- --mutate 'verify/checks/*.ts'` takes some of it, with the tests of the rooms that it names.
 */
import jest from "./jest.config.js";

const { displayName: _name, testPathIgnorePatterns: _ignored, ...unit } = jest.projects[0];
const rooms = ["verify", "services", "plan"];
const asked = process.argv[process.argv.indexOf("--mutate") + 1] ?? "";
const tested = rooms.filter((room) => !process.argv.includes("--mutate") || asked.includes(`${room}/`));

export default {
  testRunner: "jest",
  jest: {
    projectType: "custom",
    // stacks.test.ts looks at files and runs processes of its own, in which nothing is changed.
    config: {
      ...unit,
      testMatch: tested.map((room) => `<rootDir>/test/${room}/**/*.test.ts`),
      testPathIgnorePatterns: ["stacks\\.test"],
    },
  },
  mutate: rooms.map((room) => `${room}/**/*.ts`),
  coverageAnalysis: "perTest",
  // A table at the head of a module is read once for all tests: each change of it would cost a run of every one of them.
  ignoreStatic: true,
  concurrency: 1,
  dryRunTimeoutMinutes: 30,
  // What a mutant prints or how long it waits proves nothing; one that never ends is found by its time.
  timeoutMS: 20_000,
  tempDirName: ".lab/mutation",
  ignorePatterns: ["/.lab"],
  reporters: ["clear-text", "progress-append-only"],
  clearTextReporter: { allowColor: false, logTests: false },
  allowEmpty: false,
};
