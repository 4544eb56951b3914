import type { BadInput } from "./bad-networks";

const fine = { title: "it runs", command: "true", expect: "works" };

/** Checks of one's own that cannot work. */
export const badChecks: readonly BadInput[] = [
  [
    "a check that tries nothing",
    { checks: [{ title: "it", expect: "works" }] },
    "checks[0]",
    /nothing/,
    /command or a url/,
  ],
  [
    "a check that tries two things",
    { checks: [{ ...fine, url: "http://a/" }] },
    "checks[0].url",
    /one thing/,
    /two checks/,
  ],
  [
    "a check without a word for a title",
    { checks: [{ ...fine, title: " " }] },
    "checks[0].title",
    /one line/,
    /Write e\.g\./,
  ],
  [
    "a check with too long a command",
    { checks: [{ ...fine, command: "x".repeat(4097) }] },
    "checks[0].command",
    /longer than 4096/,
    /at most 4096/,
  ],
  ["two checks of one title", { checks: [fine, fine] }, "checks[1].title", /checks\[0\]/, /own/],
  [
    "a check that expects nothing",
    { checks: [{ title: "it", command: "true" }] },
    "checks[0].expect",
    /works, fails or keys and values/,
    /works/,
  ],
  [
    "a check on a client that is not there",
    { checks: [{ ...fine, on: ["client-2"] }] },
    "checks[0].on[0]",
    /no client/,
    /Did you mean client-1\? There are: client-1/,
  ],
  [
    "an expectation of a network that is not there",
    {
      networks: [{ name: "strict", scenario: "ipv6-only-strict" }],
      checks: [{ ...fine, expect: { strickt: "fails" } }],
    },
    "checks[0].expect.strickt",
    /neither a network of this lab nor a scenario/,
    /Did you mean strict\? There are: strict, ipv4-only, dual-stack, ipv6-only-nat64, ipv6-only-strict, ipv6-mostly/,
  ],
  [
    "an outcome that is none",
    { checks: [{ ...fine, expect: { "ipv4-only": "breaks" } }] },
    "checks[0].expect.ipv4-only",
    /works, fails/,
    /works/,
  ],
  ["a mistyped outcome", { checks: [{ ...fine, expect: "work" }] }, "checks[0].expect", /./, /works/],
  [
    "a URL that is none",
    { checks: [{ title: "it", url: "example.com", expect: "works" }] },
    "checks[0].url",
    /URL/,
    /http/,
  ],
];
