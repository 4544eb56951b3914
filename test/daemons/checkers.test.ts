/** Every rendered file through the parser of the program that will read it, in the version that the guest has. */
import { stringify } from "yaml";
import { clientDocuments } from "../../cloud-init/client";
import type { CloudInitDocuments, MachineIdentity } from "../../cloud-init/documents";
import { gatewayDocuments } from "../../cloud-init/gateway";
import { gatewaySoftware, renderBundle } from "../../services";
import { lanCards } from "../../plan/interfaces";
import { generateKeyPair } from "../../ssh";
import { configurations, planOf } from "../fixtures/plan";
import { describeInGuest, Guest, type Result, startTimeout } from "./guest";

const hostKey = generateKeyPair("test");
const identity: MachineIdentity = {
  hostKey,
  authorizedKeys: [hostKey.publicKey],
};

/** What each program is asked, with the files laid out below `/tmp/<configuration>`. */
const checkers = {
  "unbound-checkconf": (root: string) => `
    /usr/libexec/unbound-helper root_trust_anchor_update
    for instance in unbound:dnssec plain:plain-dnssec; do
      main=${root}/etc/unbound/\${instance%:*}.conf
      [ -e $main ] || continue
      for variant in off on; do
        included=${root}/etc/unbound/ipv6-only-lab/\${instance#*:}-$variant.conf
        grep -v '^include:' $main >${root}/checked.conf
        [ ! -e $included ] || cat $included >>${root}/checked.conf
        unbound-checkconf ${root}/checked.conf
      done
    done`,
  radvd: (root: string) => `
    [ ! -e ${root}/etc/ipv6-only-lab/radvd.conf ] ||
      radvd --logmethod stderr --configtest --config ${root}/etc/ipv6-only-lab/radvd.conf`,
  "kea-dhcp6": (root: string) => `
    [ ! -e ${root}/etc/kea/kea-dhcp6.conf ] || KEA_LOCKFILE_DIR=${root} kea-dhcp6 -t ${root}/etc/kea/kea-dhcp6.conf`,
  "kea-dhcp4": (root: string) => `
    [ ! -e ${root}/etc/kea/kea-dhcp4.conf ] || KEA_LOCKFILE_DIR=${root} kea-dhcp4 -t ${root}/etc/kea/kea-dhcp4.conf`,
  nft: (root: string) => `nft -c -f ${root}/etc/nftables.conf`,
  sysctl: (root: string) => `sysctl --dry-run -p ${root}/etc/sysctl.d/90-ipv6-only-lab.conf`,
  "systemd-analyze": (root: string) => `
    for unit in jool kea-dhcp6-server kea-dhcp4-server; do
      [ ! -d ${root}/etc/systemd/system/$unit.service.d ] || cp -r ${root}/etc/systemd/system/$unit.service.d /run/systemd/system/
    done
    for file in ${root}/etc/systemd/system/*.service; do [ ! -f "$file" ] || cp "$file" /run/systemd/system/; done
    systemctl daemon-reload
    ! systemd-analyze verify jool.service kea-dhcp6-server.service kea-dhcp4-server.service 2>&1 | grep ipv6-only-lab.conf
    [ ! -e ${root}/etc/systemd/system/unbound-plain.service ] || systemd-analyze verify unbound-plain.service`,
};

describeInGuest("the programs on the gateway", () => {
  let guest: Guest;
  beforeAll(async () => {
    guest = await Guest.start();
  }, startTimeout);
  afterAll(() => guest.stop());

  describe.each(Object.entries(configurations))("accept the services of %s:", (name, raw) => {
    const root = `/tmp/${name.replaceAll(/\W+/g, "-")}`;
    beforeAll(() => {
      for (const { path, content } of renderBundle(planOf(raw)).flatMap(({ files }) => files))
        guest.write(`${root}${path}`, content);
      // Kea wants to see the cards that it is to serve.
      for (const card of lanCards(planOf(raw)))
        guest.shell(`[ -e /proc/sys/net/ipv6/conf/${card} ] || ip link add ${card} type veth`);
    });

    it.each(Object.entries(checkers))("%s", (_program, command) => {
      expect(complaint(guest.run(["bash", "-euc", command(root)]))).toBe("");
    });
  });

  it("would notice a mistake", () => {
    const broken = "/tmp/broken";
    guest.write(`${broken}/etc/ipv6-only-lab/radvd.conf`, "interface lan { AdvSendAdvert maybe; };\n");
    guest.write(`${broken}/etc/nftables.conf`, "table inet x { chain y { tcp dport nonsense } }\n");
    guest.write(`${broken}/etc/unbound/unbound.conf`, "server:\n    interfaces: ::1\n");
    guest.write(`${broken}/etc/unbound/plain.conf`, "server:\n    interface: ::1\n");
    guest.write(`${broken}/etc/kea/kea-dhcp6.conf`, '{ "Dhcp6": { "interface": [] } }\n');
    guest.write(`${broken}/etc/kea/kea-dhcp4.conf`, '{ "Dhcp4": { "interface": [] } }\n');
    for (const program of ["radvd", "nft", "unbound-checkconf", "kea-dhcp6", "kea-dhcp4"] as const) {
      expect(guest.run(["bash", "-euc", checkers[program](broken)]).status).not.toBe(0);
    }
  });

  describe("cloud-init and netplan", () => {
    it.each(documents())("accept the documents of %s", (_name, { userData, networkConfig }) => {
      guest.shell("rm -rf /tmp/seed; mkdir -p /tmp/seed/etc/netplan");
      guest.write("/tmp/seed/user-data", userData);
      guest.write("/tmp/seed/network-config", networkConfig);
      expect(complaint(guest.run(["cloud-init", "schema", "--config-file", "/tmp/seed/user-data"]))).toBe("");
      guest.shell(
        `printf 'network:\\n' >/tmp/seed/etc/netplan/50-cloud-init.yaml
        sed 's/^/  /' /tmp/seed/network-config >>/tmp/seed/etc/netplan/50-cloud-init.yaml
        chmod 600 /tmp/seed/etc/netplan/50-cloud-init.yaml
        netplan generate --root-dir /tmp/seed`,
      );
    });

    it("give a client no IPv4 at all, and the planned interface id", () => {
      const plan = planOf({ clients: [{ name: "one", interfaceId: "::10" }, { name: "two" }] });
      const units = plan.clients.map((client) => networkUnit(guest, clientDocuments(plan, client, identity)));
      for (const unit of units) {
        expect(unit).toContain("LinkLocalAddressing=ipv6\n");
        expect(unit).toContain("IPv6AcceptRA=yes\n");
        expect(unit).not.toMatch(/^DHCP=/m);
      }
      expect(units[0]).toMatch(/^IPv6Token=static:::10$/m);
      expect(units[1]).not.toContain("Token");
    });
  });
});

/** What a program said when it refused a file; empty when it accepted it. */
function complaint({ status, stdout, stderr }: Result): string {
  return status === 0 ? "" : `exit ${String(status)}\n${stdout}${stderr}`;
}

/** Distinct documents only: cloud-init's checker takes a second for each. */
function documents(): [string, CloudInitDocuments][] {
  const images = { "a cloud image": { image: { kind: "cloud", location: "/debian.qcow2" } }, ...configurations };
  const all = Object.entries(images).flatMap(([name, raw]): [string, CloudInitDocuments][] => {
    const plan = planOf(raw);
    return [
      [`the gateway of ${name}`, gatewayDocuments(plan, identity, gatewaySoftware)],
      ...plan.clients.map((client): [string, CloudInitDocuments] => [
        `${client.name} of ${name}`,
        clientDocuments(plan, client, identity),
      ]),
    ];
  });
  return [...new Map(all.map((entry) => [stringify(entry[1]), entry])).values()];
}

/** What netplan makes of a network configuration for systemd-networkd. */
function networkUnit(guest: Guest, { networkConfig }: CloudInitDocuments): string {
  guest.shell("rm -rf /tmp/netplan; mkdir -p /tmp/netplan/etc/netplan");
  const indented = networkConfig.replace(/^(?=.)/gm, "  ");
  guest.write("/tmp/netplan/etc/netplan/50-cloud-init.yaml", `network:\n${indented}`);
  guest.shell("chmod 600 /tmp/netplan/etc/netplan/50-cloud-init.yaml; netplan generate --root-dir /tmp/netplan");
  return guest.shell("cat /tmp/netplan/run/systemd/network/10-netplan-lan.network");
}
