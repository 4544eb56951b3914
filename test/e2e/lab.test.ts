import * as fs from "node:fs";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { becomesAnyNetwork } from "./any-network";
import { identity, traits, unexplainedUnits } from "./guest";
import { finish, report, Stack } from "./harness";
import { expectUnchanged, expectVerified, story, verify } from "./story";

describe("a lab with the original's addresses, from nothing to nothing", () => {
  const lab = new Stack("e2e");
  const step = story(lab);
  const original = { lan: { prefix: "fc01:0:0:1::/64" }, nat64: { prefix: "64:ff9b::/96" } };

  step("a preview shows the whole lab and makes nothing", async () => {
    lab.configure(original);
    const outcome = await lab.succeed("preview");
    expect(outcome.stdout).toMatch(/\+ 15 to create/);
    expect([...lab.machines()]).toEqual([]);
  });

  step("up that is interrupted while the machines boot ends soon and says that it was cancelled", async () => {
    const child = lab.start("up");
    const ended = finish(child);
    while (lab.machines().size < 2 && child.exitCode === null) {
      await delay(200);
    }
    child.kill("SIGINT");
    const outcome = await ended;
    report("end after the interruption, counted from the start", outcome);
    expect(outcome.exitCode).not.toBe(0);
    expect(outcome.stdout + outcome.stderr).toMatch(/cancel/i);
  });

  step("the next up goes on, and ends when the client has fetched IPv4 content through NAT64", async () => {
    const outcome = await lab.succeed("up");
    report("up after the interruption", outcome);
    expect([...lab.machines().keys()].sort()).toEqual(["client-1", "gateway"]);
    expect(outcome.stdout).toMatch(/IPv4-only content comes over HTTP through DNS64 and NAT64/);
  });

  step("verify finds nothing wrong", () => expectVerified(lab, /64:ff9b::/));

  step("its machines are whole: what Debian starts runs, and a program finds what it finds elsewhere", async () => {
    for (const machine of ["gateway", "client-1"]) {
      expect(await unexplainedUnits(lab, machine)).toEqual([]);
      expect(await traits(lab, machine)).not.toMatch(/NO/);
    }
  });

  step("no two of them are the same, though all come from one template", async () => {
    const [gateway, client] = [await identity(lab, "gateway"), await identity(lab, "client-1")];
    expect(client.length).toBeGreaterThanOrEqual(6);
    expect(gateway.filter((line) => client.includes(line))).toEqual([]);
  });

  step("a second up changes nothing", () => expectUnchanged(lab));

  step("suspended, it has no process and says so; resumed, it goes on in the middle, at the right time", async () => {
    const remembered = await lab.succeed("ssh", "client-1", "date | sudo tee /run/mark");
    report("suspend", await lab.succeed("suspend"));
    expect([...lab.machines()]).toEqual([]);
    const asleep = await lab.run("status");
    expect(asleep.exitCode).toBe(1);
    expect(asleep.stderr).toMatch(/has been suspended since .*npm run resume/);
    report("resume", await lab.succeed("resume"));
    for (const machine of ["gateway", "client-1"]) {
      const { stdout } = await lab.succeed("ssh", machine, "date +%s");
      expect(Math.abs(Number(stdout) - Date.now() / 1000)).toBeLessThan(5);
    }
    expect((await lab.succeed("ssh", "client-1", "cat /run/mark")).stdout).toBe(remembered.stdout);
    await verify(lab);
    await expectUnchanged(lab);
  });

  step("suspended, it is brought back by up as well", async () => {
    const boots = async (): Promise<string> =>
      (await lab.succeed("ssh", "client-1", "cat /proc/sys/kernel/random/boot_id")).stdout;
    const before = await boots();
    await lab.succeed("suspend");
    report("up of a suspended lab", await lab.succeed("up"));
    expect(await boots()).toBe(before);
    await verify(lab);
  });

  step("other forwarders and lifetimes are applied in place, and a connection through NAT64 survives it", async () => {
    const machines = lab.machines();
    // A transfer that lasts longer than the change: the mirror's package index, slowly.
    const transfer = finish(lab.start("ssh", "client-1", slowTransfer));
    while (!(await lab.succeed("sessions")).stdout.includes("ESTABLISHED")) {
      await delay(500);
    }
    lab.configure({
      ...original,
      dns: { forwarders: ["10.0.2.3"], searchDomains: ["lab.example"] },
      routerAdvertisements: { maxInterval: 20 },
    });
    const outcome = await lab.succeed("up");
    report("up with other forwarders", outcome);
    expect(lab.machines()).toEqual(machines);
    const search = await lab.succeed(
      "ssh",
      "client-1",
      "for i in $(seq 60); do resolvectl domain lan | grep -q lab.example && break; sleep 1; done; resolvectl domain lan",
    );
    expect(search.stdout).toContain("lab.example");
    const { exitCode, stdout } = await transfer;
    expect({ exitCode, complete: /^200 \d{6,}$/m.test(stdout) }).toEqual({ exitCode: 0, complete: true });
  });

  step("a wrong value changes nothing and names the key, the value and the remedy", async () => {
    const machines = lab.machines();
    lab.configure({ ...original, lan: { prefix: "fc01:0:0:1::1/64", mtuu: 1500 } });
    const outcome = await lab.run("up");
    expect(outcome.exitCode).not.toBe(0);
    expect(outcome.stdout + outcome.stderr).toMatch(/lan\.prefix[\s\S]*fc01:0:0:1::1\/64/);
    expect(outcome.stdout + outcome.stderr).toMatch(/lan\.mtuu/);
    expect(lab.machines()).toEqual(machines);
  });

  step("a client is added without touching the machines that run", async () => {
    const before = lab.machines();
    lab.configure({ ...original, clients: 2 });
    const outcome = await lab.succeed("up");
    report("up with one more client", outcome);
    const after = lab.machines();
    expect(after.get("gateway")).toBe(before.get("gateway"));
    expect(after.get("client-1")).toBe(before.get("client-1"));
    expect([...after.keys()].sort()).toEqual(["client-1", "client-2", "gateway"]);
  });

  step(
    "what was done to the gateway behind its back is shown by a preview and healed in place by the next up",
    async () => {
      const machines = lab.machines();
      await lab.succeed(
        "ssh",
        "gateway",
        "sudo systemctl stop unbound; echo '# by hand' | sudo tee -a /etc/radvd.conf; sudo nft flush ruleset; sudo jool instance remove",
      );
      const words = [
        /unbound: its unit unbound\.service is inactive/,
        /radvd: \/etc\/radvd\.conf is not what was laid down/,
        /nftables: the rules in the kernel are not those of \/etc\/nftables\.conf/,
        /jool: the translator in the kernel is not what \/etc\/jool\/jool\.conf says/,
      ];
      const preview = await lab.succeed("preview");
      for (const word of words) expect(preview.stdout).toMatch(word);
      const outcome = await lab.succeed("up");
      report("up after the gateway was changed by hand", outcome);
      for (const word of words) expect(outcome.stdout).toMatch(word);
      expect(lab.machines()).toEqual(machines);
      await verify(lab);
      await expectUnchanged(lab);
    },
  );

  step("other prefixes and another DHCPv6 are taken in place, one after the other", () =>
    becomesAnyNetwork(lab, 3, 7, { clients: 2 }),
  );

  step("a gateway that was killed is healed by the next up, the clients stay as they are", async () => {
    const before = lab.machines();
    process.kill(before.get("gateway") ?? NaN, "SIGKILL");
    while (lab.machines().has("gateway")) {
      await delay(100);
    }
    expect((await lab.run("verify")).exitCode).not.toBe(0);
    const outcome = await lab.succeed("up");
    report("up after the gateway was killed", outcome);
    const after = lab.machines();
    expect(after.get("client-1")).toBe(before.get("client-1"));
    expect(after.get("gateway")).not.toBe(before.get("gateway"));
    expect(fs.existsSync(`${lab.stateFolder}/gateway.lost/disk.qcow2`)).toBe(true);
    await verify(lab);
  });

  step(
    "machines that are rebooted from inside do so without a complaint and come back with their services",
    async () => {
      const machines = lab.machines();
      const boots = async (): Promise<string[]> =>
        Promise.all(
          ["client-1", "gateway"].map(async (machine) => {
            const { stdout } = await lab.run("ssh", machine, "cat /proc/sys/kernel/random/boot_id");
            return stdout.trim();
          }),
        );
      const before = await boots();
      for (const machine of ["client-1", "gateway"]) {
        const { stdout, stderr } = await lab.run("ssh", machine, "sudo systemctl reboot");
        expect(stdout + stderr).not.toMatch(/fail/i);
      }
      while ((await boots()).some((boot) => boot === "" || before.includes(boot))) await delay(2000);
      // Who was without the gateway for longer than its lease is preferred asks for it again after minutes (RFC 8415
      // sections 15 and 18.2.5), where the network that this lab has come to gives addresses by DHCPv6.
      while ((await lab.run("verify", "--wait", "120")).exitCode !== 0) await delay(5000);
      expect(lab.machines()).toEqual(machines);
    },
  );

  step("a second up at the same time is refused with the reason, and does no harm", async () => {
    const first = lab.start("up");
    const ended = finish(first);
    await once(first.stdout ?? first, "data");
    const second = await lab.run("up");
    const outcomes = [await ended, second];
    const refused = outcomes.filter(({ exitCode }) => exitCode !== 0);
    for (const { stdout, stderr } of refused) {
      expect(stdout + stderr).toMatch(/is in use: process \d+/);
    }
    expect(refused.length).toBeLessThanOrEqual(1);
    await verify(lab);
  });

  step("destroy leaves no process and no file", async () => {
    const outcome = await lab.succeed("destroy");
    report("destroy", outcome);
    expect([...lab.machines()]).toEqual([]);
    expect(fs.existsSync(lab.stateFolder)).toBe(false);
  });
});

const slowTransfer = [
  'mirror=$(sed -nE "s/^URIs: *//p; s/^deb ([^h]*\\] )?(http[^ ]+).*/\\2/p" /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)',
  'curl -sS --limit-rate 300k -o /dev/null -w "%{http_code} %{size_download}\\n" "${mirror%/}/dists/trixie/main/binary-amd64/Packages.xz"',
].join("; ");
