/** The simulated internet in the guest: its real daemons in their namespaces, asked from the gateway over its wires. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { InternetPlan } from "../../plan/internet";
import { renderBundle } from "../../services";
import { type Bundle, bundleText, outlineText } from "../../services/bundle";
import { applyScript, lookScript } from "../../services/script";
import { planOf } from "../fixtures/plan";
import { describeInGuest, Guest, startTimeout } from "./guest";

const simulated = { lan: { prefix: "2001:2:0:1::/64" }, internet: { kind: "simulated" } };
const authority = "/var/lib/ipv6-only-lab/internet/ca.crt";

function internetOf(raw: Readonly<Record<string, unknown>>): InternetPlan {
  const { internet } = planOf(raw);
  if (internet === undefined) throw new Error("no simulated internet was planned");
  return internet;
}

/** Delays need netem in this machine's kernel; the guest's own has it. */
const probe = "ip link add name probe type veth peer name far && tc qdisc add dev probe root netem delay 1ms";
const hasNetem = spawnSync("unshare", ["--net", "sh", "-c", probe]).status === 0;

describeInGuest("the simulated internet", () => {
  const plan = internetOf(simulated);
  let guest: Guest;

  const bundleOf = (raw: Readonly<Record<string, unknown>>): Bundle =>
    renderBundle(planOf(raw))
      .filter(({ name }) => name !== "jool")
      .map((service) => ({
        ...service,
        files: service.files.map((file) =>
          hasNetem || !file.path.endsWith(".tc") ? file : { ...file, content: "# this kernel has no netem\n" },
        ),
      }));
  const apply = (raw: Readonly<Record<string, unknown>>): string[] => {
    const { status, stdout, stderr } = guest.run(["bash", "-c", applyScript()], bundleText(bundleOf(raw)));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  };
  const looked = (): string => {
    const { status, stdout, stderr } = guest.run(["bash", "-c", lookScript()], outlineText(bundleOf(simulated)));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  };

  /** What curl got from exactly this address: body, or its exit code (curl(1), EXIT CODES). */
  const fetched = (url: string, address: string, ...options: string[]): string | number => {
    const { hostname, protocol } = new URL(url);
    const port = protocol === "https:" ? 443 : 80;
    const at = address.includes(":") ? `[${address}]` : address;
    const { status, stdout } = guest.run([
      ...["curl", "--silent", "--max-time", "2", "--cacert", authority],
      ...["--resolve", `${hostname}:${port}:${at}`, ...options, url],
    ]);
    return status === 0 ? stdout : (status ?? -1);
  };
  /** Status and addresses (or texts) that the lab's resolver gives. */
  const resolved = (name: string, type: string): { status: string | undefined; values: string[]; flags: string } => {
    const { stdout } = guest.run(["dig", "+tries=1", "+time=8", "+dnssec", "@127.0.0.1", name, type]);
    const values = stdout
      .split("\n")
      .filter((line) => new RegExp(`\\sIN\\s+${type}\\s`).test(line) && !line.startsWith(";"));
    return {
      status: /status: (\w+)/.exec(stdout)?.[1],
      flags: /flags: ([a-z ]+);/.exec(stdout)?.[1] ?? "",
      values: values.map((line) => line.replace(/^.*\sIN\s+\S+\s+/, "")).sort(),
    };
  };
  const fault = (name: string) => {
    const found = plan.faults.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no fault ${name}`);
    return { url: found.url, ipv4: found.host?.a[0] ?? "", ipv6: found.host?.aaaa[0] ?? "" };
  };

  beforeAll(async () => {
    guest = await Guest.start();
    apply(simulated);
  }, startTimeout);
  afterAll(() => guest.stop());

  it("is unchanged when laid down again, and nothing of it differs", () => {
    expect(apply(simulated).filter((line) => !line.endsWith(": unchanged"))).toEqual([]);
    expect(looked()).toBe("");
  });

  describe("names", () => {
    it("lead to the addresses that were planned, and DNS64 fills in what has none", () => {
      for (const host of plan.hosts) {
        expect(resolved(host.name, "A").values).toEqual(host.a);
        const synthesized = host.name.endsWith("v4only.test");
        expect(resolved(host.name, "AAAA").values).toEqual(synthesized ? ["64:ff9b::c000:228"] : host.aaaa);
      }
    });

    it("beyond the zone do not exist, and nobody outside is asked", () => {
      expect(resolved("www.example.com", "A")).toMatchObject({ status: "NXDOMAIN", values: [] });
      expect(resolved("www.example.com", "AAAA")).toMatchObject({ status: "NXDOMAIN", values: [] });
    });

    it.each([
      ["nxdomain.faults.test", "NXDOMAIN"],
      ["nodata.faults.test", "NOERROR"],
      ["www.servfail.test", "SERVFAIL"],
      ["www.bogus.test", "SERVFAIL"],
    ])("%s has no address: %s", (name, status) => {
      for (const type of ["A", "AAAA"]) expect(resolved(name, type)).toMatchObject({ status, values: [] });
    });

    it("of a signed zone are validated; with checking disabled a bogus one resolves too", () => {
      expect(resolved("www.signed.test", "AAAA").flags.split(" ")).toContain("ad");
      expect(resolved("dualstack.test", "AAAA").flags.split(" ")).not.toContain("ad");
      const unchecked = guest.shell("dig +short +cdflag @127.0.0.1 www.bogus.test AAAA").trim();
      expect(unchecked).toBe("3fff:10:0:32::42");
    });

    it("whose answer is truncated over UDP come over TCP", () => {
      const ask = (options: string) => guest.shell(`dig ${options} @192.0.2.33 truncated.faults.test A`);
      expect(/flags: ([a-z ]+);/.exec(ask("+notcp +ignore +bufsize=1232"))?.[1]).toContain("tc");
      expect(ask("+tcp")).toMatch(/dualstack\.test\.\s+\d+\s+IN\s+A\s+192\.0\.2\.42/);
      expect(resolved("truncated.faults.test", "A").values).toEqual(["192.0.2.42"]);
    });

    it("that are delegated to a server of one family are known at its address alone", () => {
      const at = (address: string, name: string) => guest.shell(`dig +norecurse @${address} ${name} SOA`);
      for (const [zone, address] of [
        ["v4-names.test", "192.0.2.34"],
        ["v6-names.test", "3fff:10:0:32::35"],
      ] as const) {
        expect(at(address, zone)).toMatch(/flags: qr aa/);
        for (const everywhere of ["192.0.2.33", "3fff:10:0:32::33"])
          expect(at(everywhere, zone)).not.toMatch(/flags: qr aa/);
      }
    });

    it.each([
      ["v4-names", "do-ip6: no", "do-ip4: no"],
      ["v6-names", "do-ip4: no", "do-ip6: no"],
    ])("%s resolve with one family and not with the other", (zone, good, bad) => {
      for (const [index, [option, status]] of (
        [
          [good, "NOERROR"],
          [bad, "SERVFAIL"],
        ] as const
      ).entries()) {
        const port = 5400 + index;
        // A resolver without IPv4 listens on none of it.
        const own = option === "do-ip4: no" ? "::1" : "127.0.0.1";
        const file = `/tmp/resolver-${zone}-${index}.conf`;
        guest.write(
          file,
          `server:
    interface: ${own}@${port}
    do-daemonize: no
    username: ""
    chroot: ""
    pidfile: ""
    use-syslog: no
    ${option}
    module-config: "iterator"
    local-zone: "test." transparent
remote-control:
    control-enable: no
stub-zone:
    name: "test."
    stub-addr: 3fff:10:0:32::33
    stub-addr: 192.0.2.33
`,
        );
        guest.shell(`systemd-run --quiet --collect --unit=resolver-${index} unbound -d -c ${file}`);
        const answer = guest.shell(
          `for try in {1..50}; do ! dig +time=1 +tries=1 -p ${port} @${own} test SOA >/dev/null || break; sleep 0.1; done
          dig +time=9 +tries=1 -p ${port} @${own} www.${zone}.test AAAA; systemctl stop resolver-${index}`,
        );
        expect({ option, status: /status: (\w+)/.exec(answer)?.[1] }).toEqual({ option, status });
      }
    });
  });

  describe("web servers", () => {
    it.each(["192.0.2.42", "3fff:10:0:32::42"])(
      "say by which family somebody came, over HTTP and HTTPS: %s",
      (address) => {
        const family = address.includes(":") ? "IPv6" : "IPv4";
        const client = plan.link.gateway[family === "IPv6" ? "ipv6" : "ipv4"];
        for (const scheme of ["http", "https"] as const) {
          const said: unknown = JSON.parse(String(fetched(`${scheme}://dualstack.test/json`, address)));
          expect(said).toMatchObject({ family, client, server: address, scheme, host: "dualstack.test" });
        }
      },
    );

    it("are at every address of every path", () => {
      for (const { ipv4, ipv6 } of plan.paths.filter(({ name }) => !name.includes("silent")))
        for (const prefix of [ipv4, ipv6]) {
          const [network = ""] = prefix.split("/");
          const address = prefix === ipv4 ? network.replace(/\d+$/, (last) => String(Number(last) + 1)) : `${network}1`;
          const said = fetched("http://dualstack.test/json", address, "--max-time", "6");
          expect({ address, said }).toEqual({ address, said: expect.stringContaining(address) as string });
        }
    });

    it("show a certificate for every name that has no fault in it", () => {
      for (const { name, a, aaaa } of plan.hosts.filter(({ name }) => !/satellite|mobile|wifi/.test(name)))
        for (const address of [...a, ...aaaa])
          expect({ name, code: typeof fetched(`https://${name}/json`, address) }).toEqual({ name, code: "string" });
    });

    it("are trusted by a client: by the system, browsers, Node.js, Requests, and who keeps a list as Java does", () => {
      guest.write("/etc/ca-certificates/update.d/list", "#!/bin/sh\ncat >/run/listed\n");
      guest.shell("chmod 0755 /etc/ca-certificates/update.d/list; echo LANG=C.UTF-8 >/etc/environment");
      const script = readFileSync(join(__dirname, "../../components/trust-internet.sh"), "utf8");
      const trust = (): void => {
        const { status, stderr } = guest.run(["bash", "-c", script], guest.shell(`cat ${authority}`));
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      };
      const [environment, chromium] = ["/etc/environment", "/etc/chromium/policies/managed/ipv6-only-lab.json"];
      const others = "/etc/firefox/policies/policies.json /etc/ssl/certs/ca-certificates.crt";
      const digests = (): string => guest.shell(`sha256sum ${environment} ${chromium} ${others}`);
      trust();
      expect(guest.shell("cat /run/listed")).toBe("+/etc/ssl/certs/ipv6-only-lab.pem\n");
      // By the system's list alone.
      const at = plan.hosts.find(({ name }) => name === "dualstack.test")?.a[0] ?? "";
      expect(guest.shell(`curl -s --resolve dualstack.test:443:${at} https://dualstack.test/json`)).toContain("https");
      expect(guest.shell(`cat ${environment}`)).toBe(
        "LANG=C.UTF-8\nNODE_EXTRA_CA_CERTS=/etc/ssl/certs/ipv6-only-lab.pem\nREQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt\n",
      );
      const der = guest.shell(`openssl x509 -in ${authority} -outform der | base64 --wrap=0`);
      expect(JSON.parse(guest.shell(`cat ${chromium}`))).toEqual({ CACertificates: [der] });
      const before = digests();
      trust();
      expect(digests()).toBe(before);
    });

    it("send a browser to an IPv4 literal, and have pages full of literals and of third parties", () => {
      expect(fetched("http://redirect-literal.test/", "3fff:10:0:32::43", "--write-out", "%{redirect_url}")).toMatch(
        /http:\/\/192\.0\.2\.42\/$/,
      );
      expect(fetched("http://ipv4-literals.test/", "192.0.2.43")).toMatch(/src="https:\/\/192\.0\.2\.42\/came\.js"/);
      const page = String(fetched("http://ipv6-literals.test/", "192.0.2.43"));
      const urls = [...page.matchAll(/src="([^"]+)"/g)].map(([, url = ""]) => url);
      expect(urls.map((url) => new URL(url).hostname)).toEqual(Array(4).fill("[3fff:10:0:32::42]"));
      expect(new Set(urls).size).toBe(4);
      expect(fetched("http://third-parties.test/", "192.0.2.43")).toMatch(/http:\/\/tracker\.v4only\.test\/came\.js/);
    });

    it("have what those pages ask for at every server, as a script that a browser runs", () => {
      const type = fetched("http://v4only.test/came.js", "192.0.2.40", "--write-out", "\n%{content_type}");
      expect(type).toMatch(/^document\..*"came";\n\ntext\/javascript$/);
    });
  });

  describe("faults", () => {
    it.each(["a", "aaaa"])("%s leads nowhere: silence, a router's word, a reset", (type) => {
      const family = type === "a" ? "ipv4" : "ipv6";
      const codes = ["blackhole", "unreachable", "refused"].map((kind) => {
        const { url, [family]: address } = fault(`${type}-${kind}`);
        return fetched(url, address);
      });
      // 28: no answer in time, 7: could not connect.
      expect(codes).toEqual([28, 7, 7]);
    });

    it.each([
      ["https-blackhole", 28, "http://dualstack.test/json"],
      ["http-blackhole", 28, "https://dualstack.test/json"],
      ["tls", 35, "http://dualstack.test/json"],
    ])("%s concerns one family and one port", (name, code, otherPort) => {
      for (const [bad, good] of [
        ["ipv6", "ipv4"],
        ["ipv4", "ipv6"],
      ] as const) {
        const { url, [bad]: badAddress, [good]: goodAddress } = fault(`${bad === "ipv6" ? "v6" : "v4"}-${name}`);
        expect(fetched(url, badAddress)).toBe(code);
        expect(typeof fetched(url, goodAddress)).toBe("string");
        // The other port of the same address works; its certificate is for another name only where TLS is broken.
        expect(typeof fetched(otherPort, badAddress)).toBe("string");
      }
    });

    it("a wrong record leads to a server that is somebody else", () => {
      const { url, ipv6, ipv4 } = fault("aaaa-wrong");
      expect([fetched(url, ipv6), typeof fetched(url, ipv4)]).toEqual([60, "string"]);
    });

    it("an MTU of 1280 works in both directions where Packet Too Big says so", () => {
      for (const address of ["192.0.2.65", "3fff:10:0:64::65"]) {
        expect(
          fetched("http://mtu-1280.test/bytes", address, "--output", "/dev/null", "--write-out", "%{size_download}"),
        ).toBe("262144");
        expect(upload(address)).toBe(0);
      }
      expect(guest.run(["ping", "-c1", "-W1", "-Mdo", "-s1400", "3fff:10:0:64::66"]).stdout).toMatch(
        /too big: mtu ?=? ?1280/i,
      );
      expect(guest.run(["ping", "-c1", "-W1", "-Mdo", "-s1400", "192.0.2.66"]).stdout).toMatch(/mtu ?= ?1280/i);
    });

    const upload = (address: string) => {
      const at = address.includes(":") ? `[${address}]` : address;
      return guest.run([
        "bash",
        "-c",
        `head -c 300000 /dev/zero | curl -sfm2 -o /dev/null -T - -X POST http://${at}/upload`,
      ]).status;
    };

    it("an MTU of 1280 without Packet Too Big swallows what is larger, both ways, and lets small packets through", () => {
      for (const family of ["v6", "v4"] as const) {
        const { url, ...addresses } = fault(`${family}-mtu-silent`);
        const address = addresses[family === "v6" ? "ipv6" : "ipv4"];
        expect(fetched(url.replace("/bytes", "/json"), address)).toMatch(/"family"/);
        expect(fetched(url, address)).toBe(28);
        expect(upload(address)).toBe(28);
      }
    });

    it("fragments are dropped there, and come through elsewhere", () => {
      const ask = (address: string) =>
        guest.run([
          "dig",
          "+notcp",
          "+ignore",
          "+bufsize=4096",
          "+tries=1",
          "+time=1",
          `@${address}`,
          "big.test",
          "TXT",
        ]).stdout;
      for (const address of ["192.0.2.33", "3fff:10:0:32::33"]) expect(ask(address)).toMatch(/rcvd: 3\d{3}/);
      for (const family of ["v6", "v4"] as const) {
        const { ipv4, ipv6 } = fault(`${family}-no-fragments`);
        expect(ask(family === "v6" ? ipv6 : ipv4)).toMatch(/timed out/);
      }
    });

    (hasNetem ? it : it.skip)(
      `a delay is that of the name, for one family${hasNetem ? "" : " (skipped: this kernel has no netem)"}`,
      () => {
        const { url, ipv6, ipv4 } = fault("v6-delay-500");
        const seconds = (address: string) =>
          Number(fetched(url, address, "--output", "/dev/null", "--write-out", "%{time_connect}"));
        expect(seconds(ipv6)).toBeGreaterThan(0.5);
        expect(seconds(ipv4)).toBeLessThan(0.5);
      },
    );
  });

  describe("proxies", () => {
    const through = (address: string, proxy: string[], target: string): string => {
      const { stdout } = guest.run([
        "curl",
        "-s",
        "-m",
        "4",
        ...proxy.map((part) => part.replace("@", address)),
        `http://${target}.test/json`,
      ]);
      return /"client":"([^"]+)"/.exec(stdout)?.[1] ?? "";
    };
    const kinds = { CONNECT: ["--proxytunnel", "--proxy", "http://@:3128"], SOCKS: ["--socks5-hostname", "@:1080"] };

    it.each(Object.entries(kinds))(
      "by HTTP %s reach by the families of their scenario and by no other",
      (_kind, proxy) => {
        for (const { scenario, host } of plan.proxies) {
          const [ipv4] = host.a;
          const [ipv6] = host.aaaa;
          for (const address of [...host.a, ...host.aaaa.map((each) => `[${each}]`)])
            expect({
              scenario,
              v4only: through(address, proxy, "v4only"),
              v6only: through(address, proxy, "v6only"),
            }).toEqual({ scenario, v4only: ipv4 ?? "", v6only: ipv6 ?? "" });
        }
      },
    );
  });

  describe("drift", () => {
    it.each([
      ["internet", "a route is gone", "ip -n internet-router -6 route del 3fff:10:0:72::/64"],
      ["internet", "a rule is gone", "nsenter --net=/run/netns/internet-servers nft flush ruleset"],
      ["names", "the name servers do not answer", "systemctl kill --signal=STOP nsd.service"],
      ["web", "nginx is stopped", "systemctl stop nginx.service"],
      ["proxies", "a proxy is gone", "systemctl stop ipv6-only-lab-socks-proxy-dual.service"],
    ])("in %s is seen, and healed by the next update: %s", (service, _what, command) => {
      guest.shell(command);
      expect(looked()).toMatch(new RegExp(`^${service}: `, "m"));
      const outcome = apply(simulated);
      expect(outcome.find((line) => line.startsWith(`${service}: `))).not.toMatch(/: unchanged$/);
      expect(looked()).toBe("");
      expect(fetched("http://dualstack.test/json", "3fff:10:0:32::42")).toMatch(/IPv6/);
    });

    it("that restarts the namespaces is healed when what runs in them serves again, however long that takes", () => {
      // As a package's own: an administrator's would be drift itself.
      const slow = "/usr/lib/systemd/system/nsd.service.d/slow.conf";
      guest.shell(`mkdir -p ${slow.slice(0, slow.lastIndexOf("/"))}
        printf '[Service]\\nExecStartPre=sleep 3\\n' >${slow}
        systemctl daemon-reload
        ip -n internet-router -6 route del 3fff:10:0:72::/64`);
      const outcome = apply(simulated);
      expect(looked()).toBe("");
      expect(outcome).toContain("names: restarted with what it runs in");
      guest.shell(`rm ${slow} && systemctl daemon-reload`);
    });
  });

  it("goes as it came: without it no namespace, no card, no unit and no file of it is left", () => {
    const real = { lan: simulated.lan, dns: { dnssec: "off", forwarders: ["127.0.0.53"] } };
    const reloads = (): number =>
      Number(guest.shell("journalctl -q --no-pager -b | grep -c 'Reloading finished' || true"));
    const before = reloads();
    expect(before).toBeGreaterThan(0);
    const { status } = guest.run(
      ["bash", "-c", applyScript()],
      bundleText(bundleOf(real).filter(({ name }) => name !== "unbound")),
    );
    expect(status).toBe(0);
    // Once for all of them: an emulated gateway takes seconds for it.
    expect(reloads() - before).toBeLessThanOrEqual(1);
    expect(guest.shell("ip netns | grep internet || true; ip link show internet 2>/dev/null || true")).toBe("");
    expect(
      guest.shell(
        "systemctl list-units --no-legend 'ipv6-only-lab-*' nsd.service nginx.service --state=active || true",
      ),
    ).toBe("");
    expect(
      guest
        .shell("ls /etc/ipv6-only-lab/internet /usr/local/share/ipv6-only-lab/www 2>/dev/null | grep -v : || true")
        .trim(),
    ).toBe("");
    expect(guest.shell("systemctl --failed --no-legend || true")).toBe("");
  });
});
