/** A gateway in the guest: laying the services of a plan down there, and looking at them as a refresh does. */
import { renderBundle } from "../../services";
import { type Bundle, bundleText, outlineText } from "../../services/bundle";
import { applyScript, lookScript } from "../../services/script";
import { planOf } from "../fixtures/plan";
import type { Guest } from "./guest";

export type RawConfig = Readonly<Record<string, unknown>>;

/** Every service but Jool, whose module cannot be loaded into the kernel of this machine. */
export function bundleOf(raw: RawConfig): Bundle {
  return renderBundle(planOf(raw)).filter(({ name }) => name !== "jool");
}

export const units = {
  nftables: "nftables.service",
  unbound: "unbound.service",
  radvd: "radvd.service",
  kea: "kea-dhcp6-server.service",
} as const;

/** In what the gateway differs, as a refresh sees it. */
export function lookedAt(guest: Guest, raw: RawConfig = {}): string[] {
  const { status, stdout, stderr } = guest.run(["bash", "-c", lookScript()], outlineText(bundleOf(raw)));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

/** What came of each service. */
export function appliedTo(guest: Guest, raw: RawConfig = {}): string[] {
  const { status, stdout, stderr } = guest.run(["bash", "-c", applyScript()], bundleText(bundleOf(raw)));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
}

export function mainPidOf(guest: Guest, unit: string): string {
  return guest.shell(`systemctl show --value -p MainPID ${unit}`).trim();
}

/**
 * Resolvers on the uplink, as a forwarder may be: 10.0.2.3 knows two names and hands no signatures through; on port 5353
 * there is one that does, on port 5300 one that refuses.
 */
export function startForwarder(guest: Guest): void {
  const server = (port: number, access: string, options: string) => `
server:
  interface: 10.0.2.3@${port}
  access-control: 0.0.0.0/0 ${access}
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
${options}`;
  const names = `
  local-zone: "." static
  local-data: ". 60 IN SOA a. b. 1 1 1 1 1"
  local-data: "v4.example. 60 IN A 192.0.2.80"
  local-data: "dual.example. 60 IN A 192.0.2.81"
  local-data: "dual.example. 60 IN AAAA 2001:db8::81"
`;
  const signed = `
auth-zone:
  name: "."
  zonefile: /tmp/forwarder/signed.zone
`;
  guest.write("/tmp/forwarder/plain.conf", server(53, "allow", names));
  guest.write("/tmp/forwarder/refusing.conf", server(5300, "refuse", names));
  // Answers every question with SERVFAIL.
  guest.write(
    "/tmp/forwarder/failing.py",
    `import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("10.0.2.3", 5301))
while True:
    question, asker = server.recvfrom(4096)
    server.sendto(question[:2] + b"\\x81\\x82" + question[4:6] + bytes(6) + question[12:question.index(bytes(1), 12) + 5], asker)
`,
  );
  guest.write("/tmp/forwarder/mended.conf", server(5301, "allow", signed));
  guest.write("/tmp/forwarder/signing.conf", server(5353, "allow", signed));
  guest.write(
    "/tmp/forwarder/signed.zone",
    `. 60 IN SOA a. b. 1 1 1 1 1
. 60 IN NS a.
. 60 IN DNSKEY 257 3 13 AAAA
. 60 IN RRSIG DNSKEY 13 0 60 20300101000000 20200101000000 1 . AAAA
`,
  );
  for (const kind of ["plain", "refusing", "signing"]) {
    guest.shell(`systemd-run --quiet --unit=forwarder-${kind} unbound -d -c /tmp/forwarder/${kind}.conf`);
  }
  guest.shell("systemd-run --quiet --unit=forwarder-failing python3 /tmp/forwarder/failing.py");
  guest.shell("until dig +time=1 +tries=1 @10.0.2.3 v4.example A >/dev/null; do sleep 0.1; done");
}
