/** Clients' cards in a vCenter, which is asked, and told. */
import { z } from "zod";
import { VcenterError } from "../vcenter/errors";
import { reconnectCard, vcenterLoginSchema, withVcenter } from "../vcenter/session";
import type { LabAccess } from "../verify/access";
import type { Cards } from "./cards";

/** What `up` recorded: how to get in, and the machines' managed object ids by their names. */
const accessSchema = z.object({ vcenter: vcenterLoginSchema, moids: z.record(z.string(), z.string()) });

/** Milliseconds for questions, which nobody wants to wait for whose vCenter is away. */
const questionTimeout = 20_000;

export const vsphereCards: Cards = {
  async networks(access) {
    const { vcenter, moids } = accessSchema.parse(access.platformAccess);
    const { networks } = access.promised;
    const found = new Map<string, string>();
    try {
      await withVcenter(vcenter, AbortSignal.timeout(questionTimeout), async (session) => {
        for (const { name, lanMac } of access.clients) {
          const cards = await session.networkCards(moids[name] ?? "").catch(unlessFault);
          const id = cards?.find(({ mac }) => mac === lanMac)?.network;
          const network = networks.find((each) => id !== undefined && segmentOf(access, each.name) === id);
          if (network !== undefined) found.set(name, network.name);
        }
      });
    } catch (error) {
      // What is asked next fails too, with words of its own, where it needs the vCenter.
      if (!(error instanceof VcenterError)) throw error;
    }
    return found;
  },

  async move(access, { name, lanMac: mac }, network, { signal }) {
    const { vcenter, moids } = accessSchema.parse(access.platformAccess);
    const moid = moids[name] ?? "";
    const machine = await withVcenter(vcenter, signal, (session) => session.machine(moid));
    if (machine?.running !== true) {
      throw new Error(
        `${name} ${machine === undefined ? "is gone" : "does not run"}: only a running machine can join another network.`,
      );
    }
    await reconnectCard(vcenter, { moid, mac, network: segmentOf(access, network.name) }, signal);
  },
};

/** A machine that is gone is on no network. */
function unlessFault(error: unknown): undefined {
  if (error instanceof VcenterError && error.problem === "fault") return undefined;
  throw error;
}

/** Managed object id of the network's port group. */
function segmentOf({ segments }: LabAccess, network: string): string {
  return z.object({ networkId: z.string() }).parse(segments[network]).networkId;
}
