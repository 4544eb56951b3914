/**
 * `lab:index:VsphereGuest`: a look into vCenter at a machine that the vSphere plugin made. The plugin sees that a
 * machine is off and leaves it so; here a refresh sees it and the next `up` powers it on. The plugin puts a card back on
 * its network, and does not take the carrier from the guest, which would go on as if it were elsewhere: here it is taken.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { VcenterError } from "../vcenter/errors";
import {
  type MachineState,
  reconnectCard,
  type VcenterSession,
  vcenterLoginSchema,
  withVcenter,
} from "../vcenter/session";
import { checkWith } from "../plugin/check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "../plugin/handler";

const cardsSchema = z.array(z.object({ mac: z.string(), network: z.string().nullish() }));

const inputsSchema = z.object({
  vcenter: vcenterLoginSchema,
  moid: z.string().min(1),
  place: z.string(),
  hostName: z.string().nullish(),
  addressOf: z.string().nullish(),
  addressTimeout: z.int().min(1),
  cards: cardsSchema.nullish(),
});
type Inputs = z.infer<typeof inputsSchema>;

/** Milliseconds between two looks. */
const pollInterval = 2000;

const names = ["vcenter", "moid", "place", "hostName", "addressOf", "addressTimeout", "cards"] as const;

export const vsphereGuestHandler: ResourceHandler = {
  check: checkWith(inputsSchema),

  diff(old, inputs) {
    const { changed, replaces } = compareInputs(
      old.properties,
      inputs,
      names,
      names.filter((name) => name !== "moid"),
    );
    return { changed: [...changed, ...(old.properties.running === false ? ["running"] : [])], replaces };
  },

  preview: () => ({ running: true }),

  async create(inputs, context) {
    const outputs = await bringUp(inputs, context);
    return { id: inputsSchema.parse(inputs).moid, outputs };
  },

  async read(old, context) {
    const guest = inputsSchema.parse(old.properties);
    let seen: Properties | undefined;
    try {
      seen = await withVcenter(guest.vcenter, context.signal, (session) => seenOf(session, guest));
    } catch (error) {
      if (!(error instanceof VcenterError)) throw error;
      // A refresh knows only the login that was recorded, and a changed password must not lock the lab for good.
      context.warn(`${guest.place} could not be looked at with the login of the last update: ${error.message}`);
      return old.properties;
    }
    return seen && { ...old.properties, ...seen };
  },

  async update(old, inputs, context) {
    const { vcenter, moid, place } = inputsSchema.parse(inputs);
    for (const card of cardsMoved(old.properties.cards, inputs.cards)) {
      if (await reconnectCard(vcenter, { moid, ...card, anew: true }, context.signal))
        context.info(`${place} is on another network now, and ran on.`);
    }
    return bringUp(inputs, context);
  },

  delete: () => Promise.resolve(),
};

/** Undefined: there is no such machine any more. */
async function seenOf(session: VcenterSession, guest: Inputs): Promise<Properties | undefined> {
  const state = await session.machine(guest.moid);
  if (state === undefined) return undefined;
  if (!isSet(guest.cards)) return outputsOf(guest, state);
  const there = await session.networkCards(guest.moid);
  const networkOf = (mac: string) => there.find((card) => card.mac === mac)?.network;
  return { ...outputsOf(guest, state), cards: guest.cards.map(({ mac }) => ({ mac, network: networkOf(mac) })) };
}

/** Cards that were on another network when they were looked at last. */
function cardsMoved(old: unknown, wanted: unknown): { readonly mac: string; readonly network: string }[] {
  const before = cardsSchema.safeParse(old);
  if (!before.success) return [];
  return (cardsSchema.nullish().parse(wanted) ?? []).flatMap(({ mac, network }) => {
    const card = before.data.find((each) => each.mac === mac);
    return card !== undefined && isSet(network) && card.network !== network ? [{ mac, network }] : [];
  });
}

/** Powers the machine on if it is off, and waits until its guest has told what is wanted. */
async function bringUp(inputs: Properties, context: OperationContext): Promise<Properties> {
  const guest = inputsSchema.parse(inputs);
  return withVcenter(guest.vcenter, context.signal, async (session) => {
    if (!(await look(session, guest)).running) {
      context.progress("powering on");
      await session.powerOn(guest.moid);
    }
    if (isSet(guest.addressOf) || isSet(guest.hostName)) context.progress("waiting for the guest's first words");
    const state = await waitForWords(session, guest, context.signal);
    return { ...inputs, ...outputsOf(guest, state) };
  });
}

async function waitForWords(session: VcenterSession, guest: Inputs, signal: AbortSignal): Promise<MachineState> {
  const deadline = Date.now() + guest.addressTimeout * 1000;
  for (;;) {
    const state = await look(session, guest);
    const named = !isSet(guest.hostName) || isCalled(guest.hostName, state);
    if (named && (!isSet(guest.addressOf) || uplinkAddress(guest, state) !== undefined)) return state;
    if (Date.now() > deadline) throw new Error(silence(guest, state, named));
    await sleep(pollInterval, undefined, { signal });
  }
}

async function look(session: VcenterSession, { moid, place }: Inputs): Promise<MachineState> {
  const state = await session.machine(moid);
  if (state === undefined) throw new Error(`${place} is no longer in vCenter. Run up again: it makes it anew.`);
  return state;
}

function isSet<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

/** VMware Tools may tell the name with its domain. */
function isCalled(name: string, { hostName }: MachineState): boolean {
  return hostName?.split(".")[0] === name;
}

function outputsOf(guest: Inputs, state: MachineState): Properties {
  const address = uplinkAddress(guest, state);
  return { running: state.running, powerOn: state.bootTime ?? "off", ...(address === undefined ? {} : { address }) };
}

/** The IPv4 address of the card, link-local ones (RFC 3927) left aside: those mean that DHCP gave none. */
function uplinkAddress({ addressOf }: Inputs, { nics }: MachineState): string | undefined {
  return nics
    .filter(({ mac }) => mac === addressOf)
    .flatMap(({ addresses }) => addresses)
    .find((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address) && !address.startsWith("169.254."));
}

/** What the guest has not told in time, and what that means. */
function silence(guest: Inputs, state: MachineState, named: boolean): string {
  return (
    `${guest.place} has not said within ${guest.addressTimeout} s that it is ready. ${reason(guest, state, named)} Its ` +
    "console: in the vSphere Client, select the machine and choose Launch Web Console. What a template needs: " +
    "docs/vsphere.md."
  );
}

function reason({ hostName, addressOf }: Inputs, state: MachineState, named: boolean): string {
  if (!state.running) return "It is powered off: something or somebody stopped it.";
  if (!state.toolsRunning) {
    return "VMware Tools do not run in it: it has not booted, or the template lacks open-vm-tools.";
  }
  if (!named) {
    return (
      `Its host name is ${state.hostName ?? "not told"}, and not ${hostName ?? ""}: cloud-init has done nothing with ` +
      "what it was given. The template has no cloud-init, has run it already (cloud-init clean), or its " +
      "datasource_list lacks VMware."
    );
  }
  const seen = state.nics.map(({ mac, addresses }) => `${mac} has ${addresses.join(", ") || "none"}`).join("; ");
  return (
    `Its uplink card ${addressOf ?? ""} has no IPv4 address (${seen || "no card is told"}). Does the network ` +
    "platform.uplinkNetwork have DHCP? If not, write platform.gatewayAddress."
  );
}
