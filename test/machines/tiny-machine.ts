/** A real QEMU with nothing on its disk: enough for what happens to a process and its files. */
import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { Properties, ResourceState } from "../../plugin/handler";
import { freePort } from "../../provider/lan-segment";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { machineType } from "../../provider/qemu/machine-types";
import { findOnPath, isAlive } from "../../host/processes";
import { recordedContext, temporaryFolder } from "../provider/context";

/** Of the programs that these tests need, one that is not installed. */
export const missingProgram = [machineType().emulator, "qemu-img"].find((name) => findOnPath(name) === undefined);

export const outputsSchema = z.object({
  pid: z.number(),
  powerOn: z.string(),
  running: z.boolean(),
  folder: z.string(),
});

export interface TinyMachine extends z.infer<typeof outputsSchema> {
  readonly state: ResourceState;
}

/** A folder with a cache of its own, in which tiny machines are made. */
export function tinyMachines() {
  const folder = temporaryFolder();
  const cache = process.env.IPV6LAB_CACHE;
  process.env.IPV6LAB_CACHE = join(folder.path, "cache");
  const disk = join(folder.path, "empty.qcow2");
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "1M"]);
  // One of its own: another file's tests, which run at the same time, end all that is on theirs.
  const segment = { group: `239.192.${randomInt(256)}.${randomInt(1, 255)}`, port: freePort(new Set()) };
  const stateFolder = join(folder.path, ".lab", "stacks", "dev");
  const inputs: Properties = {
    stateFolder,
    machineName: "tiny",
    image: { digest: "d1", disk, format: "qcow2" },
    memoryMiB: 128,
    cpus: 1,
    accelerator: "tcg",
    nics: [{ kind: "segment", mac: "52:54:00:00:00:02", segment }],
    disposable: false,
    documents: { metaData: "instance-id: i\n", userData: "#cloud-config\n{}\n", networkConfig: "version: 2\n" },
  };
  return {
    path: folder.path,
    stateFolder,
    segment,
    inputs,
    create: async (own: Properties = inputs): Promise<TinyMachine> => {
      const { id, outputs } = await handler.create(own, recordedContext());
      return { state: { id, properties: outputs }, ...outputsSchema.parse(outputs) };
    },
    refresh: async (state: ResourceState): Promise<ResourceState> => ({
      ...state,
      properties: (await handler.read(state, recordedContext())) ?? {},
    }),
    remove: (): void => {
      if (cache === undefined) delete process.env.IPV6LAB_CACHE;
      else process.env.IPV6LAB_CACHE = cache;
      folder.remove();
    },
  };
}

export async function kill(pid: number): Promise<void> {
  process.kill(pid, "SIGKILL");
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}
