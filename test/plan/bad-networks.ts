/** [what is wrong, the configuration, the key it is told for, a part of the reason, a part of the remedy] */
export type BadInput = readonly [string, Readonly<Record<string, unknown>>, string, RegExp, RegExp];

const privateTraffic = { nat64: { allowedIpv4: ["192.168.7.0/24"] } };

/** Networks that cannot work. */
export const badNetworks: readonly BadInput[] = [
  // The LAN
  ["a LAN prefix that is no /64", { lan: { prefix: "fc01::/48" } }, "lan.prefix", /is a \/48/, /Write fc01::\/64/],
  [
    "a LAN prefix with host bits",
    { lan: { prefix: "fc01:0:0:1::1/64" } },
    "lan.prefix",
    /bits set/,
    /Write fc01:0:0:1::\/64/,
  ],
  ["a LAN prefix with a zone", { lan: { prefix: "fe80::%eth0/64" } }, "lan.prefix", /zone/, /Leave out %eth0/],
  ["a multicast LAN prefix", { lan: { prefix: "ff02::/64" } }, "lan.prefix", /multicast/, /fd00::\/8/],
  ["a link-local LAN prefix", { lan: { prefix: "fe80::/64" } }, "lan.prefix", /link-local/, /fd00::\/8/],
  ["a site-local LAN prefix", { lan: { prefix: "fec0::/64" } }, "lan.prefix", /site-local/, /fd00::\/8/],
  ["the unspecified prefix on the LAN", { lan: { prefix: "::/64" } }, "lan.prefix", /unspecified/, /fd00::\/8/],
  ["a LAN prefix without a length", { lan: { prefix: "fc01:0:0:1::" } }, "lan.prefix", /no length/, /\/64/],
  ["an IPv4 prefix on the LAN", { lan: { prefix: "10.0.0.0/64" } }, "lan.prefix", /not an IPv6/, /RFC 4291/],
  ["an MTU below IPv6's minimum", { lan: { mtu: 1279 } }, "lan.mtu", /less than 1280/, /1280 or more/],
  [
    "a gateway at the anycast address",
    { lan: { gatewayInterfaceId: "::" } },
    "lan.gatewayInterfaceId",
    /anycast/,
    /Write/,
  ],
  [
    "a whole address for an interface id",
    { lan: { gatewayInterfaceId: "fc01::1" } },
    "lan.gatewayInterfaceId",
    /more than an interface id/,
    /::1/,
  ],

  // NAT64
  [
    "a NAT64 prefix of a wrong length",
    { nat64: { prefix: "2001:db8::/44" } },
    "nat64.prefix",
    /length 44/,
    /64:ff9b::\/96/,
  ],
  [
    "a NAT64 prefix with bits 64-71 set",
    { nat64: { prefix: "2001:db8:0:0:100::/96" } },
    "nat64.prefix",
    /64 to 71/,
    /2001:db8::\/96/,
  ],
  [
    "a NAT64 prefix over the LAN",
    { lan: { prefix: "fd00:0:0:1::/64" }, nat64: { prefix: "fd00::/48" } },
    "nat64.prefix",
    /overlaps lan.prefix/,
    /64:ff9b/,
  ],
  ["a multicast NAT64 prefix", { nat64: { prefix: "ff00::/32" } }, "nat64.prefix", /multicast/, /64:ff9b/],
  [
    "IPv4-mapped addresses as NAT64 prefix",
    { nat64: { prefix: "::ffff:0:0/96" } },
    "nat64.prefix",
    /mapped/,
    /64:ff9b/,
  ],
  [
    "private destinations behind the well-known prefix",
    privateTraffic,
    "nat64.allowedIpv4[0]",
    /RFC 6052 section 3.1/,
    /network-specific/,
  ],
  [
    "a pool over the local ports",
    { nat64: { pool4: [{ prefix: "10.0.2.15", ports: "60000-61999" }] } },
    "nat64.pool4[0].ports",
    /32768-60999/,
    /61001-65535/,
  ],
  [
    "a pool with a reversed range",
    { nat64: { pool4: [{ prefix: "10.0.2.15", ports: "65535-61001" }] } },
    "nat64.pool4[0].ports",
    /range/,
    /61001-65535/,
  ],
  ["an empty pool", { nat64: { pool4: [] } }, "nat64.pool4", /empty/, /default/],

  // DNS
  [
    "a forwarder that is no address",
    { dns: { forwarders: ["dns.example"] } },
    "dns.forwarders[0]",
    /not an IPv4/,
    /192\.0\.2\.1/,
  ],
  [
    "a forwarder with a bad port",
    { dns: { forwarders: ["8.8.8.8@0"] } },
    "dns.forwarders[0]",
    /port/,
    /8\.8\.8\.8@5353/,
  ],
  [
    "the gateway as its own forwarder",
    { dns: { forwarders: ["fc01:0:0:1::1"] } },
    "dns.forwarders[0]",
    /itself/,
    /another/,
  ],
  [
    "the gateway's loopback as forwarder",
    { dns: { forwarders: ["127.0.0.1"] } },
    "dns.forwarders[0]",
    /itself/,
    /another/,
  ],
  [
    "a forwarder behind the translator",
    { dns: { forwarders: ["64:ff9b::8.8.8.8"] } },
    "dns.forwarders[0]",
    /through its own translator/,
    /Write 8\.8\.8\.8/,
  ],
  [
    "a search domain with a final dot",
    { dns: { searchDomains: ["lab.example."] } },
    "dns.searchDomains[0]",
    /domain name/,
    /lab\.example/,
  ],

  // Router advertisements and DHCPv6
  [
    "intervals too close",
    { routerAdvertisements: { minInterval: 8 } },
    "routerAdvertisements.minInterval",
    /three quarters/,
    /7 or less/,
  ],
  [
    "a maximum interval below RFC 4861's",
    { routerAdvertisements: { maxInterval: 3 } },
    "routerAdvertisements.maxInterval",
    /less than 4/,
    /4 or more/,
  ],
  [
    "a router lifetime below the interval",
    { routerAdvertisements: { routerLifetime: 9 } },
    "routerAdvertisements.routerLifetime",
    /maxInterval 10/,
    /30/,
  ],
  [
    "DNS servers that expire between advertisements",
    { routerAdvertisements: { dnsLifetime: 5 } },
    "routerAdvertisements.dnsLifetime",
    /expire/,
    /30/,
  ],
  [
    "a prefix preferred for longer than valid",
    { routerAdvertisements: { prefix: { validLifetime: 600 } } },
    "routerAdvertisements.prefix.preferredLifetime",
    /validLifetime 600/,
    /600 or less/,
  ],
  [
    "no source of addresses",
    { routerAdvertisements: { prefix: { autonomous: false } } },
    "routerAdvertisements.prefix.autonomous",
    /nothing gives/,
    /stateful/,
  ],
  [
    "addresses by DHCPv6 that nobody asks for",
    { routerAdvertisements: { managed: false }, dhcpv6: { mode: "stateful" } },
    "routerAdvertisements.managed",
    /not to ask/,
    /autonomous: true/,
  ],
  [
    "a lease preferred for longer than valid",
    { dhcpv6: { preferredLifetime: 7201 } },
    "dhcpv6.preferredLifetime",
    /validLifetime 7200/,
    /7200 or less/,
  ],
  [
    "a reversed pool of leases",
    { dhcpv6: { pool: { first: "::f", last: "::e" } } },
    "dhcpv6.pool.first",
    /after/,
    /Exchange/,
  ],
  [
    "a pool of leases with the gateway in it",
    { dhcpv6: { pool: { first: "::1", last: "::ff" } } },
    "dhcpv6.pool",
    /gateway's own ::1/,
    /without it/,
  ],

  // Uplink
  ["a bridged uplink without a bridge", { uplink: { kind: "bridged" } }, "uplink.bridge", /missing/, /br0/],
  ["a bridge behind NAT", { uplink: { bridge: "br0" } }, "uplink.bridge", /no meaning/, /bridged/],
  ["native IPv6 behind NAT", { uplink: { ipv6: "native" } }, "uplink.ipv6", /routes the LAN prefix/, /bridged/],
];
