import { nearest } from "../../plan/nearest";

describe("what a slip is taken for", () => {
  it.each([
    ["the candidate with the fewest other letters", "strickt", ["stricktab", "strict"], "strict"],
    ["of two that are as near, the one that begins like it", "lan", ["ran", "lan1"], "lan1"],
    ["the same in other letters' case", "LAN", ["wan", "lan"], "lan"],
    ["nothing, where too many letters stand in front", "v4", ["oldv4"], undefined],
    ["nothing, where too many letters are others", "office", ["strict", "nat64"], undefined],
  ])("is %s", (_, word, candidates, guess) => {
    expect(nearest(word, candidates)).toBe(guess);
  });
});
