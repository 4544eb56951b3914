import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Properties } from "../../plugin/handler";
import { chooseAccelerator, emulatorVersion } from "../../provider/qemu/accelerator";
import { machineType } from "../../provider/qemu/machine-types";
import { templateKey, templatesFolder } from "../../provider/qemu/template";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { recordedContext } from "../provider/context";
import { missingProgram, outputsSchema, tinyMachines } from "./tiny-machine";

const type = machineType();
const skipped = missingProgram ?? (type.templates.includes("tcg") ? undefined : "a template for this processor");
const withTemplates = skipped === undefined ? describe : describe.skip;
if (skipped !== undefined) console.warn(`Skipped, there is no ${skipped}: templates that are of no use`);

/** As much of a kernel as QEMU looks at (Documentation/arch/x86/boot.rst: the header of protocol 2.00). */
function emptyKernel(): Buffer {
  const kernel = Buffer.alloc(4096);
  kernel.writeUInt8(1, 0x1f1);
  kernel.writeUInt16LE(0xaa55, 0x1fe);
  kernel.write("HdrS", 0x202);
  kernel.writeUInt16LE(0x0200, 0x206);
  return kernel;
}

withTemplates("a machine whose template is damaged", () => {
  let lab: ReturnType<typeof tinyMachines>;
  const context = recordedContext();
  let inputs: Properties;
  let template: string;

  beforeAll(async () => {
    lab = tinyMachines();
    const kernel = join(lab.path, "kernel");
    writeFileSync(kernel, emptyKernel());
    const image = { digest: "with-kernel", disk: join(lab.path, "empty.qcow2"), format: "qcow2", kernel };
    inputs = { ...lab.inputs, image };
    const here = await chooseAccelerator("tcg", type, kernel, context);
    const description = { type, ...here, memoryMiB: 128, cpus: 1, kernelArguments: undefined };
    template = join(templatesFolder(), templateKey(description, image.digest, await emulatorVersion(type)));
    mkdirSync(template, { recursive: true });
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", join(template, "disk.qcow2"), "1M"]);
    writeFileSync(join(template, "memory"), "");
    truncateSync(join(template, "memory"), 128 * 1024 * 1024);
    writeFileSync(join(template, "state"), "no state of QEMU's");
    // Where there is a /dev/kvm, what is no kernel is tried under it until the probe's limit.
  }, 60_000);

  afterAll(() => {
    lab.remove();
  });

  it("boots instead, says so in one line, and the template is gone", async () => {
    const { id, outputs } = await handler.create(inputs, context);
    const machine = outputsSchema.parse(outputs);
    expect(machine.running).toBe(true);
    expect(context.lines.filter((line) => line.includes("boots, because its template is of no use"))).toHaveLength(1);
    expect(existsSync(template)).toBe(false);
    expect(existsSync(join(machine.folder, "template.qcow2"))).toBe(false);
    await handler.delete({ id, properties: outputs }, context);
  }, 60_000);
});
