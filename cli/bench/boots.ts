/** Boots both machines of a default lab again and again, without services, and counts the boots that a kernel lost. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { clientDocuments } from "../../cloud-init/client";
import type { CloudInitDocuments, MachineIdentity } from "../../cloud-init/documents";
import { gatewayDocuments } from "../../cloud-init/gateway";
import { parseConfig } from "../../plan/config";
import { addressInPrefix, eui64InterfaceId } from "../../plan/interface-id";
import { planLab } from "../../plan/lab";
import { parseIpv6Prefix } from "../../plan/prefix";
import { diskImagePlan } from "../../plan/qemu";
import type { ClientPlan, GatewayPlan, LabPlan } from "../../plan/model";
import type { OperationContext, Properties } from "../../plugin/handler";
import { imageHandler } from "../../provider/image";
import { lanSegmentHandler } from "../../provider/lan-segment";
import { consoleProblem } from "../../provider/qemu/console";
import type { NicArgs } from "../../provider/resources";
import { virtualMachineHandler } from "../../provider/virtual-machine";
import { gatewaySoftware } from "../../services";
import { connect, generateKeyPair, type GeneratedKeyPair, type SshEndpoint } from "../../ssh";
import { messageOf, progress, progressDone, say, UserError } from "../../host/messages";
import { stackFolder } from "../../host/paths";
import { median } from "./statistics";

/** Seconds after which a machine that does not answer counts as lost. */
const bootLimit = 300;

const segmentSchema = z.object({ group: z.string(), port: z.number() });
const gatewaySchema = z.object({ sshPort: z.number() });

/** What every round has in common. */
interface Bench {
  readonly plan: LabPlan;
  readonly client: ClientPlan;
  readonly login: GeneratedKeyPair;
  /** Of both machines. */
  readonly hostKey: GeneratedKeyPair;
  readonly gateway: Properties;
  readonly clientMachine: Properties;
  readonly context: OperationContext;
}

interface Round {
  /** Seconds from power-on to an answering sshd. */
  readonly gateway: number;
  readonly client: number;
}

/**
 * @param count how often both machines are booted.
 * @returns how many rounds had a crashed kernel or a machine that did not come up.
 */
export async function benchBoots(count: number): Promise<number> {
  if (!Number.isInteger(count) || count < 1) throw new UserError("How many boots? A whole number of at least 1.");
  const bench = await prepare();
  const rounds: Round[] = [];
  let lost = 0;
  for (let number = 1; number <= count; number += 1) {
    try {
      const round = await oneRound(bench);
      rounds.push(round);
      say(`boot ${number} of ${count}: gateway ${show(round.gateway)}, client ${show(round.client)}, no oops`);
    } catch (error) {
      lost += 1;
      say(`boot ${number} of ${count}: ${messageOf(error)}`);
    }
  }
  console.log(`${count} boots of both machines, ${lost} with a crash.`);
  if (rounds.length > 0) {
    const [gateway, client] = [median(rounds.map((round) => round.gateway)), median(rounds.map(({ client: c }) => c))];
    console.log(`Median from power-on to an answering sshd: gateway ${show(gateway)}, client ${show(client)}.`);
  }
  return lost;
}

async function prepare(): Promise<Bench> {
  const context = { signal: new AbortController().signal, progress, info: say, warn: say };
  const config = parseConfig({});
  const plan = planLab(config, { project: "ipv6-only-lab", stack: "bench-boots" });
  const [client] = plan.clients;
  if (client === undefined) throw new Error("The default lab has no client.");
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
    documents,
  });
  return {
    plan,
    client,
    login,
    hostKey,
    context,
    gateway: machine(plan.gateway, gatewayDocuments(plan, identity, gatewaySoftware), [
      uplink,
      lan(plan.gateway.lanMac),
    ]),
    clientMachine: machine(client, clientDocuments(plan, client, identity), [lan(client.lanMac)]),
  };
}

async function oneRound(bench: Bench): Promise<Round> {
  const { gateway, clientMachine, context } = bench;
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  try {
    const [made] = await Promise.all(
      [gateway, clientMachine].map((inputs) => virtualMachineHandler.create(inputs, context)),
    );
    progressDone();
    const gatewaySeconds = elapsed();
    await reachClient(bench, gatewaySchema.parse(made?.outputs).sshPort);
    const clientSeconds = elapsed();
    requireSoundKernels(bench);
    return { gateway: gatewaySeconds, client: clientSeconds };
  } catch (error) {
    requireSoundKernels(bench);
    throw error;
  } finally {
    for (const inputs of [gateway, clientMachine]) {
      await virtualMachineHandler.delete({ id: "", properties: inputs }, context);
    }
  }
}

/** The gateway announces no prefix in this bench: the client is reached by its link-local address (RFC 4862). */
async function reachClient({ plan, client, login, hostKey }: Bench, sshPort: number): Promise<void> {
  const retry = { limit: Infinity, delay: 250, maximumDelay: 500 };
  const own: Pick<SshEndpoint, "user" | "privateKey" | "hostKey" | "dialTimeout" | "retry"> = {
    user: plan.ssh.user,
    privateKey: login.privateKey,
    hostKey: hostKey.publicKey,
    dialTimeout: 20,
    retry,
  };
  const address = `${addressInPrefix(parseIpv6Prefix("fe80::/64"), eui64InterfaceId(client.lanMac))}%lan`;
  const connection = await connect(
    { ...own, host: address, port: 22, proxy: { ...own, host: "127.0.0.1", port: sshPort } },
    { signal: AbortSignal.timeout(bootLimit * 1000) },
  );
  connection.close();
}

function requireSoundKernels({ plan, gateway, clientMachine }: Bench): void {
  for (const { machineName } of [gateway, clientMachine]) {
    const log = consoleOf(join(stackFolder(plan.stack), String(machineName)));
    const problem = consoleProblem(log);
    if (problem !== undefined) throw new Error(`the kernel of ${String(machineName)} crashed: ${problem}`);
  }
}

function consoleOf(folder: string): string {
  try {
    return readFileSync(join(folder, "console.log"), "utf8");
  } catch {
    return ""; // The machine was not even started.
  }
}

function show(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}
