/** A guest stands for a user's machine: it has what Debian's cloud image has, and is nobody's twin. */
import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { projectFolder, type Stack } from "./harness";

/**
 * Units that Debian's packages leave off although the preset for all units is "on" (90-systemd.preset ends so), or mask:
 * what deb-systemd-helper made of them when they were installed.
 */
const offInDebian = [
  ...["run-lock.mount", "cryptdisks-early.service", "cryptdisks.service", "hwclock.service", "nftables.service"],
  ...["screen-cleanup.service", "sudo.service", "x11-common.service", "reboot.target", "ssh.socket"],
  ...[
    "systemd-confext.service",
    "systemd-sysext.service",
    "systemd-sysext.socket",
    "systemd-udev-load-credentials.service",
  ],
  ...["systemd-networkd-wait-online@.service", "systemd-journald-audit.socket", "systemd-journald@.socket"],
  ...["systemd-pcrextend.socket", "systemd-pcrlock-file-system.service", "systemd-pcrlock-firmware-code.service"],
  ...["systemd-pcrlock-firmware-config.service", "systemd-pcrlock-machine-id.service"],
  ...["systemd-pcrlock-make-policy.service", "systemd-pcrlock-secureboot-authority.service"],
  "systemd-pcrlock-secureboot-policy.service",
];

/** The differences that the image makes on purpose, from the list that makes them. */
function ours(): string[] {
  const list = fs.readFileSync(path.join(projectFolder, "provider", "image", "units.txt"), "utf8");
  return list.split("\n").flatMap((line) => /^(?:disabled|masked) (\S+)/.exec(line)?.[1] ?? []);
}

const unitFiles = z.array(z.object({ unit_file: z.string(), state: z.string(), preset: z.string().nullable() }));

/** Units whose state is not what Debian's presets say, and nobody gave a reason for. */
export async function unexplainedUnits(lab: Stack, machine: string): Promise<string[]> {
  const { stdout } = await lab.succeed("ssh", machine, "systemctl list-unit-files --output=json");
  const explained = new Set([...offInDebian, ...ours()]);
  return unitFiles
    .parse(JSON.parse(stdout))
    .filter(({ state, preset }) => preset === "enabled" && ["disabled", "masked"].includes(state))
    .map(({ unit_file }) => unit_file)
    .filter((unit) => !explained.has(unit));
}

/** What no two machines may have in common, one a line. */
export async function identity(lab: Stack, machine: string): Promise<string[]> {
  const script = [
    "cat /etc/machine-id /proc/sys/kernel/random/boot_id /etc/ssh/ssh_host_ed25519_key.pub; echo",
    "head -c 16 /dev/urandom | base64",
    "cat /proc/sys/kernel/random/uuid",
    "sudo journalctl --quiet --boot --lines 1 --output json --output-fields _BOOT_ID | sed 's/.*_BOOT_ID\":\"\\([0-9a-f]*\\).*/\\1/'",
  ].join("; ");
  const { stdout } = await lab.succeed("ssh", machine, script);
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** What a program may find on a user's Debian, as words that are all "yes". */
export async function traits(lab: Stack, machine: string): Promise<string> {
  const questions: Readonly<Record<string, string>> = {
    running: "[ $(systemctl is-system-running --wait) = running ]",
    randomization: "[ $(cat /proc/sys/kernel/randomize_va_space) = 2 ]",
    tun: "sudo sh -c ': <>/dev/net/tun'",
    mqueue: "mountpoint -q /dev/mqueue",
    hugepages: "mountpoint -q /dev/hugepages",
    apparmor: "[ $(cat /sys/module/apparmor/parameters/enabled) = Y ]",
    locales: "locale -a | grep -q de_DE.utf8",
    manual: "man -w ls",
    login: "loginctl show-user $USER",
    user: "systemctl --user show-environment",
    time: "systemctl is-active systemd-timesyncd",
    host: "hostnamectl status",
    apt: "apt-get --version",
    timers:
      "[ -z \"$(systemctl list-unit-files --state=enabled --no-legend '*.timer' | while read -r timer _; do systemctl is-active $timer; done | grep -v ^active)\" ]",
    // What was due before a restored machine was somebody has not been made up for: the clock has jumped.
    stamps:
      "[ ! -e /run/ipv6-only-lab/boot_id ] || [ -z \"$(find /var/lib/systemd/timers -name 'stamp-*' ! -newer /run/ipv6-only-lab/boot_id)\" ]",
    // Where its line is hung up it looks for somebody ten times a second, for as long as the machine lives.
    agent:
      "woken() { awk '/^voluntary/ { print $2 }' /proc/$(pgrep -x qemu-ga)/status; }; before=$(woken) && sleep 3 && [ $(($(woken) - before)) -lt 10 ]",
  };
  const script = Object.entries(questions).map(
    ([name, test]) => `if ${test} >/dev/null 2>&1; then echo ${name} yes; else echo ${name} NO; fi`,
  );
  return (await lab.succeed("ssh", machine, script.join("; "))).stdout;
}
