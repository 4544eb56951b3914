/** What was done to a gateway behind its back although every file is right: it is seen, and the next update mends it. */
import { dirname } from "node:path";
import { bundleText } from "../../services/bundle";
import { applyScript } from "../../services/script";
import { describeInGuest, Guest, startTimeout } from "./guest";
import { appliedTo, bundleOf, lookedAt, mainPidOf, startForwarder, units } from "./laid-down";

describeInGuest("drift that is in no file", () => {
  let guest: Guest;
  const looked = (): string[] => lookedAt(guest);
  const applied = (): string[] => appliedTo(guest);
  /** What an update must do about it, and that it is over then. */
  const mends = (said: readonly string[]): void => {
    expect(applied().filter((line) => !line.endsWith(": unchanged"))).toEqual(said);
    expect(looked()).toEqual([]);
    expect(applied().filter((line) => !line.endsWith(": unchanged"))).toEqual([]);
  };

  beforeAll(async () => {
    guest = await Guest.start();
    startForwarder(guest);
    applied();
  }, startTimeout);
  afterAll(() => guest.stop());
  beforeEach(() => void applied());

  describe("a daemon that runs with another configuration than its file, which is right again", () => {
    const touched = (service: string, file: string): string =>
      `${service}: ${file} was touched after it was laid down: what runs may have read something else`;

    it("radvd, with another NAT64 prefix", () => {
      guest.shell(`cp -p /etc/radvd.conf /tmp/kept; sed -i 's/nat64prefix [^ ]*/nat64prefix 2001:db8:bad::\\/96/' /etc/radvd.conf
        systemctl kill -s HUP --kill-whom=main radvd; sleep 0.5; cp -p /tmp/kept /etc/radvd.conf`);
      expect(looked()).toEqual([touched("radvd", "/etc/radvd.conf")]);
      mends(["radvd: changed, restarted"]);
    });

    it("unbound, with another prefix and the identity that its file gives it", () => {
      guest.shell(`cp -p /etc/unbound/unbound.conf /tmp/kept; sed -i 's/dns64-prefix: .*/dns64-prefix: 2001:db8:bad::\\/96/' /etc/unbound/unbound.conf
        systemctl kill -s HUP --kill-whom=main unbound; sleep 1; mv /tmp/kept /etc/unbound/unbound.conf`);
      const asked = "dig @fc01:0:0:1::1 +short v4.example AAAA";
      expect(guest.shell(asked)).toBe("2001:db8:bad::c000:250\n");
      expect(looked()).toEqual([touched("unbound", "/etc/unbound/unbound.conf")]);
      mends(["unbound: changed, restarted"]);
      expect(guest.shell(asked)).toBe("64:ff9b::c000:250\n");
    });

    it("but nothing that is in no file: unbound takes none of it", () => {
      const { status, stdout } = guest.run(["unbound-control", "local_data", "v4.example. 60 IN AAAA 2001:db8::bad"]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(guest.shell("dig @fc01:0:0:1::1 +short v4.example AAAA")).toBe("64:ff9b::c000:250\n");
    });

    it("kea, with another file laid over its own meanwhile", () => {
      guest.shell(`mv /etc/kea/kea-dhcp6.conf /tmp/kept; sed 's/"lfc-interval": 3600/"lfc-interval": 1800/' /tmp/kept >/etc/kea/kea-dhcp6.conf
        systemctl restart ${units.kea}; mv /tmp/kept /etc/kea/kea-dhcp6.conf`);
      expect(looked()).toEqual([touched("kea", "/etc/kea/kea-dhcp6.conf")]);
      mends(["kea: changed, restarted"]);
    });

    it("whatever the clock said in between, and however old the file looks", () => {
      guest.shell("touch -d 2001-01-01 /etc/kea/kea-dhcp6.conf");
      expect(looked()).toEqual([touched("kea", "/etc/kea/kea-dhcp6.conf")]);
      mends(["kea: changed, restarted"]);
    });

    it("and as soon as it was laid down, in the same second", () => {
      // Noted anew is what a second has just begun with.
      guest.shell(`until [[ $EPOCHREALTIME == *.1* ]]; do :; done
        touch /etc/kea/kea-dhcp6.conf; rm /var/lib/ipv6-only-lab/laid-down-times`);
      expect(applied()).toContain("kea: unchanged");
      // A slow machine is past that second by now.
      expect(guest.shell("cat /var/lib/ipv6-only-lab/laid-down-times")).toMatch(/\.\d{9} \/etc\/kea/);
      guest.shell("touch /etc/kea/kea-dhcp6.conf");
      expect(looked()).toEqual([touched("kea", "/etc/kea/kea-dhcp6.conf")]);
      mends(["kea: changed, restarted"]);
    });

    it("and a file that now belongs to somebody else", () => {
      guest.shell("chown nobody:nogroup /etc/kea/kea-dhcp6.conf");
      expect(looked()).toEqual(["kea: /etc/kea/kea-dhcp6.conf belongs to 65534:65534, not to root"]);
      mends(["kea: changed, restarted"]);
    });

    it("but not what was only read, copied and started again", () => {
      guest.shell(`cat /etc/radvd.conf /etc/kea/kea-dhcp6.conf >/tmp/read; cp -a /etc/unbound /tmp/copy
        systemctl reset-failed; systemctl restart ${Object.values(units).join(" ")}`);
      guest.shell("until grep -q . /proc/net/udp6 && grep -q :0223 /proc/net/udp6; do sleep 0.1; done");
      expect(looked()).toEqual([]);
    });

    it("nor what an update that failed has put back", () => {
      const bundle = bundleOf({ routerAdvertisements: { maxInterval: 60 } }).map((service) =>
        service.name === "sysctl"
          ? {
              ...service,
              files: service.files.map((file) => ({ ...file, content: `${file.content}net.nonsense = 1\n` })),
            }
          : service,
      );
      const { status, stderr } = guest.run(["bash", "-c", applyScript()], bundleText(bundle));
      expect(status).toBe(1);
      expect(stderr).toContain("That is done.");
      expect(looked()).toEqual([]);
    });
  });

  describe("a daemon that is stopped (SIGSTOP)", () => {
    const stopped = (service: string, unit: string): string => `${service}: a process of its unit ${unit} is stopped`;

    it("is seen, whichever it is, and started again", () => {
      const before = [units.radvd, units.kea, units.unbound].map((unit) => mainPidOf(guest, unit));
      guest.shell(`systemctl kill --kill-whom=main -s STOP ${units.radvd} ${units.kea} ${units.unbound}`);
      expect(looked()).toEqual([
        stopped("unbound", units.unbound),
        stopped("kea", units.kea),
        stopped("radvd", units.radvd),
      ]);
      mends(["unbound: drifted, restarted", "kea: drifted, restarted", "radvd: drifted, restarted"]);
      const after = [units.radvd, units.kea, units.unbound].map((unit) => mainPidOf(guest, unit));
      expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    });

    it("is started again too where its file has changed as well", () => {
      guest.shell(`systemctl kill --kill-whom=main -s STOP ${units.unbound}; chmod 600 /etc/default/unbound`);
      mends(["unbound: changed, restarted"]);
    });
  });

  it("a daemon that does not take its reload is started again", () => {
    const script = applyScript().replace(/^reload_unbound\(\) .*$/m, "reload_unbound() { note unbound reloaded; }");
    const bundle = bundleOf({ dns: { synthesizeAll: false } });
    const { status, stdout } = guest.run(["bash", "-c", script], bundleText(bundle));
    expect(status).toBe(0);
    expect(stdout).toContain("unbound: changed, reloaded, restarted\n");
  }, 60_000);

  it("a card that does not forward, although the machine as a whole does", () => {
    guest.shell("sysctl -qw net.ipv4.conf.lan.forwarding=0 net.ipv6.conf.uplink.forwarding=0");
    expect(looked()).toEqual([
      "sysctl: net.ipv6.conf.uplink.forwarding is 0, not 1",
      "sysctl: net.ipv4.conf.lan.forwarding is 0, not 1",
    ]);
    mends(["sysctl: drifted"]);
  });

  describe("settings of a unit that were not laid down", () => {
    const foreign = (service: string, unit: string, path: string): string =>
      `${service}: ${path} is a setting of its unit ${unit} that was not laid down`;

    it.each([
      [`/etc/systemd/system/${units.unbound}.d/override.conf`],
      [`/run/systemd/system/${units.unbound}.d/50-nice.conf`],
      [`/usr/local/lib/systemd/system/${units.unbound}.d/one.conf`],
    ])("%s, are taken away again, and the daemon runs without them", (path) => {
      guest.shell(`mkdir -p ${dirname(path)}; printf '[Service]\nNice=7\n' >${path}
        systemctl daemon-reload; systemctl reset-failed ${units.unbound}; systemctl restart ${units.unbound}`);
      const nice = () => guest.shell(`ps -o ni= -p ${mainPidOf(guest, units.unbound)}`).trim();
      expect(nice()).toBe("7");
      expect(looked()).toEqual([foreign("unbound", units.unbound, path)]);
      mends(["unbound: changed, restarted"]);
      expect(nice()).toBe("0");
    });

    it("those of systemctl set-property among them", () => {
      guest.shell(`systemctl set-property ${units.radvd} IPAddressDeny=any`);
      const path = `/etc/systemd/system.control/${units.radvd}.d/50-IPAddressDeny.conf`;
      expect(looked()).toEqual([foreign("radvd", units.radvd, path)]);
      mends(["radvd: changed, restarted"]);
      expect(guest.shell(`systemctl show --value -p IPAddressDeny ${units.radvd}`)).toBe("\n");
    });

    it("a link that switches off a drop-in of the lab's", () => {
      const path = `/etc/systemd/system.control/${units.kea}.d/ipv6-only-lab.conf`;
      guest.shell(`systemctl reset-failed; mkdir -p ${dirname(path)}; ln -s /dev/null ${path}
        systemctl daemon-reload; systemctl restart ${units.kea}`);
      expect(looked()).toEqual([foreign("kea", units.kea, path)]);
      mends(["kea: changed, restarted"]);
      expect(guest.shell(`systemctl show --value -p DropInPaths ${units.kea}`)).toContain("/ipv6-only-lab.conf");
    });

    it("a unit in place of the package's", () => {
      const path = `/etc/systemd/system/${units.kea}`;
      guest.shell(`sed 's/^Description=.*/Description=another/' /usr/lib/systemd/system/${units.kea} >${path}
        systemctl daemon-reload; systemctl restart ${units.kea}`);
      expect(looked()).toEqual([foreign("kea", units.kea, path)]);
      mends(["kea: changed, restarted"]);
      expect(guest.shell(`systemctl show --value -p Description ${units.kea}`)).not.toBe("another\n");
    });
  });

  describe("a unit that is masked", () => {
    it.each(["/etc/systemd/system", "/run/systemd/system"])("in %s, is unmasked and enabled", (folder) => {
      guest.shell(
        `ln -s /dev/null ${folder}/${units.kea}; systemctl daemon-reload; systemctl kill ${units.kea}; sleep 0.5`,
      );
      mends(["kea: unchanged, started"]);
      expect(guest.shell(`systemctl is-enabled ${units.kea}`)).toBe("enabled\n");
    });

    it("although it runs, keeps its process", () => {
      const before = mainPidOf(guest, units.kea);
      guest.shell(`ln -s /dev/null /etc/systemd/system/${units.kea}; systemctl daemon-reload`);
      mends([]);
      expect(mainPidOf(guest, units.kea)).toBe(before);
    });
  });
});
