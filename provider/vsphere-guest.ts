/**
 * `lab:index:VsphereGuest`: a look into vCenter at a machine that the vSphere plugin made. The plugin sees that a
 * machine is off and leaves it so; here a refresh sees it and the next `up` powers it on.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type MachineState, type VcenterSession, withVcenter } from "../vcenter/session";
import { checkWith } from "./check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "./handler";

const inputsSchema = z.object({
  vcenter: z.object({
    server: z.string().min(1),
    user: z.string(),
    password: z.string(),
    allowUnverifiedSsl: z.boolean(),
  }),
  moid: z.string().min(1),
  place: z.string(),
  addressOf: z.string().nullish(),
  addressTimeout: z.int().min(1),
});
type Inputs = z.infer<typeof inputsSchema>;

/** Milliseconds between two looks. */
const pollInterval = 2000;

const names = ["vcenter", "moid", "place", "addressOf", "addressTimeout"] as const;

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
    const state = await withVcenter(guest.vcenter, context.signal, (session) => session.machine(guest.moid));
    if (state === undefined) return undefined;
    const address = uplinkAddress(guest, state) ?? old.properties.address;
    return { ...old.properties, ...outputsOf(state), ...(address === undefined ? {} : { address }) };
  },

  update: (_old, inputs, context) => bringUp(inputs, context),
  delete: () => Promise.resolve(),
};

/** Powers the machine on if it is off, and waits until its guest has told the address that is wanted. */
async function bringUp(inputs: Properties, context: OperationContext): Promise<Properties> {
  const guest = inputsSchema.parse(inputs);
  return withVcenter(guest.vcenter, context.signal, async (session) => {
    if (!(await look(session, guest)).running) {
      context.progress("powering on");
      await session.powerOn(guest.moid);
    }
    if (guest.addressOf === undefined || guest.addressOf === null) {
      return { ...inputs, ...outputsOf(await look(session, guest)) };
    }
    context.progress("waiting for the guest to report its address");
    const { state, address } = await waitForAddress(session, guest, context.signal);
    return { ...inputs, ...outputsOf(state), address };
  });
}

async function waitForAddress(
  session: VcenterSession,
  guest: Inputs,
  signal: AbortSignal,
): Promise<{ state: MachineState; address: string }> {
  const deadline = Date.now() + guest.addressTimeout * 1000;
  for (;;) {
    const state = await look(session, guest);
    const address = uplinkAddress(guest, state);
    if (address !== undefined) return { state, address };
    if (Date.now() > deadline) throw new Error(noAddress(guest, state));
    await sleep(pollInterval, undefined, { signal });
  }
}

async function look(session: VcenterSession, { moid, place }: Inputs): Promise<MachineState> {
  const state = await session.machine(moid);
  if (state === undefined) throw new Error(`${place} is no longer in vCenter. Run up again: it makes it anew.`);
  return state;
}

function outputsOf({ running, bootTime }: MachineState): Properties {
  return { running, powerOn: bootTime ?? "off" };
}

/** The IPv4 address of the card, link-local ones (RFC 3927) left aside: those mean that DHCP gave none. */
function uplinkAddress({ addressOf }: Inputs, { nics }: MachineState): string | undefined {
  return nics
    .filter(({ mac }) => mac === addressOf)
    .flatMap(({ addresses }) => addresses)
    .find((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address) && !address.startsWith("169.254."));
}

function noAddress(
  { place, addressOf, addressTimeout }: Inputs,
  { running, toolsRunning, nics }: MachineState,
): string {
  const card = String(addressOf);
  const seen = nics.map(({ mac, addresses }) => `${mac} has ${addresses.join(", ") || "none"}`).join("; ");
  const why = !running
    ? "It is powered off: something or somebody stopped it."
    : !toolsRunning
      ? "VMware Tools do not run in it: it has not booted, or the template lacks open-vm-tools."
      : `VMware Tools run in it, but its uplink card ${card} has no IPv4 address (${seen === "" ? "no card is told" : seen}). ` +
        "Does the network platform.uplinkNetwork have DHCP? If not, write platform.gatewayAddress. If the guest's host " +
        "name is still the template's, cloud-init did nothing: the template has none, has run it already (cloud-init " +
        "clean), or its datasource_list lacks VMware.";
  return (
    `${place} has told no IPv4 address of its uplink within ${addressTimeout} s. ${why} Its console: in the vSphere ` +
    "Client, select the machine and choose Launch Web Console. What a template needs: docs/vsphere.md."
  );
}
