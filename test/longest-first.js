/** The story that takes longest is begun first, beside all the others. */
const { default: Sequencer } = require("@jest/test-sequencer");

const longest = /first-boot\.test/;

module.exports = class extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => Number(longest.test(b.path)) - Number(longest.test(a.path)));
  }
};
