import fc from "fast-check";
import { parse } from "yaml";
import { z } from "zod";
import { clientDocuments } from "../../cloud-init/client";
import type { CloudInitDocuments, MachineIdentity } from "../../cloud-init/documents";
import { gatewayDocuments } from "../../cloud-init/gateway";
import type { ClientPlan, LabPlan } from "../../plan/model";
import { networks } from "../fixtures/networks";
import { gatewaySoftware } from "../../services";
import { lanOf, planOf } from "../fixtures/plan";

const identity: MachineIdentity = {
  hostKey: {
    privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    publicKey: "ssh-ed25519 AAAAhost gateway host",
  },
  authorizedKeys: ["ssh-ed25519 AAAAlab lab", "ssh-ed25519 AAAAalice alice"],
};

const installationSchema = z.object({
  runcmd: z.array(z.array(z.string())),
  write_files: z.array(z.strictObject({ path: z.string(), permissions: z.string(), content: z.string() })),
});

/** As cloud-init reads it: YAML 1.1. */
function yaml(text: string): unknown {
  return parse(text, { version: "1.1" });
}

function firstClient(plan: LabPlan): ClientPlan {
  const [client] = plan.clients;
  if (client === undefined) throw new Error("the plan has no client");
  return client;
}

const gateway = (raw: Readonly<Record<string, unknown>> = {}) =>
  gatewayDocuments(planOf(raw), identity, gatewaySoftware);
const client = (raw: Readonly<Record<string, unknown>> = {}) => {
  const plan = planOf(raw);
  return clientDocuments(plan, firstClient(plan), identity);
};
const cloudImage = { image: { kind: "cloud", location: "/images/debian.qcow2" } };
const bridged = (ipv6: string) => ({ uplink: { kind: "bridged", bridge: "br0", ipv6 } });

describe("the documents of every machine", () => {
  it.each([
    ["gateway", gateway()],
    ["client-1", client()],
  ])("name it: %s", (name, documents) => {
    expect(yaml(documents.metaData)).toEqual({
      "instance-id": `ipv6-only-lab-test-${name}`,
      "local-hostname": name,
    });
    expect(yaml(documents.userData)).toMatchObject({ hostname: name });
    expect(documents.userData.startsWith("#cloud-config\n")).toBe(true);
  });

  it("pin one host key, and let in the given login keys only, without a password", () => {
    expect(yaml(gateway().userData)).toMatchObject({
      disable_root: true,
      users: [
        {
          name: "lab",
          lock_passwd: true,
          sudo: "ALL=(ALL) NOPASSWD:ALL",
          ssh_authorized_keys: [...identity.authorizedKeys].sort(),
        },
      ],
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: identity.hostKey.privateKey, ed25519_public: identity.hostKey.publicKey },
    });
  });

  it("keep MAC addresses text, also those that YAML 1.1 reads as numbers in base 60", () => {
    const plan = planOf();
    const documents = gatewayDocuments(
      {
        ...plan,
        gateway: { ...plan.gateway, uplinkMac: "52:54:00:12:34:56" },
        networks: [{ ...lanOf(plan), gatewayMac: "20:01:10:20:30:40" }],
      },
      identity,
      gatewaySoftware,
    );
    expect(yaml(documents.networkConfig)).toMatchObject({
      ethernets: {
        uplink: { match: { macaddress: "52:54:00:12:34:56" } },
        lan: { match: { macaddress: "20:01:10:20:30:40" } },
      },
    });
  });

  it("are the same, byte for byte, for the same plan", () => {
    expect(gateway(cloudImage)).toEqual(gateway(cloudImage));
    expect(client(cloudImage)).toEqual(client(cloudImage));
  });

  it("do not change with what the network is", () => {
    fc.assert(
      fc.property(networks, networks, (one, other) => {
        expect(gateway(one)).toEqual(gateway(other));
        expect(client(one)).toEqual(client(other));
      }),
    );
  });
});

describe("the gateway's network", () => {
  const ethernets = (documents: CloudInitDocuments) => yaml(documents.networkConfig);

  it("has the uplink by DHCP, leaves the LAN's address to the services, and believes no router on the LAN", () => {
    const plan = planOf();
    expect(ethernets(gatewayDocuments(plan, identity, gatewaySoftware))).toEqual({
      version: 2,
      renderer: "networkd",
      ethernets: {
        uplink: {
          match: { macaddress: plan.gateway.uplinkMac },
          "set-name": "uplink",
          dhcp4: true,
          dhcp6: false,
          "accept-ra": false,
          "link-local": [],
        },
        lan: {
          match: { macaddress: lanOf(plan).gatewayMac },
          "set-name": "lan",
          optional: true,
          dhcp4: false,
          dhcp6: false,
          "accept-ra": false,
          "link-local": ["ipv6"],
        },
      },
    });
  });

  it.each(["native", "nat66"])("reads router advertisements on an uplink with IPv6: %s", (ipv6) => {
    expect(ethernets(gateway(bridged(ipv6)))).toMatchObject({
      ethernets: { uplink: { "accept-ra": true, "link-local": ["ipv6"] } },
    });
  });

  it("has a management card without routes and resolvers where the uplink is bridged", () => {
    expect(ethernets(gateway(bridged("none")))).toMatchObject({
      ethernets: { mgmt: { dhcp4: true, "dhcp4-overrides": { "use-routes": false, "use-dns": false } } },
    });
    expect(gateway().networkConfig).not.toContain("mgmt");
  });
});

describe("a client's network", () => {
  it("is one card without any IPv4, configured by router advertisements", () => {
    const plan = planOf();
    expect(yaml(client().networkConfig)).toEqual({
      version: 2,
      renderer: "networkd",
      ethernets: {
        lan: {
          match: { macaddress: firstClient(plan).lanMac },
          "set-name": "lan",
          optional: true,
          dhcp4: false,
          dhcp6: false,
          "accept-ra": true,
          "link-local": ["ipv6"],
          "ipv6-privacy": false,
          "ipv6-address-generation": "eui64",
        },
      },
    });
  });

  it("lets the card carry large frames only where the LAN has them", () => {
    const mtu = (raw: Readonly<Record<string, unknown>>): unknown =>
      /^ +mtu: (\d+)$/m.exec(client(raw).networkConfig)?.[1];
    expect([mtu({ lan: { mtu: 1500 } }), mtu({ lan: { mtu: 1501 } }), mtu({ lan: { mtu: 9000 } })]).toEqual([
      undefined,
      "9000",
      "9000",
    ]);
  });

  it("has the fixed interface id that the plan gives it", () => {
    const text = client({ clients: [{ name: "one", interfaceId: "::10" }] }).networkConfig;
    expect(yaml(text)).toMatchObject({ ethernets: { lan: { "ipv6-address-token": "::10" } } });
    expect(text).not.toContain("ipv6-address-generation");
  });
});

describe("a client's CLAT", () => {
  const withClat = { clients: [{ name: "phone", clat: true }] };
  const clatOf = (raw: Readonly<Record<string, unknown>>) => installationSchema.parse(yaml(client(raw).userData));
  const content = (raw: Readonly<Record<string, unknown>>, path: string): string =>
    clatOf(raw).write_files.find((file) => file.path === path)?.content ?? "";

  it("is nothing unless it is asked for", () => {
    expect(client({ clients: [{ name: "phone", clat: false }] })).toEqual(client({ clients: [{ name: "phone" }] }));
    expect(client({ clients: [{ name: "phone" }] }).userData).not.toContain("clat");
  });

  it.each([
    ["a complete image", withClat],
    ["a distribution's image", { ...withClat, ...cloudImage }],
  ])("is a service of %s that runs clatd where the network has a translator", (_what, raw) => {
    expect(content(raw, "/usr/local/lib/ipv6-only-lab/follow-translator")).toMatch(
      /^#!\/bin\/bash\n[^]*clatd\.service/,
    );
    expect(content(raw, "/etc/systemd/system/ipv6-only-lab-clat.service")).toContain(
      "\nExecStart=/usr/bin/setarch --addr-no-randomize /usr/local/lib/ipv6-only-lab/follow-translator\n",
    );
    expect(content(raw, "/etc/systemd/system/clatd.service.d/ipv6-only-lab.conf")).toContain(
      "\nExecStart=\nExecStart=/usr/bin/setarch --addr-no-randomize /usr/sbin/clatd v4-conncheck-enable=no ",
    );
    expect(clatOf(raw).runcmd.at(-1)).toEqual([
      "systemctl",
      "--quiet",
      "--no-reload",
      "enable",
      "--now",
      "ipv6-only-lab-clat.service",
    ]);
  });

  it("runs where networkd has been told to leave its routing rules alone, and has heard it", () => {
    expect(content(withClat, "/etc/systemd/networkd.conf.d/ipv6-only-lab.conf")).toContain(
      "\nManageForeignRoutingPolicyRules=no\n",
    );
    const commands = clatOf(withClat).runcmd.map((words) => words.join(" "));
    const [heard, runs] = ["restart systemd-networkd", "enable --now ipv6-only-lab-clat"].map((words) =>
      commands.findIndex((command) => command.includes(words)),
    );
    expect(heard).toBeGreaterThanOrEqual(0);
    expect(runs).toBeGreaterThan(heard ?? Infinity);
  });

  it("comes beside what the networks need", () => {
    const networks = [{ name: "mostly", scenario: "ipv6-mostly" }];
    const { runcmd, write_files: files } = clatOf({
      clients: [{ name: "phone", clat: true, option108: true }],
      networks,
    });
    expect(runcmd[0]).toEqual(["networkctl", "reload"]);
    expect(files.map(({ content: text }) => text)).toContainEqual(expect.stringContaining("IPv6OnlyMode=yes"));
  });
});

describe("what the first boot installs", () => {
  it("is nothing on a complete image, and never anything on a client", () => {
    for (const documents of [gateway(), client()]) {
      expect(documents.userData).not.toMatch(/runcmd|apt-get/);
      expect(yaml(documents.userData)).toMatchObject({ write_files: [{ path: "/var/lib/systemd/linger/lab" }] });
    }
    expect(client(cloudImage).userData).not.toContain("apt-get");
  });

  it("is Jool's module when the image leaves it to the gateway", () => {
    expect(yaml(gateway({ image: { kind: "build", jool: "first-boot" } }).userData)).toMatchObject({
      runcmd: [["/usr/local/lib/ipv6-only-lab/install-gateway"]],
      write_files: [
        // Debian starts the user's service manager with the first login and ends it after the last.
        { path: "/var/lib/systemd/linger/lab", permissions: "0644", content: "" },
        { path: "/usr/local/lib/ipv6-only-lab/install-gateway", permissions: "0755" },
      ],
    });
  });

  it("is every package of the gateway's on a distribution's image, each daemon held back until there is a bundle", () => {
    const text = gateway({ image: { ...cloudImage.image, extraPackages: ["tcpdump"] } }).userData;
    const packages = ["jool-dkms", "kea-dhcp6-server", "radvd", "tcpdump", "unbound"];
    const { runcmd, write_files: files } = installationSchema.parse(yaml(text));
    expect(runcmd[0]).toEqual(expect.arrayContaining(packages));
    for (const unit of ["kea-dhcp6-server", "radvd", "unbound"]) {
      expect(files).toContainEqual({
        path: `/etc/systemd/system/${unit}.service.d/10-await-bundle.conf`,
        permissions: "0644",
        content: "[Unit]\nConditionPathExists=/var/lib/ipv6-only-lab/manifest\n",
      });
    }
  });
});
