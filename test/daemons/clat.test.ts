/** A client's CLAT in the guest: clatd and TAYGA under systemd, behind a router that advertises what networks have. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { z } from "zod";
import { clientDocuments } from "../../cloud-init/client";
import { renderBundle } from "../../services";
import { planOf } from "../fixtures/plan";
import { describeInGuest, Guest, startTimeout } from "./guest";

const base = {
  clients: [{ name: "phone", clat: true }],
  lan: { prefix: "2001:2:0:1::/64" },
  nat64: { prefix: "2001:2:0:64::/96" },
};
const gateway = "2001:2:0:1::1";

const documentSchema = z.object({
  write_files: z.array(z.object({ path: z.string(), content: z.string(), permissions: z.string() })),
  runcmd: z.array(z.array(z.string())),
});

function firstBoot() {
  const plan = planOf(base);
  const [client] = plan.clients;
  if (client === undefined) throw new Error("the plan has no client");
  const identity = { hostKey: { privateKey: "", publicKey: "" }, authorizedKeys: [] };
  return documentSchema.parse(parse(clientDocuments(plan, client, identity).userData, { version: "1.1" }));
}

/** radvd's own file, as a gateway with that configuration has it. */
function radvdFile(raw: Readonly<Record<string, unknown>>): string {
  const service = renderBundle(planOf({ ...base, ...raw })).find(({ name }) => name === "radvd");
  return service?.files.find(({ path }) => path.endsWith("radvd.conf"))?.content ?? "";
}

const hasTun = existsSync("/dev/net/tun");
const describeWithTun: typeof describeInGuest = hasTun
  ? describeInGuest
  : (name) => {
      describe.skip(`${name} (skipped: /dev/net/tun is missing)`, () => undefined);
    };

describeWithTun("a client's CLAT", () => {
  let guest: Guest;
  const { write_files: files, runcmd } = firstBoot();

  /** What the CLAT has: address, default route, service. */
  const clat = (): string =>
    guest.shell(
      "ip -4 -oneline address show dev clat 2>/dev/null | grep -o '192[0-9./]*' || true; " +
        "ip -4 route show default | grep -o 'dev clat' || true; systemctl is-active clatd || true",
    );
  const runs = "192.0.0.1/32\ndev clat\nactive\n";
  const none = "inactive\n";
  /** Until it is so, or half a minute is over. */
  const expectClat = async (expected: string): Promise<void> => {
    for (let tries = 0; tries < 120 && clat() !== expected; tries++) await sleep(250);
    expect(clat()).toBe(expected);
  };
  const advertise = (raw: Readonly<Record<string, unknown>>): void => {
    guest.write("/tmp/radvd.conf", radvdFile(raw));
    guest.shell(
      "systemctl stop router 2>/dev/null || true; systemd-run --quiet --unit=router ip netns exec client radvd --nodaemon " +
        "--logmethod=stderr --config /tmp/radvd.conf --pidfile /run/router.pid",
    );
  };
  /** As after a move to another network: the carrier is lost and gained. */
  const join = (raw: Readonly<Record<string, unknown>>): void => {
    guest.shell("systemctl stop router; ip -n client link set lan down; sleep 0.3");
    guest.shell("ip -n client link set lan up; ip -n client address replace 2001:2:0:1::1/64 dev lan nodad");
    advertise(raw);
  };

  beforeAll(async () => {
    guest = await Guest.start();
    guest.shell("mkdir -p /dev/net; mknod /dev/net/tun c 10 200; systemctl start systemd-resolved");
    guest.shell(`ip -n client address add ${gateway}/64 dev lan nodad`);
    guest.shell("ip netns exec client sysctl --quiet --write net.ipv6.conf.all.forwarding=1");
    guest.write(
      "/etc/systemd/network/10-netplan-lan.network",
      "[Match]\nName=lan\n[Network]\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=yes\n[IPv6AcceptRA]\nUsePREF64=yes\n",
    );
    // Its start is lost once, as systemd itself may lose it.
    guest.write(
      "/etc/systemd/system/systemd-networkd-persistent-storage.service.d/lost.conf",
      "[Service]\nExecStartPre=+sh -c '[ -e /run/was-lost ] || { touch /run/was-lost; exit 1; }'\n",
    );
    guest.shell("systemctl daemon-reload; networkctl reload");
    for (const { path, content, permissions } of files) {
      guest.write(path, content);
      guest.shell(`chmod ${permissions} ${path}`);
    }
  }, startTimeout);

  afterAll(() => guest.stop());

  it("has units that systemd takes", () => {
    const { status, stderr } = guest.run([
      ...["systemd-analyze", "verify", "--man=no", "--recursive-errors=no"],
      ...["ipv6-only-lab-clat.service", "clatd.service"],
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("does nothing before there is a network, and comes with PREF64", async () => {
    for (const [program = "", ...words] of runcmd) {
      expect(guest.run([program, ...words])).toMatchObject({ status: 0 });
    }
    await expectClat(none);
    advertise({});
    await expectClat(runs);
    expect(guest.shell("test -e /run/was-lost; systemctl is-active ipv6-only-lab-clat")).toBe("active\n");
    expect(guest.shell("systemctl --failed --plain --no-legend")).toBe("");
  }, 60_000);

  it("sends what goes to an IPv4 address into the NAT64 prefix, from the client's own address", () => {
    const sent = guest.shell(
      "ip netns exec client timeout 5 tcpdump -nn -c 1 -i lan 'ip or (ip6 and net 2001:2:0:64::/96)' 2>/dev/null & " +
        "sleep 1; curl -s -m 2 http://192.0.2.9/ || true; wait",
    );
    expect(sent).toMatch(/IP6 2001:2:0:1:[0-9a-f:]+\.\d+ > 2001:2:0:64::c000:209\.80: Flags \[S\]/);
  });

  it("goes when IPv4 of the network's own appears, and comes back when that is gone", async () => {
    guest.shell("ip address add 192.168.9.2/24 dev lan; ip route add default via 192.168.9.1");
    await expectClat(none);
    guest.shell("ip address delete 192.168.9.2/24 dev lan");
    await expectClat(runs);
  }, 90_000);

  it("goes on a network without a translator, and leaves nothing behind", async () => {
    join({ routerAdvertisements: { pref64: false } });
    await expectClat(none);
    expect(guest.shell("nft list tables; ip -6 rule; cat /proc/sys/net/ipv6/conf/all/forwarding")).toBe(
      "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n0\n",
    );
  }, 60_000);

  it("is found by DNS64 where the advertisements have no PREF64 (RFC 7050)", async () => {
    guest.write(
      "/tmp/unbound.conf",
      [
        `server:\n  interface: ${gateway}\n  ip-freebind: yes\n  access-control: ::/0 allow\n  username: ""\n  chroot: ""\n  do-daemonize: no`,
        '  pidfile: ""\n  use-syslog: no\n  module-config: "iterator"',
        '  local-data: "ipv4only.arpa. AAAA 2001:2:0:64::c000:aa"\n',
      ].join("\n"),
    );
    guest.shell("systemd-run --quiet --unit=resolver ip netns exec client unbound -c /tmp/unbound.conf");
    join({ routerAdvertisements: { pref64: false } });
    await expectClat(runs);
  }, 90_000);

  it("ends with what started it", async () => {
    guest.shell("systemctl stop ipv6-only-lab-clat.service");
    await expectClat(none);
  }, 60_000);
});
