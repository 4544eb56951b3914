/** Clients' cards on this machine: QEMU is asked, and told. */
import { stackFolder } from "../host/paths";
import { segmentSchema } from "../provider/qemu/description";
import { machinePaths, type MachinePaths } from "../provider/qemu/paths";
import { moveCard, segmentsOf } from "../provider/qemu/segments";
import type { SegmentReference } from "../provider/resources";
import type { LabAccess } from "../verify/access";
import type { Cards } from "./cards";

/** A client has one card. */
const clientCard = 0;

export const qemuCards: Cards = {
  async networks(access) {
    const found = await Promise.all(
      access.clients.map(async ({ name }) => {
        const segment = (await segmentsOf(pathsOf(access, name)).catch(() => undefined))?.get(clientCard);
        const network = access.promised.networks.find((each) => {
          const { group, port } = segmentOf(access, each.name);
          return segment?.group === group && segment.port === port;
        });
        return network === undefined ? [] : [[name, network.name] as const];
      }),
    );
    return new Map(found.flat());
  },

  async move(access, client, network, context) {
    await moveCard(pathsOf(access, client.name), clientCard, segmentOf(access, network.name), context);
  },
};

function pathsOf({ promised: { stack } }: LabAccess, machine: string): MachinePaths {
  return machinePaths(stackFolder(stack), machine);
}

function segmentOf({ segments }: LabAccess, network: string): SegmentReference {
  return segmentSchema.parse(segments[network]);
}
