import type { BadInput } from "./bad-networks";

const web = { client: "client-1", port: 80, outsidePort: 61_080 };

function lab(...staticBindings: readonly object[]) {
  return { internet: { kind: "simulated" }, nat64: { staticBindings } };
}

const bridged = { uplink: { kind: "bridged", bridge: "br0" } };

/** Static bindings that cannot work. */
export const badBindings: readonly BadInput[] = [
  [
    "a binding of nobody's service",
    lab({ ...web, client: "client-2" }),
    "nat64.staticBindings[0].client",
    /no client of this lab/,
    /Did you mean client-1\? There are: client-1/,
  ],
  [
    "a binding of nobody's service among many clients",
    { ...lab({ ...web, client: "somebody" }), clients: 11 },
    "nat64.staticBindings[0].client",
    /no client of this lab/,
    /^There are: client-1, .*, client-10, …$/,
  ],
  [
    "a binding of nobody's service among as many clients as are named",
    { ...lab({ ...web, client: "somebody" }), clients: 10 },
    "nat64.staticBindings[0].client",
    /no client of this lab/,
    /^There are: client-1, .*, client-10$/,
  ],
  [
    "a binding of a client without a translator",
    {
      ...lab({ ...web, client: "b" }),
      networks: [
        { name: "nat64", scenario: "ipv6-only-nat64" },
        { name: "strict", scenario: "ipv6-only-strict" },
      ],
      clients: [{ name: "a" }, { name: "b", network: "strict" }],
    },
    "nat64.staticBindings[0].client",
    /lives on strict, which has no translator \(ipv6-only-strict\)/,
    /a client on nat64/,
  ],
  [
    "a binding of a client without a translator beside several that have one",
    {
      ...lab({ ...web, client: "b" }),
      networks: [
        { name: "nat64", scenario: "ipv6-only-nat64" },
        { name: "mostly", scenario: "ipv6-mostly" },
        { name: "strict", scenario: "ipv6-only-strict" },
      ],
      clients: [{ name: "b", network: "strict" }],
    },
    "nat64.staticBindings[0].client",
    /lives on strict/,
    /a client on nat64 or mostly/,
  ],
  [
    "a binding of a client on a network that is not there",
    {
      ...lab({ ...web, client: "b" }),
      networks: [{ name: "nat64", scenario: "ipv6-only-nat64" }],
      clients: [{ name: "b", network: "nat46" }],
    },
    "clients[0].network",
    /no network of this lab/,
    /nat64/,
  ],
  [
    "a binding in a lab without any translator",
    { ...lab(web), networks: [{ name: "strict", scenario: "ipv6-only-strict" }] },
    "nat64.staticBindings[0].client",
    /no translator/,
    /ipv6-only-nat64/,
  ],
  [
    "two bindings of one port outside",
    lab(web, { ...web, port: 81 }),
    "nat64.staticBindings[1].outsidePort",
    /nat64\.staticBindings\[0\]'s already/,
    /its own|of its own/,
  ],
  [
    "a binding that is there twice",
    lab(web, web),
    "nat64.staticBindings[1].outsidePort",
    /nat64\.staticBindings\[0\]'s already/,
    /of its own/,
  ],
  [
    "one service at two places",
    lab(web, { ...web, outsidePort: 61_081 }),
    "nat64.staticBindings[1].port",
    /client-1 is bound by nat64\.staticBindings\[0\] already.*RFC 6146/,
    /Remove/,
  ],
  [
    "a port outside the pool",
    lab({ ...web, outsidePort: 80 }),
    "nat64.staticBindings[0].outsidePort",
    /not in nat64\.pool4, which has ports 61001-65535/,
    /a pool4 that has this one/,
  ],
  [
    "sshd's port",
    lab({ ...web, outsidePort: 22 }),
    "nat64.staticBindings[0].outsidePort",
    /gateway's own sshd/,
    /another/,
  ],
  [
    "the DHCP client's port",
    lab({ ...web, protocol: "UDP", outsidePort: 68 }),
    "nat64.staticBindings[0].outsidePort",
    /gateway's own DHCP client/,
    /another/,
  ],
  [
    "a port of another protocol's pool",
    { ...bridged, nat64: { pool4: [{ protocol: "UDP", prefix: "203.0.113.7" }], staticBindings: [web] } },
    "nat64.staticBindings[0].outsidePort",
    /not in nat64\.pool4, which has 203\.0\.113\.7\/32 ports 61001-65535/,
    /pool4/,
  ],
  ...[61_000, 62_001].map((outsidePort): BadInput => {
    const pool4 = [
      { prefix: "203.0.113.7", ports: "61001-62000" },
      { prefix: "203.0.113.8", ports: "63000-64000" },
    ];
    return [
      `a port right beside a pool's, ${outsidePort}`,
      { ...bridged, nat64: { pool4, staticBindings: [{ ...web, outsidePort }] } },
      "nat64.staticBindings[0].outsidePort",
      /which has 203\.0\.113\.7\/32 ports 61001-62000, 203\.0\.113\.8\/32 ports 63000-64000\.$/,
      /a pool4 that has this one/,
    ];
  }),
  [
    "an address that the pool does not have",
    {
      ...bridged,
      nat64: { pool4: [{ prefix: "203.0.113.7" }], staticBindings: [{ ...web, address: "203.0.113.8" }] },
    },
    "nat64.staticBindings[0].outsidePort",
    /at 203\.0\.113\.8 is not in nat64\.pool4/,
    /pool4/,
  ],
  [
    "a pool of several addresses and no word which",
    { ...bridged, nat64: { pool4: [{ prefix: "203.0.113.6/31" }], staticBindings: [web] } },
    "nat64.staticBindings[0].address",
    /several addresses/,
    /e\.g\. 203\.0\.113\.6/,
  ],
  [
    "two pools and no word which",
    {
      ...bridged,
      nat64: { pool4: [{ prefix: "203.0.113.6" }, { prefix: "203.0.113.9" }], staticBindings: [web] },
    },
    "nat64.staticBindings[0].address",
    /several addresses/,
    /e\.g\. 203\.0\.113\.6/,
  ],
  [
    "a pool that begins with the other one's only address, and no word which",
    {
      ...bridged,
      nat64: { pool4: [{ prefix: "203.0.113.6" }, { prefix: "203.0.113.6/31" }], staticBindings: [web] },
    },
    "nat64.staticBindings[0].address",
    /several addresses/,
    /e\.g\. 203\.0\.113\.6/,
  ],
  [
    "an address that DHCP will give",
    { ...bridged, nat64: { staticBindings: [web] } },
    "nat64.staticBindings[0].address",
    /by DHCP/,
    /pool4 with it/,
  ],
  [
    "an address where nobody comes to",
    lab({ ...web, address: "10.0.2.15" }),
    "nat64.staticBindings[0].address",
    /know the gateway as 192\.0\.2\.1/,
    /Leave it out/,
  ],
  [
    "bindings where nobody outside is let in",
    { nat64: { staticBindings: [{ ...web, address: "10.0.2.15" }] } },
    "nat64.staticBindings",
    /lets nobody in/,
    /internet\.kind: simulated/,
  ],
  [
    "bindings for those who were asked",
    { internet: { kind: "simulated" }, nat64: { addressDependentFiltering: true, staticBindings: [web] } },
    "nat64.addressDependentFiltering",
    /spoken first/,
    /Leave it out/,
  ],
  ["a binding of ICMP", lab({ ...web, protocol: "ICMP" }), "nat64.staticBindings[0].protocol", /TCP, UDP/, /TCP, UDP/],
  [
    "a binding without a port",
    lab({ client: "client-1", outsidePort: 61_080 }),
    "nat64.staticBindings[0].port",
    /missing/,
    /number/,
  ],
  ["a port that is none", lab({ ...web, port: 0 }), "nat64.staticBindings[0].port", /less than 1/, /1 or more/],
];
