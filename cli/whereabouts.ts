/** On which of its networks each client is now: asked of the platform, never remembered. */
import type { LabAccess } from "../verify/access";
import { machinePaths } from "../provider/qemu/paths";
import { segmentsOf } from "../provider/qemu/segments";
import type { SegmentReference } from "../provider/resources";
import { stackFolder } from "../host/paths";
import { z } from "zod";

const segmentSchema = z.object({ group: z.string(), port: z.number() });

/** A client has one card. */
export const clientCard = 0;

/** The segment of a network of a lab on this machine. @throws Error for one of another platform. */
export function segmentOf({ segments }: LabAccess, network: string): SegmentReference {
  return segmentSchema.parse(segments[network]);
}

/** The same lab with every client where it is. One that nobody can ask is where it lives. */
export async function withWhereabouts(access: LabAccess): Promise<LabAccess> {
  if (access.promised.platform !== "qemu" || access.promised.networks.length < 2) return access;
  const clients = await Promise.all(
    access.clients.map(async (client) => {
      const paths = machinePaths(stackFolder(access.promised.stack), client.name);
      const segment = (await segmentsOf(paths).catch(() => undefined))?.get(clientCard);
      const network = access.promised.networks.find(({ name }) => {
        const { group, port } = segmentOf(access, name);
        return segment?.group === group && segment.port === port;
      });
      return network === undefined ? client : { ...client, network: network.name };
    }),
  );
  return { ...access, clients };
}
