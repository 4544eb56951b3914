/** The simulated vCenter as a process of the test's own. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { VcenterLogin } from "../../../vcenter/session";
import { goProgram } from "./go";

export interface Vcenter {
  readonly login: VcenterLogin;
  /** Returns when it and every machine behind it has ended. */
  stop(): Promise<void>;
}

/**
 * @param hook program that plays the machines, see hook.go.
 * @param environment of the hook, beside this process's own.
 */
export async function startVcenter(hook?: string, environment: NodeJS.ProcessEnv = {}): Promise<Vcenter> {
  const program = await goProgram({ folder: __dirname, name: "vcenter" });
  const user = "administrator@vsphere.local";
  const password = "not a secret";
  const args = ["-listen", "127.0.0.1:0", ...(hook === undefined ? [] : ["-hook", hook])];
  const server = spawn(program, args, {
    env: { ...process.env, ...environment, VCENTER_USER: user, VCENTER_PASSWORD: password },
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
