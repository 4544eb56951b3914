/** The simulated vCenter as a process of the test's own. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cacheFolder } from "../../../tools/paths";
import { findOnPath, run } from "../../../tools/processes";
import type { VcenterLogin } from "../../../vcenter/session";

export interface Vcenter {
  readonly login: VcenterLogin;
  /** Returns when it and every machine behind it has ended. */
  stop(): Promise<void>;
}

/** @param hook program that plays the machines, see hook.go. */
export async function startVcenter(hook?: string): Promise<Vcenter> {
  const program = await buildVcenter();
  const user = "administrator@vsphere.local";
  const password = "not a secret";
  const args = ["-listen", "127.0.0.1:0", ...(hook === undefined ? [] : ["-hook", hook])];
  const server = spawn(program, args, {
    env: { ...process.env, VCENTER_USER: user, VCENTER_PASSWORD: password },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => {
    server.once("exit", () => {
      resolve();
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface(server.stdout).once("line", resolve);
    server.once("exit", (code) => {
      reject(new Error(`The simulated vCenter ended with ${code ?? "a signal"}.`));
    });
  });
  return {
    login: { server: new URL(url).host, user, password, allowUnverifiedSsl: true },
    stop: async () => {
      server.stdin.end();
      await ended;
    },
  };
}

/** Built once for each state of its sources; a minute and a half the first time, from published Go modules. */
async function buildVcenter(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of readdirSync(__dirname)
    .filter((each) => /\.(go|mod|sum)$/.test(each))
    .sort()) {
    hash.update(name).update(readFileSync(join(__dirname, name)));
  }
  const program = join(cacheFolder(), "vcenter", hash.digest("hex").slice(0, 16));
  if (existsSync(program)) return program;
  const go = findOnPath("go") ?? "/usr/local/go/bin/go";
  const built = await run(go, ["build", "-trimpath", "-buildvcs=false", "-o", program, "."], {
    cwd: __dirname,
    env: { ...process.env, GOFLAGS: "-mod=readonly", GOWORK: "off", CGO_ENABLED: "0" },
  });
  if (built.code !== 0) throw new Error(`The simulated vCenter could not be built:\n${built.stderr}`);
  return program;
}
