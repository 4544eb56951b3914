/**
 * Has both machines of a default lab come up side by side again and again, with router advertisements and no other
 * service, from their image or from their template, and counts the kernels that crashed.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { clientDocuments } from "../../cloud-init/client";
import type { CloudInitDocuments, MachineIdentity } from "../../cloud-init/documents";
import { gatewayDocuments } from "../../cloud-init/gateway";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import { diskImagePlan } from "../../plan/qemu";
import type { ClientPlan, GatewayPlan } from "../../plan/model";
import type { OperationContext, Properties } from "../../plugin/handler";
import { imageHandler } from "../../provider/image";
import { lanSegmentHandler } from "../../provider/lan-segment";
import { segmentSchema } from "../../provider/qemu/description";
import { consoleProblem } from "../../provider/qemu/console";
import type { NicArgs } from "../../provider/resources";
import { machineInputsSchema } from "../../provider/machine-inputs";
import { bootFromImage, fromTemplate } from "../../provider/machine-start";
import { machinePaths } from "../../provider/qemu/paths";
import { removeMachine, withMachine } from "../../provider/qemu/power";
import { virtualMachineHandler } from "../../provider/virtual-machine";
import { gatewaySoftware } from "../../services";
import { radvd } from "../../services/radvd";
import { connect, generateKeyPair } from "../../ssh";
import { rootCommand } from "../../ssh/shell";
import { hostOf } from "../../verify/access";
import { messageOf, progress, progressDone, say, UserError } from "../../host/messages";
import { stackFolder } from "../../host/paths";
import { median, show } from "./statistics";

/** Seconds after which a machine that does not answer counts as lost. */
const bootLimit = 300;

const gatewaySchema = z.object({ sshPort: z.number() });

/** How machines come up: `boot` from the image, `restore` from the template, which a first round makes. */
export type Beginning = "boot" | "restore";

/** What every round has in common. */
type Bench = Awaited<ReturnType<typeof prepare>>;

/**
 * @param count how often both machines come up.
 * @param signal ends the round that is under way, and leaves no machine behind.
 * @returns how many rounds had a crashed kernel, or a machine that did not come up or not in that way.
 */
export async function benchBoots(count: number, beginning: Beginning, signal: AbortSignal): Promise<number> {
  if (!Number.isInteger(count) || count < 1)
    throw new UserError(`How many ${beginning}s? A whole number of at least 1.`);
  const bench = await prepare(signal);
  /** Seconds from power-on to an answering sshd. */
  const seconds: Record<"gateway" | "client", number[]> = { gateway: [], client: [] };
  for (let number = 1; number <= count; number += 1) {
    try {
      const round = await oneRound(bench, beginning);
      seconds.gateway.push(round.gateway);
      seconds.client.push(round.client);
      say(`${beginning} ${number} of ${count}: gateway ${show(round.gateway)}, client ${show(round.client)}, no oops`);
    } catch (error) {
      signal.throwIfAborted();
      say(`${beginning} ${number} of ${count}: ${messageOf(error)}`);
    }
  }
  const lost = count - seconds.client.length;
  console.log(`${count} ${beginning}s of both machines side by side, ${lost} lost.`);
  if (lost < count) {
    const [gateway, client] = [show(median(seconds.gateway)), show(median(seconds.client))];
    console.log(`Median from power-on to an answering sshd: gateway ${gateway}, client ${client}.`);
  }
  return lost;
}

async function prepare(signal: AbortSignal) {
  const context = { signal, progress, info: say, warn: say };
  const config = parseConfig({});
  const plan = planLab(config, { project: "ipv6-only-lab", stack: "bench-boots" });
  const [[client], [network]] = [plan.clients, plan.networks];
  if (client === undefined || network === undefined) throw new Error("The default lab has a client on a network.");
  const login = generateKeyPair("bench");
  const image = (await imageHandler.create({ source: diskImagePlan(config.image) }, context)).outputs;
  const segment = segmentSchema.parse((await lanSegmentHandler.create({}, context)).outputs);
  progressDone();
  const hostKey = generateKeyPair("bench");
  const identity: MachineIdentity = { hostKey, authorizedKeys: [login.publicKey] };
  const lan = (mac: string): NicArgs => ({ kind: "segment", mac, segment });
  const uplink: NicArgs = { kind: "user", mac: plan.gateway.uplinkMac, sshForward: true, restricted: false };
  const machine = (size: GatewayPlan | ClientPlan, documents: CloudInitDocuments, nics: NicArgs[]): Properties => ({
    stateFolder: stackFolder(plan.stack),
    machineName: size.name,
    image,
    memoryMiB: size.memoryMiB,
    cpus: size.cpus,
    accelerator: "auto",
    nics,
    disposable: false,
    documents,
  });
  return {
    plan,
    client,
    network,
    login,
    hostKey,
    context,
    gateway: machine(plan.gateway, gatewayDocuments(plan, identity, gatewaySoftware), [
      uplink,
      ...plan.networks.map(({ gatewayMac }) => lan(gatewayMac)),
    ]),
    clientMachine: machine(client, clientDocuments(plan, client, identity), [lan(client.lanMac)]),
  };
}

async function oneRound(bench: Bench, beginning: Beginning) {
  const { gateway, clientMachine, context } = bench;
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const coming = [gateway, clientMachine].map((inputs) => comeUp(inputs, beginning, context));
  try {
    const [made] = await Promise.all(coming);
    progressDone();
    const gatewaySeconds = elapsed();
    const { sshPort } = gatewaySchema.parse(made);
    await announce(bench, sshPort);
    await reachClient(bench, sshPort);
    const clientSeconds = elapsed();
    requireSoundKernels(bench);
    return { gateway: gatewaySeconds, client: clientSeconds };
  } catch (error) {
    requireSoundKernels(bench);
    throw error;
  } finally {
    await Promise.allSettled(coming);
    // Whatever ended the round.
    const tidying = { ...context, signal: new AbortController().signal };
    for (const inputs of [gateway, clientMachine]) {
      await virtualMachineHandler.delete({ id: "", properties: inputs }, tidying);
    }
  }
}

async function comeUp(inputs: Properties, beginning: Beginning, context: OperationContext): Promise<Properties> {
  const machine = machineInputsSchema.parse(inputs);
  const paths = machinePaths(machine.stateFolder, machine.machineName);
  return withMachine(paths, context, async () => {
    await removeMachine(paths);
    if (beginning === "boot") return bootFromImage(machine, paths, context);
    const restored = await fromTemplate(machine, paths, undefined, context);
    if (restored === undefined) throw new Error(`${machine.machineName} could not be restored from a template`);
    return restored;
  });
}

/** Router advertisements: a client that boots waits for a network, for two minutes where there is none. */
async function announce(bench: Bench, sshPort: number): Promise<void> {
  const { plan, context } = bench;
  const { signal } = context;
  const connection = await connect(gatewayTarget(bench, sshPort), { signal });
  try {
    const script = "cat >/run/radvd.conf\nradvd --config /run/radvd.conf\n";
    const [configuration] = radvd.files(plan);
    const stdin = `${script}${configuration?.content ?? ""}`;
    const { code, stderr } = await connection.exec(rootCommand(script), { stdin, signal });
    if (code !== 0) throw new Error(`radvd did not start: ${stderr.trim()}`);
  } finally {
    connection.close();
  }
}

/** Without the other services: the client is reached by its link-local address (RFC 4862). */
async function reachClient(bench: Bench, sshPort: number): Promise<void> {
  const { client, network, context } = bench;
  const proxy = gatewayTarget(bench, sshPort);
  const connection = await connect(
    { ...proxy, host: hostOf(client, network), port: 22, proxy },
    { signal: AbortSignal.any([context.signal, AbortSignal.timeout(bootLimit * 1000)]) },
  );
  connection.close();
}

function gatewayTarget({ plan, login, hostKey }: Bench, port: number) {
  return {
    user: plan.ssh.user,
    privateKey: login.privateKey,
    hostKey: hostKey.publicKey,
    dialTimeout: 20,
    retry: { limit: Infinity, delay: 250, maximumDelay: 500 },
    host: "127.0.0.1",
    port,
  };
}

function requireSoundKernels({ plan, gateway, clientMachine }: Bench): void {
  for (const { machineName } of [gateway, clientMachine]) {
    const log = join(stackFolder(plan.stack), String(machineName), "console.log");
    // There is none of a machine that was not even started.
    const problem = existsSync(log) ? consoleProblem(readFileSync(log, "utf8")) : undefined;
    if (problem !== undefined) throw new Error(`the kernel of ${String(machineName)} crashed: ${problem}`);
  }
}
