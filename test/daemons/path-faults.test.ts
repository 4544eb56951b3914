/** Faults of clients' ways: their rules through the guest's nft, and the script that switches them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathFaults, type PathFault } from "../../plan/path-faults";
import { type FaultOn, readFaultsOn, switchingOn } from "../../verify/path-faults";
import { parseSections, section } from "../../verify/sections";
import { labOf } from "../verify/fixtures";
import { describeInGuest, Guest, startTimeout } from "./guest";

const probes = join(__dirname, "..", "..", "verify", "probes");
const script = ["common.sh", "faults-on.sh", "path-faults.sh"]
  .map((name) => readFileSync(join(probes, name), "utf8"))
  .join("");
const firewall = readFileSync(join(__dirname, "..", "..", "services", "nftables.sh"), "utf8");
const { promised, clients } = labOf({
  networks: [
    { name: "a", scenario: "ipv6-only-nat64" },
    { name: "b", scenario: "dual-stack", prefix: "2001:2:0:4600::/64" },
  ],
  clients: [
    { name: "one", network: "a" },
    { name: "two", network: "a" },
  ],
});
const [one, two] = clients.map(({ name, lanMac }) => ({ name, mac: lanMac }));

describeInGuest("faults of clients' ways", () => {
  let guest: Guest;
  beforeAll(async () => {
    guest = await Guest.start();
    guest.write("/tmp/path-faults.sh", script);
    for (const { card } of promised.networks) guest.shell(`ip link add ${card} type veth peer name ${card}-far`);
  }, startTimeout);
  afterAll(() => guest.stop());

  const probe = (words: readonly string[], stdin = "") => {
    const { stdout } = guest.run(["bash", "/tmp/path-faults.sh", ...words], stdin);
    const sections = parseSections(stdout);
    const said = words[0] === "look" ? "" : section(sections, "switched").output;
    return { said, on: readFaultsOn(sections).map(({ name, client }) => `${name} ${client}`) };
  };
  const tablesOf = (wanted: (on: FaultOn) => boolean): string[] =>
    readFaultsOn(parseSections(guest.run(["bash", "/tmp/path-faults.sh", "look"]).stdout))
      .filter(wanted)
      .map(({ table }) => table);
  const isSlow = ({ effect }: PathFault): boolean => effect.kind === "slow" || effect.kind === "slow-dns";

  it.each(pathFaults.map((fault) => [fault.name, fault] as const))(
    "%s is accepted, for one client and for all",
    (_, fault) => {
      const host = { name: "dualstack.test", ipv6: ["3fff:10:0:32::42"], ipv4: ["192.0.2.42/32", "192.0.2.128/25"] };
      for (const [affected, target] of [
        [one, undefined],
        [undefined, undefined],
        [one, host],
      ] as const) {
        const rules = switchingOn({ fault, affected, target }, promised).replace(
          /^\d+ 0\n(qdisc .*\n)*/,
          "define resolver_port = 5300\n",
        );
        const { status, stderr } = guest.run(["nft", "-c", "-f", "-"], rules);
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      }
    },
  );

  it("come and go one by one, twice is once, and none is left at the end", () => {
    const fast = pathFaults.filter((fault) => !isSlow(fault));
    const [loss, silent] = ["v6-loss", "v4-refused"].map((name) => fast.find((fault) => fault.name === name));
    if (loss === undefined || silent === undefined) throw new Error("both are there");
    expect(probe(["look"])).toEqual({ said: "", on: [] });
    probe(["on", ""], switchingOn({ fault: loss, affected: one, target: undefined }, promised));
    probe(["on", ""], switchingOn({ fault: loss, affected: one, target: undefined }, promised));
    probe(["on", ""], switchingOn({ fault: loss, affected: two, target: undefined }, promised));
    expect(probe(["on", ""], switchingOn({ fault: silent, affected: undefined, target: undefined }, promised))).toEqual(
      {
        said: "",
        on: ["v4-refused all", "v6-loss one", "v6-loss two"],
      },
    );
    const gone = tablesOf(({ client }) => client === "one");
    expect(probe(["off", ...gone])).toEqual({ said: "", on: ["v4-refused all", "v6-loss two"] });
    expect(probe(["off-all"])).toEqual({ said: "", on: [] });
    expect(guest.shell("nft list tables | grep fault || true")).toBe("");
    expect(probe(["off-all"])).toEqual({ said: "", on: [] });
  });

  it("say what nft refuses, and switch nothing", () => {
    const { said, on } = probe(["on", ""], "0 0\ntable netdev nonsense {\n");
    expect(said).toContain("syntax error");
    expect(on).toEqual([]);
  });

  it("are named by the firewall that takes them away, which says nothing where there is none", () => {
    const reload = (): string => guest.shell(`note() { echo "$1: $2"; }\n${firewall}\nreload_nftables`);
    guest.write("/etc/nftables.conf", "flush ruleset\ntable inet ipv6_only_lab {\n\tchain x {\n\t}\n}\n");
    for (const fault of pathFaults.filter(({ name }) => ["v6-loss", "v4-refused"].includes(name)))
      probe(["on", ""], switchingOn({ fault, affected: one, target: undefined }, promised));
    expect(reload()).toBe(
      "nftables: reloaded; no longer on: fault v4-refused one everywhere, fault v6-loss one everywhere\n",
    );
    expect(reload()).toBe("nftables: reloaded\n");
  });

  it("are no drift of the firewall's, as another table is", () => {
    const drift = (): string => guest.shell(`${firewall}\ndrift_nftables`);
    guest.write("/etc/nftables.conf", "flush ruleset\ntable inet ipv6_only_lab {\n\tchain x {\n\t}\n}\n");
    guest.shell("nft -f /etc/nftables.conf");
    for (const fault of pathFaults.filter(({ name }) => ["v6-loss", "v4-refused"].includes(name))) {
      expect(probe(["on", ""], switchingOn({ fault, affected: one, target: undefined }, promised)).said).toBe("");
    }
    expect(drift()).toBe("");
    guest.shell("nft add table netdev somebody_elses");
    expect(drift()).toContain("the rules in the kernel are not those");
  });
});
