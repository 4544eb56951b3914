/** services/apply.sh in the guest, with its real systemd and real daemons; only Jool's module needs the guest's kernel. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { embedIpv4 } from "../../plan/rfc6052";
import { renderBundle } from "../../services";
import { type Bundle, bundleText, outlineText, type ServiceFile, textFile } from "../../services/bundle";
import { applyScript, lookScript } from "../../services/script";
import { homeOf, planOf } from "../fixtures/plan";
import { describeInGuest, Guest, type Result, startTimeout } from "./guest";
import { appliedTo, bundleOf, lookedAt, mainPidOf, type RawConfig, startForwarder, units } from "./laid-down";

const solicitation = readFileSync(join(__dirname, "solicit.py"), "utf8");

/** The bundle with the files of one service as `change` makes them. */
function withFiles(bundle: Bundle, service: string, change: (files: readonly ServiceFile[]) => ServiceFile[]): Bundle {
  return bundle.map((each) => (each.name === service ? { ...each, files: change(each.files) } : each));
}

/** The bundle with one line more at the end of one file. */
function withLine(bundle: Bundle, service: string, line: string): Bundle {
  return withFiles(bundle, service, ([first, ...rest]) => {
    if (first === undefined) throw new Error(`${service} has no file`);
    return [{ ...first, content: `${first.content}${line}\n` }, ...rest];
  });
}

describeInGuest("apply.sh", () => {
  let guest: Guest;

  const applyText = (text: string): Result => guest.run(["bash", "-c", applyScript()], text);
  const applyBundle = (bundle: Bundle): Result => applyText(bundleText(bundle));
  const apply = (raw: RawConfig): Result => applyBundle(bundleOf(raw));
  const looked = (raw: RawConfig = {}): string[] => lookedAt(guest, raw);
  const applied = (raw: RawConfig): string[] => appliedTo(guest, raw);
  /** Everything that an update could have changed: files with their modes, and the daemons' processes. */
  const state = (): string =>
    guest.shell(
      `find /etc /var/lib/ipv6-only-lab -xdev -type f ! -name laid-down-times -printf '%p %m\\n' -exec sha256sum {} + | sort
      systemctl show -p Id -p MainPID -p ActiveState -p UnitFileState ${Object.values(units).join(" ")}
      nft list ruleset | sed 's/packets [0-9]* bytes [0-9]*//'`,
    );
  const mainPid = (unit: string): string => mainPidOf(guest, unit);
  const lookUp = (name: string, type: string): string[] =>
    guest.shell(`dig @fc01:0:0:1::1 +short ${name} ${type}`).trim().split("\n").sort();

  beforeAll(async () => {
    guest = await Guest.start();
    startForwarder(guest);
    const { status, stderr } = apply({});
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  }, startTimeout);
  afterAll(() => guest.stop());
  // Whatever a test left behind, the next one starts from the default lab.
  beforeEach(() => void applied({}));

  describe("with a good bundle", () => {
    it("brings every service up, enabled for the next boot", () => {
      for (const unit of Object.values(units)) {
        expect(guest.shell(`systemctl is-active ${unit}; systemctl is-enabled ${unit}`)).toBe("active\nenabled\n");
      }
    });

    it("changes and restarts nothing the second time", () => {
      const before = state();
      expect(applied({})).toEqual(
        ["lan", "sysctl", "nftables", "unbound", "kea", "radvd"].map((name) => `${name}: unchanged`),
      );
      expect(state()).toBe(before);
    });

    it("reloads unbound, in place, and touches nobody else when a forwarder changes", () => {
      const before = Object.values(units).map(mainPid);
      expect(applied({ dns: { forwarders: ["10.0.2.3@53"], dnssec: "off" } })).toEqual([
        "lan: unchanged",
        "sysctl: unchanged",
        "nftables: unchanged",
        "unbound: changed, reloaded",
        "kea: unchanged",
        "radvd: unchanged",
      ]);
      expect(Object.values(units).map(mainPid)).toEqual(before);
    });

    it("stops what the plan no longer has, removes its files, and brings it back", () => {
      expect(applied({ dhcpv6: { mode: "off" } })).toContain("kea: stopped and disabled");
      expect(guest.run(["systemctl", "is-enabled", units.kea]).stdout).toBe("disabled\n");
      expect(guest.run(["test", "-e", "/etc/kea/kea-dhcp6.conf"]).status).toBe(1);
      expect(applied({})).toContain("kea: changed, started");
    });

    it("starts a service that has died although its files are right", () => {
      guest.shell(`systemctl stop ${units.kea}`);
      expect(applied({})).toContain("kea: unchanged, started");
      expect(guest.shell(`systemctl is-active ${units.kea}`)).toBe("active\n");
    });

    it("starts all that have died, and says so of each", () => {
      guest.shell(`systemctl stop ${units.unbound} ${units.kea} ${units.radvd}`);
      expect(applied({}).slice(-3)).toEqual([
        "unbound: unchanged, started",
        "kea: unchanged, started",
        "radvd: unchanged, started",
      ]);
      expect(looked()).toEqual([]);
    });

    it("goes on where an update was cut off between its files and its services", () => {
      guest.write("/var/lib/ipv6-only-lab/pending", "radvd\n");
      expect(applied({})).toContain("radvd: changed, restarted");
      expect(guest.run(["test", "-e", "/var/lib/ipv6-only-lab/pending"]).status).toBe(1);
    });

    it("sees what was done to the gateway behind its back, and puts it right", () => {
      expect(looked()).toEqual([]);
      guest.shell(`systemctl stop ${units.unbound}; systemctl disable ${units.kea}
        echo '# by hand' >>/etc/radvd.conf; chmod 600 /etc/default/unbound
        nft add rule inet ipv6_only_lab input accept
        sysctl -qw net.ipv4.ip_local_port_range='1024 65000'
        ip -6 address add 2001:db8::1/64 dev lan nodad; ip link set lan mtu 1400
        ip rule add to 203.0.113.0/24 blackhole priority 0; ip rule add from 203.0.113.0/24 priority 50 goto 1001
        ip rule add priority 1000 l3mdev; ip rule add priority 32765 lookup local; ip rule delete priority 0 lookup local
        ip -6 rule add from fc01:0:0:1::/64 prohibit`);
      expect(looked()).toEqual([
        "unbound: /etc/default/unbound has the mode 600",
        "radvd: /etc/radvd.conf is not what was laid down",
        "lan: the kernel's own rule of IPv4 is missing: 0 from all lookup local",
        "lan: a rule of IPv4 is not the kernel's own: 0 from all to 203.0.113.0/24 blackhole",
        "lan: a rule of IPv4 is not the kernel's own: 50 from 203.0.113.0/24 goto 1001 [unresolved]",
        "lan: a rule of IPv4 is not the kernel's own: 1000 from all lookup [l3mdev-table]",
        "lan: a rule of IPv4 is not the kernel's own: 32765 from all lookup local",
        "lan: a rule of IPv6 is not the kernel's own: 32765 from fc01:0:0:1::/64 prohibit",
        "lan: the MTU of lan is 1400, not 1500",
        "lan: lan has an address too many, 2001:db8::1/64",
        "sysctl: net.ipv4.ip_local_port_range is 1024\t65000, not 32768 60999",
        "nftables: the rules in the kernel are not those of /etc/nftables.conf",
        "unbound: its unit unbound.service is inactive",
        "kea: its unit kea-dhcp6-server.service would not start at the next boot",
      ]);
      applied({});
      expect(looked()).toEqual([]);
    });

    it.each([
      [
        "a table of somebody else's",
        "nft add table inet other",
        ["nftables: the rules in the kernel are not those of /etc/nftables.conf"],
      ],
      [
        "a firewall that is gone",
        "nft flush ruleset",
        ["nftables: the rules in the kernel are not those of /etc/nftables.conf"],
      ],
      [
        "a resolver that runs with another configuration than its file",
        `sed 's/identity: .*/identity: "0"/' /etc/unbound/unbound.conf >/tmp/other
        mount --bind /tmp/other /etc/unbound/unbound.conf; systemctl kill -s HUP --kill-whom=main unbound
        sleep 0.5; umount /etc/unbound/unbound.conf`,
        ["unbound: it does not answer, or not with the configuration that was laid down"],
      ],
    ])("sees %s", (_what, damage, words) => {
      guest.shell(damage);
      expect(looked()).toEqual(words);
      applied({});
      expect(looked()).toEqual([]);
    });

    it("sees a unit that is masked, although it runs", () => {
      guest.shell(`ln -s /dev/null /etc/systemd/system/${units.kea}`);
      expect(looked()).toEqual([`kea: its unit ${units.kea} would not start at the next boot`]);
      guest.shell(`rm /etc/systemd/system/${units.kea}`);
      expect(looked()).toEqual([]);
    });

    it("repairs a file that was edited by hand", () => {
      guest.shell("echo '# by hand' >>/etc/radvd.conf; chmod 600 /etc/nftables.conf");
      expect(applied({})).toEqual(expect.arrayContaining(["radvd: changed, restarted", "nftables: changed, reloaded"]));
      expect(guest.shell("grep -c hand /etc/radvd.conf || true; stat -c %a /etc/nftables.conf")).toBe("0\n644\n");
    });
  });

  describe("with a resolver", () => {
    // The six lengths of RFC 6052 section 2.2.
    it.each([
      "2001:db8::/32",
      "2001:db8:100::/40",
      "2001:db8:122::/48",
      "2001:db8:122:300::/56",
      "2001:db8:122:344::/64",
      "64:ff9b::/96",
    ])("that synthesizes inside %s", (prefix) => {
      applied({ nat64: { prefix } });
      expect(lookUp("v4.example", "AAAA")).toEqual([embedIpv4(prefix, "192.0.2.80")]);
      expect(lookUp("ipv4only.arpa", "AAAA")).toEqual(
        ["192.0.0.170", "192.0.0.171"].map((address) => embedIpv4(prefix, address)).sort(),
      );
      expect(lookUp("ipv4only.arpa", "A")).toEqual(["192.0.0.170", "192.0.0.171"]);
    });

    it("that synthesizes for dual-stack names too, or only for those without AAAA", () => {
      expect(lookUp("dual.example", "AAAA")).toEqual(["64:ff9b::c000:251"]);
      applied({ dns: { synthesizeAll: false } });
      expect(lookUp("dual.example", "AAAA")).toEqual(["2001:db8::81"]);
    });

    const validation = (): string => guest.shell("grep -o 'dns64 .*iterator' /etc/unbound/ipv6-only-lab/dnssec.conf");

    it("that does not validate by probe when the forwarder hands no signatures through", () => {
      applied({ dns: { forwarders: ["10.0.2.3"], dnssec: "auto" } });
      expect(validation()).toBe("dns64 iterator\n");
      expect(lookUp("v4.example", "AAAA")).toEqual(["64:ff9b::c000:250"]);
    });

    it("that validates by probe when the forwarder does", () => {
      applied({ dns: { forwarders: ["10.0.2.3@5353"], dnssec: "auto" } });
      expect(validation()).toBe("dns64 validator iterator\n");
    });

    it("that is asked again about validation after a forwarder that only failed", () => {
      const raw = { dns: { forwarders: ["10.0.2.3@5301"], dnssec: "auto" } };
      const result = apply(raw);
      expect(result.stderr).toContain("the forwarder 10.0.2.3@5301 could not say whether it hands signatures through");
      expect(validation()).toBe("dns64 iterator\n");
      const undecided =
        "unbound: validation is off for now: no forwarder could say whether it hands signatures through";
      expect(looked(raw)).toEqual([undecided]);
      guest.shell(
        "systemctl stop forwarder-failing; systemd-run --quiet --unit=forwarder-mended unbound -d -c /tmp/forwarder/mended.conf",
      );
      guest.shell("until dig +time=1 +tries=1 -p 5301 @10.0.2.3 . NS >/dev/null; do sleep 0.1; done");
      applied(raw);
      expect(validation()).toBe("dns64 validator iterator\n");
      expect(looked(raw)).toEqual([]);
    });

    it("that serves the LAN and the gateway itself, not the uplink", () => {
      const pid = mainPid(units.unbound);
      const sockets = guest.shell(`ss -Hlunp 'sport = :53' | grep -w 'pid=${pid}' | awk '{print $4}'`);
      expect(sockets.trim().split("\n").sort()).toEqual(["127.0.0.1:53", "[::1]:53", "[fc01:0:0:1::1]:53"]);
    });
  });

  describe("with stateful DHCPv6", () => {
    const raw = { dhcpv6: { mode: "stateful" }, clients: [{ name: "one", interfaceId: "::10" }, { name: "two" }] };
    const offered = (mac: string): string => guest.shell(`ip netns exec client python3 - ${mac}`, solicitation).trim();

    it("offers every client the planned address, and others one of the pool", () => {
      applied(raw);
      for (const client of planOf(raw).clients) expect(offered(client.lanMac)).toBe(homeOf(client));
      expect(offered("02:00:00:00:00:99")).toMatch(/^fc01:0:0:1::d[0-9a-f]{3}$/);
    });
  });

  describe("refuses, and changes nothing,", () => {
    const refused = (result: Result, before: string): string => {
      expect(result.status).toBe(1);
      expect(state()).toBe(before);
      return result.stderr;
    };

    it("a bundle that was damaged or cut off", () => {
      const before = state();
      const text = bundleText(bundleOf({}));
      expect(refused(applyText(text.replace("AdvSendAdvert on", "AdvSendAdvert xx")), before)).toContain("damaged");
      expect(refused(applyText(text.slice(0, -20)), before)).toContain("damaged");
      expect(refused(applyText("something else\n"), before)).toContain("not a bundle");
      expect(refused(applyText(""), before)).toContain("not a bundle");
    });

    it.each([
      ["radvd", "interface lan { AdvSendAdvert maybe; };", "duplicate interface"],
      ["nftables", "table inet x { chain y { tcp dport nonsense } }", "nonsense"],
      ["kea", "}", "syntax error"],
    ])("what the checker of %s does not accept, in its words", (service, line, words) => {
      const before = state();
      const bundle = withLine(bundleOf({ routerAdvertisements: { maxInterval: 60 } }), service, line);
      const stderr = refused(applyBundle(bundle), before);
      expect(stderr).toContain(`${service}: the new configuration was refused, nothing was changed.`);
      expect(stderr).toContain(words);
    });

    it("forwarders that do not answer, and names them", () => {
      const before = state();
      const stderr = refused(apply({ dns: { forwarders: ["10.0.2.9"], dnssec: "off" } }), before);
      expect(stderr).toContain("the forwarder 10.0.2.9 does not answer");
    });

    it("forwarders that refuse, and names them", () => {
      const before = state();
      const stderr = refused(apply({ dns: { forwarders: ["10.0.2.3@5300"], dnssec: "off" } }), before);
      expect(stderr).toContain("the forwarder 10.0.2.3@5300 refuses to answer this gateway");
    });

    it("validation behind a forwarder that strips signatures", () => {
      const before = state();
      const stderr = refused(apply({ dns: { forwarders: ["10.0.2.3"], dnssec: "on" } }), before);
      expect(stderr).toContain('dns.dnssec is "on", but not every forwarder hands signatures through');
    });

    it("a gateway whose systemd does not tell what runs: that is not nothing", () => {
      const before = state();
      guest.write(
        "/usr/local/sbin/systemctl",
        '#!/bin/sh\n[ "$1" != list-units ] || exit 1\nexec /usr/bin/systemctl "$@"\n',
      );
      guest.shell("chmod +x /usr/local/sbin/systemctl");
      const [updated, seen] = [
        apply({ dns: { searchDomains: ["lab.example"] } }),
        guest.run(["bash", "-c", lookScript()], outlineText(bundleOf({}))),
      ];
      guest.shell("rm /usr/local/sbin/systemctl");
      expect([updated.status, seen.status]).toEqual([1, 1]);
      expect(seen.stdout).toBe("");
      expect(state()).toBe(before);
    });

    it("a kernel without Jool's module, with what is known about it", () => {
      const before = state();
      const stderr = refused(applyText(bundleText(renderBundle(planOf()))), before);
      expect(stderr).toContain("jool: the kernel module cannot be loaded on kernel");
      expect(stderr).toMatch(/dkms status: jool\/4\.1/);
      expect(stderr).toContain("Secure Boot: ");
    });

    it("a gateway whose first boot failed, in cloud-init's words", () => {
      const before = state();
      guest.write("/run/cloud-init/result.json", '{"v1": {"datasource": null, "errors": ["runcmd failed"]}}\n');
      const result = apply({});
      guest.write("/run/cloud-init/result.json", '{"v1": {"datasource": null, "errors": []}}\n');
      expect(refused(result, before)).toContain("The first boot of the gateway did not end well");
    });
  });

  describe("on a disk that is full", () => {
    const stateFolder = "/var/lib/ipv6-only-lab";
    /** Its own state on a file system with room for `bytes` more. */
    const fill = (bytes: number): void =>
      void guest.shell(`cp -a ${stateFolder} /tmp/kept-state
        mount -t tmpfs -o size=1m tmpfs ${stateFolder}; cp -a /tmp/kept-state/. ${stateFolder}; rm -r /tmp/kept-state
        free=$(($(stat -f -c '%a * %S' ${stateFolder}))); head -c $((free - ${String(bytes)})) /dev/zero >${stateFolder}/filling`);
    const free = (): void => void guest.shell(`umount ${stateFolder}`);
    /** Every file of nearly every service differs. */
    const raw = { lan: { prefix: "fc01:0:0:2::/64" }, dns: { searchDomains: ["lab.example"] } };

    it.each([4096, 16384])("with room for %d bytes it changes nothing", (bytes) => {
      const before = state();
      fill(bytes);
      const { status, stderr } = apply(raw);
      const left = guest.shell(`ls ${stateFolder}`);
      free();
      expect(status).toBe(1);
      expect(stderr).toContain("No space left on device");
      expect(stderr).not.toContain("put back");
      expect(left).toBe("filling\nlaid-down-times\nmanifest\nwithdrawn\n");
      expect(state()).toBe(before);
    });
  });

  describe("puts the old files and services back", () => {
    /** As `state`, without process ids: what is put back may have been restarted. */
    const laidDown = (): string => state().replaceAll(/MainPID=\d+/g, "MainPID");

    it("when the kernel refuses a setting that no checker saw", () => {
      const before = laidDown();
      const bundle = withFiles(bundleOf({ routerAdvertisements: { maxInterval: 60 } }), "sysctl", (files) =>
        files.map((each) =>
          each.path.startsWith("/etc/sysctl.d/")
            ? { ...each, content: `${each.content}net.ipv6.conf.nonsense = 1\n` }
            : each,
        ),
      );
      const { status, stderr } = applyBundle(bundle);
      expect(status).toBe(1);
      expect(stderr).toContain("nonsense");
      expect(stderr).toContain("The previous files and services are put back.\nThat is done.\n");
      expect(laidDown()).toBe(before);
    });

    it("when a service does not start, with its last words", () => {
      const before = laidDown();
      const broken = textFile(
        "/etc/systemd/system/radvd.service.d/broken.conf",
        "[Service]\nExecStartPre=/bin/sh -c 'echo these are my last words; exit 1'\n",
      );
      const bundle = bundleOf({ dns: { searchDomains: ["lab.example"] } });
      const { status, stderr } = applyBundle(withFiles(bundle, "radvd", (files) => [...files, broken]));
      expect(status).toBe(1);
      expect(stderr).toContain("these are my last words");
      expect(laidDown()).toBe(before);
      expect(guest.shell(`systemctl is-active ${units.radvd}`)).toBe("active\n");
    });

    it("when one of several that are started together does not, with its last words and its name", () => {
      guest.shell(`systemctl stop ${units.unbound} ${units.kea}`);
      const broken = textFile(
        `/etc/systemd/system/${units.kea}.d/broken.conf`,
        "[Service]\nExecStartPre=/bin/sh -c 'echo these are my last words; exit 1'\n",
      );
      const { status, stderr } = applyBundle(withFiles(bundleOf({}), "kea", (files) => [...files, broken]));
      expect(status).toBe(1);
      expect(stderr).toContain("these are my last words");
      expect(stderr).toContain("kea: its service did not start; its last words are above.");
      expect(stderr).toContain("The previous files and services are put back.\nThat is done.\n");
      // As it was, with what is right and had died running again.
      expect(guest.shell(`systemctl is-active ${units.unbound} ${units.kea} || true`)).toBe("active\ninactive\n");
      expect(looked()).toEqual([`kea: its unit ${units.kea} is inactive`]);
    });

    it("and says what could not be, keeps it, and has the next update lay everything down", () => {
      const bundle = bundleOf({ dns: { searchDomains: ["lab.example"] } });
      // Where the old file belongs there is a folder meanwhile.
      const damage = "rm /etc/radvd.conf; mkdir -p /etc/radvd.conf/x; exit 1";
      guest.write("/tmp/bundle", bundleText(bundle));
      guest.write("/tmp/apply.sh", applyScript().replace(/^bring_up\(\) .*$/m, `$&\n  ${damage}`));
      const { status, stderr } = guest.run(["bash", "-c", "bash /tmp/apply.sh </tmp/bundle"]);
      const kept = guest.shell(
        "cat /var/lib/ipv6-only-lab/backup/etc/radvd.conf || true; cat /var/lib/ipv6-only-lab/pending",
      );
      guest.shell("rm -r /etc/radvd.conf");
      expect(status).toBe(1);
      expect(stderr).toContain("/etc/radvd.conf could not be put back.\n");
      expect(stderr).toContain("radvd: it could not be brought back to what it was.\n");
      expect(stderr).toContain("What could not be put back is kept in /var/lib/ipv6-only-lab/backup.");
      expect(stderr).not.toContain("That is done.");
      expect(kept).toContain("interface lan");
      expect(kept).toContain("\nradvd\n");
      expect(looked()).toContain("gateway: an update was cut off");
      expect(applied({})).toContain("radvd: changed, started");
      expect(looked()).toEqual([]);
    });

    it("when it is ended in the middle", () => {
      const before = laidDown();
      const text = bundleText(bundleOf({ routerAdvertisements: { maxInterval: 60 } }));
      guest.write("/tmp/bundle", text);
      guest.write("/tmp/apply.sh", applyScript().replace(/^bring_up\(\) .*$/m, "$&\n  kill -TERM $$; sleep 5"));
      expect(guest.run(["bash", "-c", "bash /tmp/apply.sh </tmp/bundle"]).status).not.toBe(0);
      expect(laidDown()).toBe(before);
    });
  });
});
