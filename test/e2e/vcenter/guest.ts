/** From a virtual machine of the simulated vCenter to a QEMU machine: pure. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { cardId, portId, segmentPort, segmentSocket, socketId } from "../../../provider/qemu/hub";
import type { Command } from "../../../provider/qemu/qmp";
import type { NicArgs, SegmentReference } from "../../../provider/resources";

/** What hook.go says about a machine that was powered on. */
export const descriptionSchema = z.object({
  moid: z.string(),
  name: z.string(),
  memoryMiB: z.number(),
  cpus: z.number(),
  nics: z.array(z.object({ mac: z.string(), network: z.string(), connected: z.boolean() })),
  guestinfo: z.record(z.string(), z.string()),
});
export type Description = z.infer<typeof descriptionSchema>;

/** The network of the simulated vCenter that leads outside. Every other one is an isolated segment. */
const uplinkNetwork = "VM Network";

export function qemuNics({ nics }: Description): NicArgs[] {
  return nics.map(({ mac, network }) =>
    network === uplinkNetwork
      ? { kind: "user", mac, sshForward: true, restricted: false }
      : { kind: "segment", mac, segment: segmentOf(network) },
  );
}

/**
 * What QEMU is told when the devices of a running machine have changed: vCenter takes the carrier away only where it is
 * told to, and puts a card on another network under the eyes of a guest that does not see it.
 * @throws Error of a card that is or was the uplink's, which no segment can take the place of.
 */
export function replugged(before: Description, after: Description): Command[] {
  return after.nics.flatMap(({ network, connected }, card) => {
    const old = before.nics[card];
    if (old === undefined) throw new Error(`A card on ${network} was added while the machine runs.`);
    const plug = (up: boolean): Command => ({ execute: "set_link", arguments: { name: cardId(card), up } });
    return [
      ...(old.connected && !connected ? [plug(false)] : []),
      ...(old.network === network ? [] : moved(card, old.network, network)),
      ...(!old.connected && connected ? [plug(true)] : []),
    ];
  });
}

function moved(card: number, from: string, to: string): Command[] {
  if ([from, to].includes(uplinkNetwork))
    throw new Error(`A card was moved from ${from} to ${to} while its machine runs.`);
  const [old, wanted] = [segmentOf(from), segmentOf(to)];
  return [
    { execute: "netdev_add", arguments: segmentSocket(card, wanted) },
    { execute: "netdev_del", arguments: { id: portId(card, old) } },
    { execute: "netdev_add", arguments: segmentPort(card, wanted) },
    { execute: "netdev_del", arguments: { id: socketId(card, old) } },
  ];
}

/** Machines on one port group meet because they derive the same multicast group and port from its name. */
function segmentOf(network: string): SegmentReference {
  const hash = createHash("sha256").update(`simulated vCenter ${network}`).digest();
  return {
    group: `239.195.${hash.readUInt8(0)}.${1 + (hash.readUInt8(1) % 254)}`,
    port: 20_000 + (hash.readUInt16BE(2) % 12_000),
  };
}

/** The address at which the machine is reached on port 22, of its own on the loopback interface. */
export function loopbackAddress({ moid }: Pick<Description, "moid">): string {
  const hash = createHash("sha256").update(moid).digest();
  return `127.${64 + (hash.readUInt8(0) % 128)}.${hash.readUInt8(1)}.${1 + (hash.readUInt8(2) % 254)}`;
}

/**
 * What makes a machine look like VMware's to cloud-init: the product's name, and its guestinfo as files of the firmware
 * interface. @param folder where the values lie, a file each.
 */
export function vmwareArguments({ guestinfo }: Description, folder: string): string[] {
  return [
    ...["-smbios", "type=1,manufacturer=VMware,, Inc.,product=VMware Virtual Platform"],
    ...Object.keys(guestinfo)
      .sort()
      .flatMap((key) => ["-fw_cfg", `name=opt/${key},file=${join(folder, key).replaceAll(",", ",,")}`]),
  ];
}

/** What the guest calls itself once cloud-init has named it: the last words of template/guest-tools.conf. */
export function toldName(console: string): string | undefined {
  return [...console.matchAll(/guest tools: this is (\S+)/g)].at(-1)?.[1];
}
