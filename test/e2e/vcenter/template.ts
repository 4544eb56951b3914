/** What is behind the template in the simulated vCenter: the lab's own built image, with the VMware datasource in it. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { OperationContext } from "../../../plugin/handler";
import { buildImage, builtFiles } from "../../../provider/image/build";
import { recipeDigest, recipeOf } from "../../../provider/image/recipe";
import { obtainImage, type StoredImage } from "../../../provider/image/store";
import { runLong } from "../../../host/long-process";
import { findOnPath } from "../../../host/processes";

/** Place in the guest and octal mode, by name in the folder `template`. */
const additions = {
  "vmware-rpctool": { path: "/usr/bin/vmware-rpctool", mode: "0100755" },
  "99-vmware.cfg": { path: "/etc/cloud/cloud.cfg.d/99-vmware.cfg", mode: "0100644" },
  "guest-tools.conf": {
    path: "/etc/systemd/system/cloud-init-network.service.d/guest-tools.conf",
    mode: "0100644",
  },
};

/** Made once for each state of the image's recipe and of what is added. */
export async function obtainTemplate(context: OperationContext): Promise<StoredImage> {
  const recipe = recipeOf({
    kind: "build",
    release: "trixie",
    mirror: undefined,
    jool: "prebuilt",
    extraPackages: [],
  });
  const base = await obtainImage(recipeDigest(recipe), context, async (folder) => {
    await buildImage(recipe, folder, context);
    return { ...builtFiles, kernelArguments: recipe.kernelArguments };
  });
  const digest = createHash("sha256").update(base.digest);
  for (const name of Object.keys(additions)) digest.update(name).update(readFileSync(addition(name)));
  return obtainImage(digest.digest("hex"), context, async (folder) => {
    const manifest = { ...builtFiles, kernelArguments: recipe.kernelArguments };
    for (const name of [manifest.disk, manifest.kernel, manifest.initrd]) {
      copyFileSync(join(base.disk, "..", name), join(folder, name));
    }
    await addFiles(join(folder, manifest.disk), context);
    return manifest;
  });
}

/** Writes into the file system of an image without mounting it, which needs no root. */
export async function addFiles(disk: string, { signal }: Pick<OperationContext, "signal">): Promise<void> {
  const debugfs = findOnPath("debugfs") ?? "/usr/sbin/debugfs";
  const work = mkdtempSync(join(tmpdir(), "ipv6lab-template-"));
  try {
    for (const [name, { path, mode }] of Object.entries(additions)) {
      const requests = join(work, "requests");
      const file = basename(path);
      writeFileSync(requests, `cd ${dirname(path)}\nwrite ${addition(name)} ${file}\nsif ${file} mode ${mode}\n`);
      await runLong(debugfs, ["-w", "-f", requests, disk], { signal });
      // It ends with 0 whatever happened.
      const written = await runLong(debugfs, ["-R", `cat ${path}`, disk], { signal });
      if (!written.includes(readFileSync(addition(name), "utf8").trim())) {
        throw new Error(`debugfs has not written ${path} into ${disk}: ${written}`);
      }
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

function addition(name: string): string {
  return join(__dirname, "template", name);
}
