/** What a network leaves out is as the lab's own sections have it. Works on what is written: nothing has defaults yet. */
type Raw = Readonly<Record<string, unknown>>;

/** The sections that a network may have for itself. */
const sections = ["routerAdvertisements", "dhcpv6"] as const;

/** The same configuration, with every network complete. */
export function inherited(raw: Raw): Raw {
  const { networks, lan, dns } = raw;
  if (!Array.isArray(networks)) return raw;
  const fromLan = pick(lan, ["gatewayInterfaceId", "mtu"]);
  const fromDns = pick(dns, ["searchDomains"]);
  const complete = networks.map((network: unknown) => ({
    ...fromLan,
    ...fromDns,
    ...record(network),
    ...Object.fromEntries(sections.map((name) => [name, merged(raw[name], record(network)[name])])),
  }));
  return { ...raw, networks: complete };
}

function merged(lab: unknown, own: unknown): unknown {
  if (own === undefined) return lab;
  if (!isRecord(lab) || !isRecord(own)) return own;
  const names = new Set([...Object.keys(lab), ...Object.keys(own)]);
  return Object.fromEntries([...names].map((name) => [name, merged(lab[name], own[name])]));
}

function pick(section: unknown, names: readonly string[]): Raw {
  return Object.fromEntries(Object.entries(record(section)).filter(([name]) => names.includes(name)));
}

function record(value: unknown): Raw {
  return isRecord(value) ? value : {};
}

function isRecord(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
