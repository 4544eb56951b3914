import type { BadInput } from "./bad-networks";

/** Machines that cannot work, and texts that are no configuration. */
export const badForms: readonly BadInput[] = [
  // Machines
  ["two clients of one name", { clients: [{ name: "a" }, { name: "a" }] }, "clients[1].name", /clients\[0\]/, /own/],
  ["a client called gateway", { clients: [{ name: "gateway" }] }, "clients[0].name", /taken/, /client-1/],
  ["a client called localhost", { clients: [{ name: "localhost" }] }, "clients[0].name", /taken/, /client-1/],
  ["a client with a capital letter", { clients: [{ name: "Phone" }] }, "clients[0].name", /host name/, /client-1/],
  [
    "two clients of one interface id",
    {
      clients: [
        { name: "a", interfaceId: "::10" },
        { name: "b", interfaceId: "::0010" },
      ],
    },
    "clients[1].interfaceId",
    /a's already/,
    /own/,
  ],
  [
    "a client with the gateway's interface id",
    { clients: [{ name: "a", interfaceId: "::1" }] },
    "clients[0].interfaceId",
    /the gateway's/,
    /own/,
  ],
  [
    "a fixed interface id in the pool of leases",
    { clients: [{ name: "a", interfaceId: "::d001" }], dhcpv6: { mode: "stateful" } },
    "clients[0].interfaceId",
    /inside dhcpv6.pool/,
    /outside/,
  ],
  ...["::d000", "::dfff"].map((interfaceId): BadInput => [
    `a fixed interface id at an end of the pool of leases, ${interfaceId}`,
    { clients: [{ name: "a", interfaceId }], dhcpv6: { mode: "stateful" } },
    "clients[0].interfaceId",
    /inside dhcpv6.pool/,
    /outside/,
  ]),
  [
    "a CLAT behind a /40, which clatd does not take",
    { clients: [{ name: "a" }, { name: "b", clat: true }], nat64: { prefix: "2001:db8:6400::/40" } },
    "clients[1].clat",
    /does not work with the \/40 .*clatd takes \/32, \/48, \/56, \/64, \/96/,
    /another nat64.prefix/,
  ],
  [
    "a CLAT that cannot reach the simulated internet",
    {
      clients: [{ name: "a", clat: true }],
      internet: { kind: "simulated" },
      lan: { prefix: "2001:2:0:1::/64" },
    },
    "clients[0].clat",
    /192\.0\.2\.0\/24\).*well-known prefix/,
    /64:ff9b:1:fffe::\/96/,
  ],
  [
    "a CLAT that is neither true nor false",
    { clients: [{ name: "a", clat: "yes" }] },
    "clients[0].clat",
    /true/,
    /true/,
  ],
  ["no clients", { clients: 0 }, "clients", /less than 1/, /1 or more/],
  ["an empty list of clients", { clients: [] }, "clients", /empty/, /at least one/],
  ["a client without a name", { clients: [{}] }, "clients[0].name", /missing/, /text/],
  ["too little memory", { clientDefaults: { memory: 64 } }, "clientDefaults.memory", /less than 256/, /256/],
  [
    "too little memory to build Jool",
    { gateway: { memory: 512 }, image: { jool: "first-boot" } },
    "gateway.memory",
    /build Jool/,
    /1024/,
  ],

  // Image, SSH, checks
  ["a cloud image without a location", { image: { kind: "cloud" } }, "image.location", /missing/, /URL/],
  [
    "a downloaded image without a digest",
    { image: { kind: "cloud", location: "https://example.com/a.qcow2" } },
    "image.sha256",
    /missing/,
    /SHA-256/,
  ],
  [
    "a location for a built image",
    { image: { location: "a.qcow2" } },
    "image.location",
    /kind cloud/,
    /image.kind: cloud/,
  ],
  ...[{ release: "trixie" }, { mirror: "http://example.com/" }, { jool: "prebuilt" }].map((own): BadInput => {
    const key = Object.keys(own).join();
    const image = { kind: "cloud", location: "a.qcow2", ...own };
    return [`a ${key} for a cloud image`, { image }, `image.${key}`, /belongs to kind build/, /image.kind: build/];
  }),
  [
    "a digest for a built image",
    { image: { sha256: "a".repeat(64) } },
    "image.sha256",
    /kind cloud/,
    /image.kind: cloud/,
  ],
  ["a mirror that is no URL", { image: { mirror: "example.com" } }, "image.mirror", /URL/, /http/],
  [
    "a package with a space",
    { image: { extraPackages: ["a b"] } },
    "image.extraPackages[0]",
    /Debian package/,
    /iperf3/,
  ],
  ["an address as check page", { verify: { url: "http://192.0.2.1/" } }, "verify.url", /DNS64/, /host name/],
  ["an IPv6 address as check page", { verify: { url: "http://[::1]/" } }, "verify.url", /DNS64/, /host name/],
  [
    "an SSH key without its type",
    { ssh: { authorizedKeys: ["AAAAC3"] } },
    "ssh.authorizedKeys[0]",
    /public key/,
    /\.pub/,
  ],

  // The form
  ["a number in quotes", { lan: { mtu: "1500" } }, "lan.mtu", /a number, not a text/, /without quotes: 1500/],
  [
    "a text without quotes that YAML made a number",
    { lan: { gatewayInterfaceId: 10 } },
    "lan.gatewayInterfaceId",
    /a text, not a number/,
    /"10"/,
  ],
  [
    "a truth value in quotes",
    { nat64: { dropIcmpv6Info: "true" } },
    "nat64.dropIcmpv6Info",
    /true or false, not a text/,
    /without quotes: true/,
  ],
  ["a fraction", { verify: { timeout: 1.5 } }, "verify.timeout", /whole number/, /whole number/],
  ["an empty section", { lan: null }, "lan", /empty/, /leave the key out/],
  ["an empty section as Pulumi hands it over", { lan: "" }, "lan", /empty/, /leave the key out/],
  ["a list for a section", { lan: ["fc01::/64"] }, "lan", /not a list/, /keys and values/],
  [
    "one value where a list belongs",
    { nat64: { deniedIpv4: "192.0.2.0/24" } },
    "nat64.deniedIpv4",
    /a list, not a text/,
    /list/,
  ],
  [
    "a mistyped choice",
    { dhcpv6: { mode: "statefull" } },
    "dhcpv6.mode",
    /off, stateless, stateful/,
    /Write stateful$/,
  ],
  ["an unknown platform", { platform: "virtualbox" }, "platform", /qemu/, /qemu/],
  ["a count of clients in words", { clients: "three" }, "clients", /number or a list/, /number or a list/],
  ["a count of clients with a leading zero", { clients: "010" }, "clients", /number or a list/, /number or a list/],
  ["a mistyped section", { nat46: {} }, "nat46", /not a known key/, /nat64/],
  ["a mistyped key", { lan: { prefx: "fc01::/64" } }, "lan.prefx", /not a known key/, /lan\.prefix/],
  ["a key outside its section", { synthesizeAll: true }, "synthesizeAll", /not a known key/, /dns\.synthesizeAll/],
  [
    "a mistyped key of a client",
    { clients: [{ name: "a", interfaceID: "::10" }] },
    "clients[0].interfaceID",
    /not a known key/,
    /clients\[0\]\.interfaceId/,
  ],
  ["a key like no other", { lan: { xyzzy: 1 } }, "lan.xyzzy", /not a known key/, /prefix, gatewayInterfaceId, mtu/],
];
