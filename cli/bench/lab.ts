/** The life of a lab, timed from outside: the commands of the README on a stack of their own. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { z } from "zod";
import { say } from "../../host/messages";
import { projectRoot, stackFolder } from "../../host/paths";
import { sendSignal } from "../../host/processes";
import { processesOf } from "../../provider/qemu/process";
import { exportedResources } from "../recorded-access";
import { run, succeed } from "./command";
import { type Figure, show } from "./statistics";

const stack = "bench";
const stackFile = path.join(projectRoot, `Pulumi.${stack}.yaml`);

/**
 * Runs the whole life `runs` times.
 * @param cold each run starts from an empty cache: tool chain and image are made anew.
 */
export function benchLab(runs: number, cold: boolean): Figure[] {
  const seconds = new Map<string, number[]>();
  const record = (what: string, value: number): void => {
    seconds.set(what, [...(seconds.get(what) ?? []), value]);
    say(`  ${what}: ${show(value)}`);
  };
  for (let count = 1; count <= runs; count += 1) {
    say(`run ${count} of ${runs}`);
    oneLife(record, cold);
  }
  return [...seconds].map(([what, values]) => ({ what, seconds: values }));
}

function oneLife(record: (what: string, seconds: number) => void, cold: boolean): void {
  const cache = cold ? fs.mkdtempSync(path.join(os.tmpdir(), "ipv6lab-bench-")) : undefined;
  if (cache !== undefined) process.env.IPV6LAB_CACHE = cache;
  const timed = (what: string, ...args: string[]): void => {
    record(what, succeed(args).seconds);
  };
  try {
    configure([]);
    if (cold) timed("tool chain and image", "setup", "--stack", stack);
    timed("first up", "up", "--stack", stack);
    record("power-on of the first machine to the client's first byte through NAT64", powerOnToFirstByte());
    timed("up without a change", "up", "--stack", stack);
    configure(["  ipv6-only-lab:dns:", "    searchDomains: [bench.example]"]);
    timed("up with a change in place", "up", "--stack", stack);
    configure(["  ipv6-only-lab:dns:", "    searchDomains: [bench.example]", "  ipv6-only-lab:clients: 2"]);
    timed("up with one more client", "up", "--stack", stack);
    timed("suspend", "suspend", "--stack", stack);
    timed("resume", "resume", "--stack", stack);
    killGateway();
    timed("up after the gateway was killed", "up", "--stack", stack);
    timed("destroy", "destroy", "--stack", stack);
  } finally {
    run(["destroy", "--stack", stack]);
    fs.rmSync(stackFile, { force: true });
    if (cache !== undefined) fs.rmSync(cache, { recursive: true });
  }
}

function killGateway(): void {
  const folder = path.join(stackFolder(stack), "gateway");
  for (const { pid } of processesOf({ folder })) sendSignal(pid, "SIGKILL");
}

function configure(lines: readonly string[]): void {
  fs.writeFileSync(stackFile, ["config:", "  ipv6-only-lab:platform: qemu", ...lines, ""].join("\n"));
}

/** Seconds from the first machine's power-on to the last client's first byte through NAT64. */
function powerOnToFirstByte(): number {
  const resources = exportedResources(succeed(["pulumi", "stack", "export", "--stack", stack]).stdout);
  const times = (type: string, output: string): number[] =>
    resources
      .filter((resource) => resource.type === type)
      .map(({ outputs }) => Date.parse(z.string().parse(outputs[output])));
  const poweredOn = Math.min(...times("lab:index:VirtualMachine", "powerOn"));
  const firstByte = Math.max(...times("lab:index:Verification", "firstByteAt"));
  return (firstByte - poweredOn) / 1000;
}
