/** The stranger beside the LAN, played on a gateway whose resolver takes its time. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gatewayInstructions, Heard } from "../../verify/questions";
import { access } from "../verify/fixtures";
import { describeInGuest, Guest, startTimeout } from "./guest";

const probe = readFileSync(join(__dirname, "..", "..", "verify", "probes", "wire.py"), "utf8");

/** Answers all questions that lie there, in their order, but none before so many seconds after the first have passed. */
const slowResolver = `
import socket, sys, time
place = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
place.bind((sys.argv[1], 53))
print("listening", flush=True)
question, sender = place.recvfrom(4096)
time.sleep(float(sys.argv[2]))
while True:
    place.sendto(question[:2] + b"\\x81\\x85" + question[4:], sender)
    question, sender = place.recvfrom(4096)
`;

describeInGuest("a stranger", () => {
  let guest: Guest;
  const instructions = gatewayInstructions(access);
  const [door = ""] = access.promised.networks.flatMap(({ ipv6 }) => ipv6?.gatewayAddress ?? []);

  beforeAll(async () => {
    guest = await Guest.start();
    guest.write("/tmp/wire.py", `${probe}\nmain(${JSON.stringify(instructions.join("\n"))})\n`);
    guest.write("/tmp/resolver.py", slowResolver);
    guest.shell(`ip link set lo up; ip address add ${door}/64 dev lan nodad; ip link set lan up`);
    guest.shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
  }, startTimeout);
  afterAll(() => guest.stop());

  const played = (seconds: number, rules: string): Heard => {
    guest.shell(`nft flush ruleset; ${rules}`);
    const resolver = `python3 -u /tmp/resolver.py ${door} ${seconds} >/tmp/resolver.log`;
    const until = "while kill -0 $! && ! grep -q listening /tmp/resolver.log; do sleep 0.1; done";
    const script = `: >/tmp/resolver.log; ${resolver} & ${until}; python3 -I -S /tmp/wire.py; kill $!; wait`;
    return new Heard(guest.shell(script));
  };
  const closed =
    "nft add table inet door; nft 'add chain inet door input { type filter hook input priority 0; }'; " +
    "nft add rule inet door input iifname cable* udp dport 53 drop";

  it("who is let in is heard to be answered, however long the resolver takes for it", () => {
    const heard = played(4, "true");
    expect(heard.answered("cable")).toBe(true);
    expect(heard.answered("resolver")).toBe(true);
  });

  it("who is not let in gets no answer, and the gateway does", () => {
    const heard = played(2, closed);
    expect(heard.answered("cable")).toBe(true);
    expect(heard.answered("resolver")).toBe(false);
    expect(access.promised.networks.filter(({ ipv6, name }) => ipv6 && !heard.answered(`refusal-${name}`))).toEqual([]);
  });

  it("does not stay where no cable could be laid", () => {
    // This returns when nobody holds its standard output any more.
    const { status, stderr } = guest.run(["env", "PATH=/nowhere", "/usr/bin/python3", "-I", "-S", "/tmp/wire.py"]);
    expect(status).toBe(1);
    expect(stderr).toContain("nobody has laid the cable to the stranger");
  });
});
