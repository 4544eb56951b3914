/**
 * The hook of the simulated vCenter (hook.go): runs the real machine behind one that was powered on, tells its name and
 * addresses, does with its cards what is done with the virtual ones, and ends it when the power goes off. Its disk stays in
 * $VCENTER_MACHINES until the test removes it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationContext } from "../../../plugin/handler";
import { chooseAccelerator } from "../../../provider/qemu/accelerator";
import { qemuArguments } from "../../../provider/qemu/command-line";
import { machineType } from "../../../provider/qemu/machine-types";
import { machinePaths, type MachinePaths } from "../../../provider/qemu/paths";
import { freeTcpPort } from "../../../provider/qemu/ports";
import { isIntact, layOut } from "../../../provider/qemu/power";
import { endMachine, startMachine } from "../../../provider/qemu/process";
import { ask } from "../../../provider/qemu/qmp";
import {
  type Description,
  descriptionSchema,
  loopbackAddress,
  qemuNics,
  replugged,
  toldName,
  vmwareArguments,
} from "./guest";
import { obtainTemplate } from "./template";

const off = new AbortController();
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const context: OperationContext = { signal: off.signal, progress: say, info: say, warn: say };

async function main(): Promise<void> {
  const lines = createInterface(process.stdin);
  const powerOff = new Promise<void>((resolve) => lines.once("close", resolve));
  const descriptions = describedIn(lines);
  const { value: machine } = await descriptions.next();
  if (machine === undefined) return;
  const paths = machinePaths(process.env.VCENTER_MACHINES ?? ".lab/vcenter", machine.moid);
  try {
    await Promise.race([live(machine, descriptions, paths), powerOff]);
    await powerOff;
  } finally {
    off.abort();
    await endMachine(paths);
  }
}

/** The first one is the machine that was powered on, each later one that whose devices have changed. */
async function* describedIn(lines: AsyncIterable<string>): AsyncGenerator<Description, undefined> {
  for await (const line of lines) yield descriptionSchema.parse(JSON.parse(line));
  return undefined;
}

async function live(machine: Description, changes: AsyncIterable<Description>, paths: MachinePaths): Promise<void> {
  await run(machine, paths);
  let before = machine;
  for await (const after of changes) {
    const commands = replugged(before, after);
    if (commands.length > 0) await ask(paths.qmp, commands);
    before = after;
  }
}

async function run(machine: Description, paths: MachinePaths): Promise<void> {
  const image = await obtainTemplate(context);
  // The seed that every QEMU machine of the lab has; this one's cloud-init does not look at it.
  const nothing = { metaData: "", userData: "", networkConfig: "" };
  if (!isIntact(paths)) await layOut(paths, image, nothing, context);
  const sshPort = await freeTcpPort();
  await start(machine, paths, image.kernelArguments, sshPort);
  await relay(loopbackAddress(machine), sshPort);
  const hostName = await bootedName(paths);
  const nics = qemuNics(machine).map((nic) => ({
    mac: nic.mac,
    addresses: nic.kind === "user" ? [`${loopbackAddress(machine)}/8`] : [],
  }));
  process.stdout.write(`${JSON.stringify({ hostName, nics })}\n`);
}

async function start(
  machine: Description,
  paths: MachinePaths,
  kernelArguments: string | undefined,
  sshPort: number,
): Promise<void> {
  const type = machineType();
  const { accelerator, sandbox } = await chooseAccelerator("auto", type, paths.kernel, context);
  const values = join(paths.folder, "guestinfo");
  mkdirSync(values, { recursive: true, mode: 0o700 });
  for (const [key, value] of Object.entries(machine.guestinfo))
    writeFileSync(join(values, key), value, { mode: 0o600 });
  const args = qemuArguments({
    name: machine.name,
    type,
    accelerator,
    sandbox,
    memoryMiB: machine.memoryMiB,
    cpus: machine.cpus,
    nics: qemuNics(machine),
    kernel: paths.kernel,
    initrd: paths.initrd,
    kernelArguments,
    start: { kind: "boot" },
    sshPort,
    paths,
  });
  await startMachine(type.emulator, [...args, ...vmwareArguments(machine, values)], paths, off.signal);
}

/** Port 22 of an address of the machine's own, as it has one in a vCenter, instead of a port that QEMU forwards. */
function relay(host: string, port: number): Promise<void> {
  const server = createServer((incoming) => {
    const outgoing = connect(port, "127.0.0.1");
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on("error", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy());
  });
  off.signal.addEventListener("abort", () => server.close());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(22, host, resolve);
  });
}

/** Waits until the guest tells its name on the console. */
async function bootedName(paths: MachinePaths): Promise<string> {
  for (;;) {
    const name = existsSync(paths.console) ? toldName(readFileSync(paths.console, "utf8")) : undefined;
    if (name !== undefined) return name;
    await sleep(1000, undefined, { signal: off.signal });
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  },
);
