/**
 * Faults of what resolvers answer, and of TLS, for one client: the gateway's real firewall, resolvers and simulated internet
 * in the guest, with two clients on its wires.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import { renderBundle } from "../../services";
import { bundleText, outlineText } from "../../services/bundle";
import { isOfAnswers } from "../../plan/path-faults";
import { noteOf } from "../../services/path-faults";
import { applyScript, lookScript } from "../../services/script";
import { faultNamed } from "../../cli/commands/fault";
import { questionTarget } from "../../verify/fault-target";
import { faultyResolver } from "../../verify/facts";
import { readFaultsOn, switchingOn } from "../../verify/path-faults";
import { parseSections, section } from "../../verify/sections";
import { labOf } from "../verify/fixtures";
import { describeInGuest, Guest, startTimeout } from "./guest";

const raw = {
  networks: [
    { name: "a", scenario: "ipv6-only-nat64", prefix: "2001:2:0:6400::/64" },
    { name: "b", scenario: "dual-stack", prefix: "2001:2:0:4600::/64", ipv4: "192.168.46.0/24" },
  ],
  nat64: { prefix: "2001:2:0:64::/96", allowedIpv4: ["192.168.0.0/16"] },
  clients: [
    { name: "one", network: "a" },
    { name: "two", network: "a" },
  ],
  internet: { kind: "simulated" },
};
/** With DNS64; without, over IPv6 and IPv4. */
const resolvers = ["2001:2:0:6400::1", "2001:2:0:4600::1", "192.168.46.1"] as const;
const [dns64, plain] = resolvers;

const { promised, clients } = labOf(raw);
/** Jool's module belongs to the guest's kernel, netem is in few; nobody asks for addresses. */
const bundle = renderBundle(planLab(parseConfig(raw), { project: "ipv6-only-lab", stack: "dev" }))
  .filter(({ name }) => !/^(jool|bindings|kea|radvd|proxies)/.test(name))
  .map((service) => ({
    ...service,
    files: service.files.map((file) => (file.path.endsWith(".tc") ? { ...file, content: "# no delays\n" } : file)),
  }));

const probes = join(__dirname, "..", "..", "verify", "probes");
const script = ["common.sh", "faults-on.sh", "path-faults.sh"]
  .map((name) => readFileSync(join(probes, name), "utf8"))
  .join("");
const unit = "ipv6-only-lab-faulty-resolver";

/** Asks twice on one connection, the second time when /tmp/go is there, and prints the response codes. */
const talk = `import os, socket, sys, time

question = bytes.fromhex("000101000001000000000000") + b"\\6v4only\\4test\\0\\0\\1\\0\\1"
connection = socket.create_connection((sys.argv[1], 53), 5)

def asked():
    connection.sendall(len(question).to_bytes(2, "big") + question)
    said = connection.recv(512)
    return said[5] & 15 if said else "closed"

print(asked(), end=" ", flush=True)
open("/tmp/asked", "w").close()
while not os.path.exists("/tmp/go"):
    time.sleep(0.05)
try:
    print(asked())
except ConnectionResetError:
    print("reset")
`;

/** What a resolver answers to a question for A and one for AAAA. */
function truth(name: "v4only.test" | "dualstack.test", server: (typeof resolvers)[number]) {
  if (name === "dualstack.test") return { a: "NOERROR 192.0.2.42", aaaa: "NOERROR 3fff:10:0:32::42" };
  return { a: "NOERROR 192.0.2.40", aaaa: server === dns64 ? "NOERROR 2001:2:0:64::c000:228" : "NOERROR " };
}

describeInGuest("faulty answers", () => {
  let guest: Guest;

  beforeAll(async () => {
    guest = await Guest.start();
    guest.write("/tmp/path-faults.sh", script);
    guest.write("/tmp/all", listed.join(""));
    for (const { card } of promised.networks) {
      guest.shell(`ip link add ${card} type veth peer name ${card}-far; ip link set ${card}-far up`);
      guest.write(
        `/etc/systemd/network/10-netplan-${card}.network`,
        `[Match]\nName=${card}\n[Network]\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no\n`,
      );
    }
    const { status, stderr } = guest.run(["bash", "-c", applyScript()], bundleText(bundle));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const [index, { name, lanMac }] of clients.entries()) {
      guest.shell(`ip netns add ${name}; ip -n ${name} link set lo up`);
      for (const { card, ipv6, ipv4 } of promised.networks) {
        guest.shell(`ip link add link ${card}-far name ${card} netns ${name} address ${lanMac} type macvlan mode bridge
          ip -n ${name} link set ${card} up`);
        for (const [family, host] of [
          [ipv6, `::a${index}/64`],
          [ipv4, `.20${index}/24`],
        ] as const) {
          if (family === undefined) continue;
          const address = family.prefix.replace(/(::\/64|\.0\/24)$/, host);
          guest.shell(`ip -n ${name} address add ${address} dev ${card} ${family === ipv6 ? "nodad" : ""}
            ip -n ${name} route replace default via ${family.gatewayAddress} metric ${card.endsWith("a") ? 10 : 20}`);
        }
      }
    }
  }, startTimeout);
  afterAll(() => guest.stop());
  afterEach(() => void probe(["off-all"]));

  const probe = (words: readonly string[], stdin = "") => {
    const { stdout } = guest.run(["bash", "/tmp/path-faults.sh", ...words], stdin);
    const sections = parseSections(stdout);
    const on = readFaultsOn(sections);
    return {
      said: words[0] === "look" ? "" : section(sections, "switched").output,
      tables: on.map(({ table }) => table),
      on: on.map(({ name, client, to, atWork }) => `${name} ${client} ${to}${atWork ? "" : " dead"}`),
      packets: on.map(({ packets }) => packets),
    };
  };
  const switching = (name: string, client?: string, to?: string) => {
    const found = clients.find((each) => each.name === client);
    return {
      fault: faultNamed(name),
      affected: found === undefined ? undefined : { name: found.name, mac: found.lanMac },
      target: to === undefined ? undefined : questionTarget(to),
    };
  };
  const orders = (each: ReturnType<typeof switching>): string =>
    switchingOn(each, promised, isOfAnswers(each.fault.effect) ? faultyResolver() : "");
  const switchOn = (name: string, client?: string, to?: string) => {
    const each = switching(name, client, to);
    const seen = probe(["on", noteOf(each)], orders(each));
    expect(seen.said).toBe("");
    return seen;
  };
  /** What dig shows on a client. */
  const dig = (client: string, ...words: string[]): string =>
    guest.run(["ip", "netns", "exec", client, "dig", "+tries=1", "+time=2", ...words]).stdout;
  /** Status and addresses of an answer; or that there was none. */
  const understood = (said = ""): string => {
    const status = /status: (\w+)/.exec(said)?.[1];
    const values = [...said.matchAll(/^[^;].*\sIN\s+(?:A|AAAA)\s+(\S+)$/gm)].map(([, value]) => value);
    return status === undefined ? "nobody answers" : `${status} ${values.sort().join(" ")}`;
  };
  const asked = (client: string, server: string, name: string, type: "A" | "AAAA", ...words: string[]): string =>
    understood(dig(client, ...words, `@${server}`, name, type));
  /** Two names, at each resolver over each transport. */
  const questions = resolvers.flatMap((server) =>
    ["+notcp", "+tcp"].flatMap((transport) =>
      (["v4only.test", "dualstack.test"] as const).map((name) => ({ server, transport, name })),
    ),
  );
  const listed = questions.flatMap(({ server, transport, name }) =>
    ["A", "AAAA"].map((type) => `@${server} ${transport} ${name} ${type}\n`),
  );
  /** Everything that a client is answered to those. */
  const answers = (client: string) => {
    const [, ...said] = dig(client, "-f", "/tmp/all").split("->>HEADER<<-");
    return questions.map((question, index) => ({
      ...question,
      a: understood(said[2 * index]),
      aaaa: understood(said[2 * index + 1]),
    }));
  };
  /** What that must be. */
  const expected = (a?: string, aaaa?: string) =>
    questions.map((question) => {
      const real = truth(question.name, question.server);
      return { ...question, a: a ?? real.a, aaaa: aaaa ?? real.aaaa };
    });

  it.each([
    ["dns-nxdomain", "NXDOMAIN ", "NXDOMAIN "],
    ["dns-nodata", "NOERROR ", "NOERROR "],
    ["dns-servfail", "SERVFAIL ", "SERVFAIL "],
    ["dns-refused", "REFUSED ", "REFUSED "],
    ["dns-no-aaaa", undefined, "NOERROR "],
    ["dns-no-a", "NOERROR ", undefined],
    ["dns-wrong-aaaa", undefined, "NOERROR 2001:db8::bad"],
    ["dns-wrong-a", "NOERROR 198.51.100.66", undefined],
    ["dns-mapped-aaaa", undefined, "NOERROR ::ffff:192.0.2.40"],
    ["dns-private-a", "NOERROR 10.66.66.66", undefined],
  ])("%s: every resolver says so to the client that is meant, and nobody else, until it is off", (name, a, aaaa) => {
    expect(answers("one")).toEqual(expected());
    const seen = switchOn(name, "one");
    expect(seen.on).toEqual([`${name} one everywhere`]);
    expect(answers("one")).toEqual(expected(a, aaaa));
    expect(answers("two")).toEqual(expected());
    expect(probe(["look"]).packets[0]).toBeGreaterThanOrEqual(24);
    expect(probe(["off", ...seen.tables])).toMatchObject({ said: "", on: [] });
    expect(answers("one")).toEqual(expected());
  });

  it("leave nothing behind when the last is off", () => {
    const state = () =>
      guest.shell(`nft list tables; ss -Hlntu | grep :53 | awk '{print $1, $5}' | sort; ls /run | grep faulty || true
      systemctl list-units --all --no-legend '${unit}*'`);
    const before = state();
    const seen = switchOn("dns-nodata", "one");
    switchOn("dns-nxdomain", "two");
    expect(state()).not.toBe(before);
    expect(probe(["off", ...seen.tables]).on).toEqual(["dns-nxdomain two everywhere"]);
    expect(asked("two", dns64, "v4only.test", "A")).toBe("NXDOMAIN ");
    expect(probe(["off-all"]).on).toEqual([]);
    expect(state()).toBe(before);
  });

  it("are of one name and what is below it, however it is written, or of all", () => {
    switchOn("dns-nxdomain", "one", "DualStack.test.");
    for (const [name, status] of [
      ["dualstack.test", "NXDOMAIN "],
      ["DUALSTACK.TEST", "NXDOMAIN "],
      ["www.dualstack.test", "NXDOMAIN "],
      ["v4only.test", "NOERROR 192.0.2.40"],
      ["test", "NOERROR "],
      // Ends in the same letters.
      ["notdualstack.test", "NXDOMAIN "],
    ] as const) {
      expect([name, asked("one", plain, name, "A")]).toEqual([name, status]);
    }
    // That one really does not exist: the zone says so, with its SOA.
    expect(dig("one", `@${plain}`, "notdualstack.test")).toMatch(/\sSOA\s/);
    expect(dig("one", `@${plain}`, "dualstack.test")).not.toMatch(/\sSOA\s/);
  });

  it("are on side by side: the longer name decides, a client's own beside everybody's, each coming and going alone", () => {
    switchOn("dns-nxdomain", undefined, "dualstack.test");
    const servfail = switchOn("dns-servfail", "one", "v4only.test").tables;
    const { on } = switchOn("dns-no-aaaa", "one");
    expect(on).toEqual([
      "dns-no-aaaa one everywhere",
      "dns-nxdomain all dualstack.test",
      "dns-servfail one v4only.test",
    ]);
    const of = (client: string) =>
      ["v4only.test", "dualstack.test", "v6only.test"].map(
        (name) => `${asked(client, dns64, name, "A")}|${asked(client, dns64, name, "AAAA")}`,
      );
    expect(of("one")).toEqual(["SERVFAIL |SERVFAIL ", "NXDOMAIN |NXDOMAIN ", "NOERROR |NOERROR "]);
    const other = ["NOERROR 192.0.2.40|NOERROR 2001:2:0:64::c000:228", "NXDOMAIN |NXDOMAIN "];
    expect(of("two").slice(0, 2)).toEqual(other);
    const gone = probe(["off", ...servfail.slice(1)]).on;
    expect(gone).toEqual(["dns-no-aaaa one everywhere", "dns-nxdomain all dualstack.test"]);
    expect(of("one")[0]).toBe("NOERROR 192.0.2.40|NOERROR ");
    expect(of("two").slice(0, 2)).toEqual(other);
  });

  it("leave what they do not concern as the resolver gave it: signatures, flags, what is truncated, many at once", () => {
    const shown = (...words: string[]) =>
      dig("one", `@${plain}`, ...words).replace(/id: \d+|COOKIE.*|Query time.*|WHEN.*|\t\d+\t/g, "");
    const questions = [
      ["+dnssec", "www.signed.test", "AAAA"],
      ["+cdflag", "www.bogus.test", "AAAA"],
      ["+notcp", "+ignore", "+bufsize=512", "big.test", "TXT"],
      ["+tcp", "big.test", "TXT"],
      ["+noedns", "www.bogus.test", "A"],
      ["id.server", "CH", "TXT"],
    ];
    const before = questions.map((words) => shown(...words));
    switchOn("dns-nxdomain", "one", "dualstack.test");
    expect(questions.map((words) => shown(...words))).toEqual(before);
    expect(before[0]).toMatch(/flags: qr rd ra ad;[^]*RRSIG/);
    expect(before[2]).toMatch(/flags: qr tc/);
    // One connection, questions of both kinds, all at once.
    guest.write("/tmp/questions", "v4only.test A\ndualstack.test A\nv6only.test AAAA\n".repeat(20));
    const said = dig("one", `@${plain}`, "+tcp", "+keepopen", "-f", "/tmp/questions");
    expect([...said.matchAll(/status: (\w+)/g)].map(([, status]) => status)).toEqual(
      Array(20).fill(["NOERROR", "NXDOMAIN", "NOERROR"]).flat(),
    );
  });

  it("answer EDNS with EDNS, and without it without", () => {
    switchOn("dns-nxdomain", "one");
    expect(dig("one", `@${dns64}`, "+dnssec", "v4only.test")).toMatch(/EDNS: version: 0, flags: do;/);
    const old = dig("one", `@${dns64}`, "+noedns", "v4only.test");
    expect(old).not.toContain("EDNS");
    expect(old).toMatch(/flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0/);
  });

  it("go with a client to another network, and do not hide that resolvers are silent", () => {
    switchOn("dns-nxdomain", "one");
    const silent = switchOn("dns-silent", "one");
    expect(asked("one", dns64, "v4only.test", "A", "+time=1")).toBe("nobody answers");
    expect(asked("two", dns64, "v4only.test", "A")).toBe("NOERROR 192.0.2.40");
    probe(["off", ...silent.tables.filter((_, index) => silent.on[index]?.startsWith("dns-silent"))]);
    expect(asked("one", "192.168.46.1", "v4only.test", "A")).toBe("NXDOMAIN ");
  });

  it.each([
    ["goes on", () => switchOn("dns-nxdomain", "one"), "0 reset"],
    ["goes off", () => probe(["off-all"]), "3 reset"],
  ])("hold at once: a connection to a resolver from before ends when one %s", (state, change, said) => {
    if (state === "goes off") switchOn("dns-nxdomain", "one");
    guest.write("/tmp/talk.py", talk);
    guest.shell(`rm -f /tmp/asked /tmp/go /tmp/said
      systemd-run --quiet --collect --unit=talk --property=StandardOutput=file:/tmp/said ip netns exec one python3 /tmp/talk.py ${dns64}
      for try in {1..50}; do [[ ! -e /tmp/asked ]] || break; sleep 0.1; done`);
    change();
    guest.shell("touch /tmp/go; for try in {1..50}; do systemctl is-active --quiet talk || break; sleep 0.1; done");
    expect(guest.shell("cat /tmp/said").trim()).toBe(said);
  });

  it("whose resolver is killed go on, and one that is gone is told of and comes back with the next switch", async () => {
    switchOn("dns-nxdomain", "one");
    guest.shell(`systemctl kill --signal=KILL ${unit}`);
    for (let tries = 0; tries < 50 && probe(["look"]).on[0]?.endsWith(" dead") !== false; tries++) await sleep(100);
    expect(asked("one", dns64, "v4only.test", "A")).toBe("NXDOMAIN ");
    guest.shell(`systemctl stop ${unit}`);
    expect(probe(["look"]).on).toEqual(["dns-nxdomain one everywhere dead"]);
    expect(asked("one", dns64, "v4only.test", "A")).toBe("nobody answers");
    expect(dig("one", "+tcp", `@${dns64}`, "v4only.test")).toContain("connection refused");
    expect(asked("two", dns64, "v4only.test", "A")).toBe("NOERROR 192.0.2.40");
    expect(switchOn("dns-nxdomain", "one").on).toEqual(["dns-nxdomain one everywhere"]);
    expect(asked("one", dns64, "v4only.test", "A")).toBe("NXDOMAIN ");
  });

  it("are no drift, and laying the same down again leaves them alone", () => {
    switchOn("dns-no-aaaa", "one");
    const looked = guest.run(["bash", "-c", lookScript()], outlineText(bundle));
    expect({ status: looked.status, stdout: looked.stdout }).toEqual({ status: 0, stdout: "" });
    const { stdout } = guest.run(["bash", "-c", applyScript()], bundleText(bundle));
    expect(stdout.split("\n").filter((line) => line !== "" && !line.endsWith(": unchanged"))).toEqual([]);
    expect(probe(["look"]).on).toEqual(["dns-no-aaaa one everywhere"]);
    expect(asked("one", dns64, "v4only.test", "AAAA")).toBe("NOERROR ");
  });

  it("are refused, with the reason, by a gateway whose firewall knows of no such thing", () => {
    guest.shell(
      `nft delete rule inet ipv6_only_lab input handle $(nft -a list chain inet ipv6_only_lab input | sed -n 's/.*mark 0x.*handle //p')`,
    );
    const each = switching("dns-nxdomain", "one");
    const seen = probe(["on", noteOf(each)], orders(each));
    expect(seen).toMatchObject({ on: [], said: expect.stringContaining("An update (up) changes it") as string });
    guest.shell("nft -f /etc/nftables.conf");
  });

  describe("TLS", () => {
    /** curl's exit code on a client (curl(1), EXIT CODES): 0, or 35 for a handshake that failed; and what it said. */
    const fetched = (client: string, url: string, address: string) => {
      const at = address.includes(":") ? `[${address}]` : address;
      const { status, stderr } = guest.run([
        ...["ip", "netns", "exec", client, "curl", "--silent", "--show-error", "--insecure", "--max-time", "4"],
        ...["--connect-to", `::${at}:`, "--output", "/dev/null", url],
      ]);
      return `${status ?? ""} ${stderr.includes("reset by peer") ? "reset" : ""}`.trim();
    };
    const six = "3fff:10:0:32::42";
    const four = "192.0.2.42";

    it.each([
      ["v6-tls-reset", six, four],
      ["v4-tls-reset", four, six],
    ])("%s: the handshake is reset, plain HTTP and the other family are not, nor another client", (name, bad, good) => {
      const works = () => [bad, good].map((address) => fetched("one", "https://dualstack.test/json", address));
      expect(works()).toEqual(["0", "0"]);
      const each = switching(name, "one");
      const seen = probe(["on", noteOf(each)], orders(each));
      expect(seen).toMatchObject({ said: "", on: [`${name} one everywhere`] });
      expect(works()).toEqual(["35 reset", "0"]);
      expect(fetched("one", "http://dualstack.test/json", bad)).toBe("0");
      expect(fetched("two", "https://dualstack.test/json", bad)).toBe("0");
      expect(probe(["look"]).packets).toEqual([1]);
      probe(["off", ...seen.tables]);
      expect(works()).toEqual(["0", "0"]);
    });
  });
});
