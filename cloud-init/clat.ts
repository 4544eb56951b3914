import type { MachineDocuments } from "./machine";
import type { WriteFile } from "./schema";
import { followTranslatorScript } from "./scripts";

/**
 * What they start is loaded at the same addresses each time (setarch(8)), which an emulated machine does in half the time:
 * clatd is a program in Perl that calls many others, and a client that joins a network waits for it.
 */
const quickly = "/usr/bin/setarch --addr-no-randomize";

/** Lets systemd-networkd keep what it learns on the disk. */
const storage = "systemd-networkd-persistent-storage.service";

/**
 * A CLAT (464XLAT, RFC 6877): Debian's clatd with TAYGA, run where the network has a translator and no IPv4 of its own.
 * Its packages are in a complete guest; in another one they come later, and are waited for.
 */
export const clat: Required<Pick<MachineDocuments, "files" | "commands">> = {
  files: [
    { path: "/usr/local/lib/ipv6-only-lab/follow-translator", permissions: "0755", content: followTranslatorScript },
    unit("ipv6-only-lab-clat.service", [
      "[Unit]",
      "Description=CLAT where the network has a translator",
      "Documentation=man:clatd(8)",
      "After=systemd-networkd.service systemd-resolved.service",
      "StartLimitIntervalSec=0",
      "",
      "[Service]",
      `ExecStart=${quickly} /usr/local/lib/ipv6-only-lab/follow-translator`,
      "ExecStopPost=systemctl --no-block stop clatd.service",
      "Restart=always",
      "",
      "[Install]",
      "WantedBy=multi-user.target",
    ]),
    // Who starts it has looked for IPv4 already. It counts as started once it can translate, so that it is never stopped
    // before. It ends and cleans up when its TAYGA ends; a signal to all of them could hit the commands that clean up.
    unit("clatd.service.d/ipv6-only-lab.conf", [
      "[Service]",
      "Type=notify",
      "NotifyAccess=all",
      "ExecStart=",
      `ExecStart=${quickly} /usr/sbin/clatd v4-conncheck-enable=no "script-up=systemd-notify --ready"`,
      'ExecStop=sh -c "pkill --parent $MAINPID; exec tail --follow --pid=$MAINPID /dev/null"',
      // On a busy emulated machine it needs more than systemd's 90 s.
      "TimeoutStartSec=300",
      "TimeoutStopSec=20",
    ]),
    // A networkd that starts anew would take clatd's routing rules away.
    {
      path: "/etc/systemd/networkd.conf.d/ipv6-only-lab.conf",
      permissions: "0644",
      content: "[Network]\nManageForeignRoutingPolicyRules=no\n",
    },
  ],
  commands: [
    // It is running already when its file is written, and reads that at its start alone: what it configures anew would
    // take the rule for the machine's own addresses away, which clatd has moved, and the machine would hear nobody.
    ["systemctl", "restart", "systemd-networkd.service"],
    // Of what starts with it once more, systemd loses one now and then soon after a boot ("Failed to spawn executor: No such
    // file or directory": the unit's control group is just being taken away). Before systemd 256 there is no such unit.
    [
      "sh",
      "-c",
      `[ ! -e /usr/lib/systemd/system/${storage} ] || systemctl start ${storage} || systemctl start ${storage}`,
    ],
    // Where its package comes later: clatd runs a TAYGA of its own. Neither command needs systemd to read every unit again,
    // which takes an emulated machine four seconds: it reads one that it has not met when it is started.
    ["systemctl", "--quiet", "--no-reload", "mask", "tayga.service"],
    ["systemctl", "--quiet", "--no-reload", "enable", "--now", "ipv6-only-lab-clat.service"],
  ],
};

function unit(name: string, lines: readonly string[]): WriteFile {
  return { path: `/etc/systemd/system/${name}`, permissions: "0644", content: `${lines.join("\n")}\n` };
}
