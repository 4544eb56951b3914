/** `pulumi install`: the program's dependencies by npm. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs `npm ci` when there is a lock file, else `npm install`.
 * @throws Error when npm fails.
 */
export function installDependencies(folder: string, onOutput: (chunk: Buffer) => void): Promise<void> {
  const command = existsSync(join(folder, "package-lock.json")) ? "ci" : "install";
  return new Promise((resolve, reject) => {
    const child = spawn("npm", [command, "--loglevel=error"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", onOutput);
    child.stderr.on("data", onOutput);
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${command} failed in ${folder}`));
    });
  });
}
