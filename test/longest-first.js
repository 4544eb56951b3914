/**
 * The stories that take longest are begun first, beside all the others: a few are told at once, and one that was left to the
 * end would be told alone. Jest itself knows only how long a file is where it has not been run before.
 */
const { default: Sequencer } = require("@jest/test-sequencer");

const longest = ["e2e/scenarios", "e2e/lab", "vcenter/lab", "e2e/breakages", "e2e/kills", "daemons/internet"];

const rank = ({ path }) => {
  const at = longest.findIndex((name) => path.endsWith(`/${name}.test.ts`));
  return at === -1 ? longest.length : at;
};

module.exports = class extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => rank(a) - rank(b));
  }
};
