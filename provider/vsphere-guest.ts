/**
 * `lab:index:VsphereGuest`: a look into vCenter at a machine that the vSphere plugin made. The plugin sees that a
 * machine is off and leaves it so; here a refresh sees it and the next `up` powers it on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { VcenterError } from "../vcenter/errors";
import { type MachineState, type VcenterSession, withVcenter } from "../vcenter/session";
import { checkWith } from "../plugin/check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "../plugin/handler";

const inputsSchema = z.object({
  vcenter: z.object({
    server: z.string().min(1),
    user: z.string(),
    password: z.string(),
    allowUnverifiedSsl: z.boolean(),
  }),
  moid: z.string().min(1),
  place: z.string(),
  hostName: z.string().nullish(),
  addressOf: z.string().nullish(),
  addressTimeout: z.int().min(1),
});
type Inputs = z.infer<typeof inputsSchema>;

/** Milliseconds between two looks. */
const pollInterval = 2000;

const names = ["vcenter", "moid", "place", "hostName", "addressOf", "addressTimeout"] as const;

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
    let state: MachineState | undefined;
    try {
      state = await withVcenter(guest.vcenter, context.signal, (session) => session.machine(guest.moid));
    } catch (error) {
      if (!(error instanceof VcenterError)) throw error;
      // A refresh knows only the login that was recorded, and a changed password must not lock the lab for good.
      context.warn(`${guest.place} could not be looked at with the login of the last update: ${error.message}`);
      return old.properties;
    }
    if (state === undefined) return undefined;
    return { ...old.properties, ...outputsOf(guest, state) };
  },

  update: (_old, inputs, context) => bringUp(inputs, context),
  delete: () => Promise.resolve(),
};

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

function isSet(value: string | null | undefined): value is string {
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
