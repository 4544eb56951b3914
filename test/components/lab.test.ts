import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { Ipv6OnlyLab } from "../../components/lab";
import { choosePlatform } from "../../components/platforms";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import type { LabPlan } from "../../plan/model";
import { renderBundle } from "../../services";
import { bundleDigest, bundleText, outlineText } from "../../services/bundle";
import { applyScript } from "../../services/script";
import { labAccessSchema } from "../../verify/access";
import { RecordingMocks, type Registered } from "./mocks";
import { homeOf, lanOf } from "../fixtures/plan";

async function register(config: Record<string, unknown>): Promise<{ mocks: RecordingMocks; plan: LabPlan }> {
  const mocks = new RecordingMocks();
  await pulumi.runtime.setMocks(mocks, "ipv6-only-lab", "test");
  const plan = planLab(parseConfig(config), { project: "ipv6-only-lab", stack: "test" });
  new Ipv6OnlyLab("lab", plan, await choosePlatform(plan));
  await pulumi.runtime.disconnect();
  return { mocks, plan };
}

/** The script that a command runs as root, and what the script finds on its standard input. */
function scriptOf({ create, stdin }: Registered["inputs"]): { script: string; rest: string } {
  const [, size] =
    /^sudo -n -- setarch --addr-no-randomize bash -c 'eval "\$\(head -c (\d+)\)"'$/.exec(String(create)) ?? [];
  const bytes = Buffer.from(String(stdin));
  return { script: bytes.subarray(0, Number(size)).toString(), rest: bytes.subarray(Number(size)).toString() };
}

describe("a lab with default configuration", () => {
  let mocks: RecordingMocks;
  let plan: LabPlan;
  beforeAll(async () => {
    ({ mocks, plan } = await register({}));
  });

  it("is made of exactly these resources", () => {
    expect(mocks.registered.map(({ type, name }) => `${type} ${name}`).sort()).toEqual([
      "command:remote:Command lab-client-1-network",
      "command:remote:Command lab-gateway-services",
      "ipv6lab:index:Client lab-client-1",
      "ipv6lab:index:Gateway lab-gateway",
      "ipv6lab:index:Ipv6OnlyLab lab",
      "lab:index:GatewayState lab-gateway-state",
      "lab:index:Image lab-image",
      "lab:index:KeyPair lab-client-1-host-key",
      "lab:index:KeyPair lab-gateway-host-key",
      "lab:index:KeyPair lab-login-key",
      "lab:index:LanSegment lab-lan",
      "lab:index:Verification lab-verification",
      "lab:index:VirtualMachine lab-client-1",
      "lab:index:VirtualMachine lab-gateway",
    ]);
  });

  it("gives the gateway an uplink card with SSH forwarded to it, and a card on the segment", () => {
    expect(machine("lab-gateway").inputs).toEqual({
      stateFolder: ".lab/stacks/test",
      machineName: "gateway",
      image: { digest: "d1", disk: "/cache/disk.qcow2", format: "qcow2", kernel: "/cache/kernel" },
      memoryMiB: plan.gateway.memoryMiB,
      cpus: plan.gateway.cpus,
      accelerator: "auto",
      nics: [
        { kind: "user", mac: plan.gateway.uplinkMac, sshForward: true, restricted: false },
        { kind: "segment", mac: lanOf(plan).gatewayMac, segment: { group: "239.255.1.2", port: 50123 } },
      ],
      disposable: true,
      documents: expect.objectContaining({}) as unknown,
    });
    expect(machine("lab-client-1").inputs.disposable).toBe(false);
  });

  it("gives the client a card on the segment and nothing else", () => {
    expect(machine("lab-client-1").inputs.nics).toEqual([
      { kind: "segment", mac: plan.clients[0]?.lanMac, segment: { group: "239.255.1.2", port: 50123 } },
    ]);
  });

  it("hands every machine its own pinned host key and the lab's login key, as a secret", () => {
    for (const name of ["lab-gateway", "lab-client-1"]) {
      const { inputs, secretInputs } = machine(name);
      const { userData } = inputs.documents as { userData: string };
      expect(secretInputs).toContain("documents");
      expect(parse(userData)).toMatchObject({
        ssh_keys: {
          ed25519_private: `private key of ${name}-host-key`,
          ed25519_public: `ssh-ed25519 ${name}-host-key`,
        },
      });
      expect(userData).toContain("ssh-ed25519 lab-login-key");
    }
  });

  it("lays the services down over an SSH connection that accepts the gateway's own host key only", () => {
    const { inputs } = mocks.one("command:remote:Command", "lab-gateway-services");
    expect(inputs.connection).toEqual({
      host: "127.0.0.1",
      port: 2222,
      user: "lab",
      privateKey: "private key of lab-login-key",
      hostKey: "ssh-ed25519 lab-gateway-host-key",
      dialErrorLimit: -1,
      perDialTimeout: 20,
    });
    const { script, rest } = scriptOf(inputs);
    expect(script).toBe(applyScript());
    expect(rest).toBe(bundleText(renderBundle(plan), "m1"));
    expect(inputs.triggers).toEqual(["lab-gateway-id"]);
  });

  it("looks at the gateway against what was laid down, with a login that is a secret", () => {
    const { inputs, secretInputs } = mocks.one("lab:index:GatewayState", "lab-gateway-state");
    expect(secretInputs).toContain("target");
    expect(inputs).toMatchObject({ outline: outlineText(renderBundle(plan)), drift: [] });
    expect(JSON.parse(String(inputs.target))).toEqual({
      host: "127.0.0.1",
      port: 2222,
      user: "lab",
      privateKey: "private key of lab-login-key",
      hostKey: "ssh-ed25519 lab-gateway-host-key",
      agent: { stateFolder: ".lab/stacks/test", machineName: "gateway" },
    });
  });

  it("tells a client of another network when there is one, and has a new one see whether it knows this one", async () => {
    const { inputs } = mocks.one("command:remote:Command", "lab-client-1-network");
    expect(inputs.create).toMatch(/'script' 'made'$/);
    expect(inputs.update).toMatch(/'script' 'changed'$/);
    expect(inputs.stdin).toContain(`resolvectl flush-caches\nlan\n${plan.clients.map(homeOf)[0] ?? ""}\n\n{`);
    const network = async (raw: Record<string, unknown>): Promise<unknown> =>
      (await register(raw)).mocks.one("command:remote:Command", "lab-client-1-network").inputs.stdin;
    for (const another of [
      { lan: { prefix: "2001:2:0:aab1::/64" } },
      { lan: { gatewayInterfaceId: "::2" } },
      { nat64: { prefix: "2001:db8:64::/96" } },
      { dhcpv6: { mode: "off" } },
      { dns: { searchDomains: ["lab.example"] } },
    ]) {
      expect(await network(another)).not.toBe(inputs.stdin);
    }
    expect(await network({ dns: { forwarders: ["192.0.2.53"] }, routerAdvertisements: { maxInterval: 60 } })).toBe(
      inputs.stdin,
    );
  });

  it("ends with the verification, told where everything is, again after each power-on and all that is laid down", () => {
    const { inputs, secretInputs } = mocks.one("lab:index:Verification", "lab-verification");
    expect(secretInputs).toContain("target");
    const access = labAccessSchema.parse(JSON.parse(String(inputs.target)));
    expect(access.gateway).toEqual({
      name: "gateway",
      host: "127.0.0.1",
      port: 2222,
      hostKey: "ssh-ed25519 lab-gateway-host-key",
      console: "lab-gateway.log",
    });
    expect(access.clients).toEqual([
      {
        name: "client-1",
        network: "lan",
        addresses: { lan: { ipv6: plan.clients.map(homeOf)[0] } },
        lanMac: plan.clients[0]?.lanMac,
        option108: false,
        clat: false,
        hostKey: "ssh-ed25519 lab-client-1-host-key",
        console: "lab-client-1.log",
      },
    ]);
    expect(inputs.triggers).toEqual([
      `m1 ${bundleDigest(renderBundle(plan))}`,
      "lab-gateway was powered on",
      "lab-client-1 was powered on",
    ]);
  });

  function machine(name: string): Registered {
    return mocks.one("lab:index:VirtualMachine", name);
  }
});

describe("a lab on a bridged uplink", () => {
  it("reaches the gateway by a card that carries SSH and nothing else", async () => {
    const { mocks, plan } = await register({ uplink: { kind: "bridged", bridge: "br0" } });
    expect(mocks.one("lab:index:VirtualMachine", "lab-gateway").inputs.nics).toEqual([
      { kind: "bridge", mac: plan.gateway.uplinkMac, bridge: "br0" },
      { kind: "segment", mac: lanOf(plan).gatewayMac, segment: { group: "239.255.1.2", port: 50123 } },
      { kind: "user", mac: plan.gateway.managementMac, sshForward: true, restricted: true },
    ]);
  });
});

describe("a lab from a distribution's cloud image", () => {
  it("installs the client's packages through the gateway, over a connection that pins both host keys", async () => {
    const { mocks, plan } = await register({
      image: { kind: "cloud", location: "/images/debian.qcow2", extraPackages: ["nginx"] },
    });
    const { inputs } = mocks.one("command:remote:Command", "lab-client-1-packages");
    expect(scriptOf(inputs).rest).toBe("bind9-dnsutils\ncurl\niputils-ping\nstrace\nnginx\n");
    expect(inputs.connection).toMatchObject({
      host: `${plan.clients[0]?.linkLocalAddress ?? ""}%lan`,
      port: 22,
      hostKey: "ssh-ed25519 lab-client-1-host-key",
      proxy: { host: "127.0.0.1", port: 2222, hostKey: "ssh-ed25519 lab-gateway-host-key" },
    });
  });
});

describe("adding a client", () => {
  it("changes no input of any other machine", async () => {
    const before = await register({ clients: 1 });
    const after = await register({ clients: 3 });
    for (const name of ["lab-gateway", "lab-client-1"]) {
      expect(after.mocks.one("lab:index:VirtualMachine", name)).toEqual(
        before.mocks.one("lab:index:VirtualMachine", name),
      );
    }
    expect(after.mocks.of("lab:index:VirtualMachine")).toHaveLength(4);
  });
});
