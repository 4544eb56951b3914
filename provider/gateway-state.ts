/**
 * `lab:index:GatewayState`: whether the gateway still is as it was laid down. Nothing is made here; a refresh looks at the
 * gateway, and where it has drifted `mark` changes, which has the services laid down again.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { messageOf } from "../host/messages";
import { checkWith } from "../plugin/check";
import {
  canonical,
  compareInputs,
  type OperationContext,
  type Properties,
  type ResourceHandler,
} from "../plugin/handler";
import { lookScript } from "../services/script";
import { connect } from "../ssh";
import { greets } from "../ssh/greeting";
import { rootCommand, scriptCommand } from "../ssh/shell";
import { runInGuest, StillRunsError } from "./qemu/agent";
import { machinePaths } from "./qemu/paths";
import { isOpenInGuest } from "./qemu/qmp";

const inputsSchema = z.object({ target: z.string(), outline: z.string(), drift: z.array(z.string()) });

const targetSchema = z.object({
  host: z.string(),
  port: z.number(),
  user: z.string(),
  privateKey: z.string(),
  hostKey: z.string(),
  /** The machine whose agent can be asked instead; left out: there is none. */
  agent: z.object({ stateFolder: z.string(), machineName: z.string() }).optional(),
});
type Target = z.infer<typeof targetSchema>;

const outputsSchema = inputsSchema.extend({ mark: z.string() });

const names = ["target", "outline", "drift"] as const;

/** Seconds for a greeting, the connection, and the look itself: an emulated gateway that is busy needs 40. */
const greetingTimeout = 5;
const dialTimeout = 15;
const lookTimeout = 60;

export const gatewayStateHandler: ResourceHandler = {
  check: checkWith(inputsSchema),

  // The program always wants no drift, so what a refresh found shows as a change.
  diff: (old, inputs) => compareInputs(old.properties, inputs, names, names),

  preview: (_inputs, old) => ({ mark: nextMark(old) }),

  create: (inputs) => Promise.resolve({ id: "gateway", outputs: { ...inputs, mark: nextMark(undefined) } }),

  async read(old, context) {
    const { drift, isSeen } = await look(old.properties, context);
    if (drift.length > 0) {
      const found = `:\n  ${drift.join("\n  ")}`;
      context.warn(
        isSeen
          ? `The gateway is not as it was laid down${found}\nThe next \`up\` puts it right.`
          : `Whether the gateway is as it was laid down is not known${found}`,
      );
    }
    return { ...old.properties, drift };
  },

  update: (old, inputs) => Promise.resolve({ ...inputs, mark: nextMark(old.properties) }),
  delete: () => Promise.resolve(),
};

/** Another mark for each drift; the same as long as there is none. Known before an update, so that a preview is whole. */
function nextMark(old: Properties | undefined): string {
  const { success, data } = outputsSchema.safeParse(old);
  if (!success) return "0";
  if (data.drift.length === 0) return data.mark;
  return createHash("sha256")
    .update(canonical([data.mark, data.drift]))
    .digest("hex")
    .slice(0, 12);
}

/** In what the gateway differs. One that cannot be asked, and so is not seen, may differ in everything. */
async function look(
  properties: Properties,
  { signal }: OperationContext,
): Promise<{ readonly drift: readonly string[]; readonly isSeen: boolean }> {
  const { target: text, outline } = inputsSchema.parse(properties);
  const target = targetSchema.parse(JSON.parse(text));
  const script = lookScript();
  const stdin = `${script}${outline}`;
  try {
    const drift = (await byAgent(target, script, stdin, signal)) ?? (await bySsh(target, script, stdin, signal));
    return { drift, isSeen: true };
  } catch (error) {
    signal.throwIfAborted();
    return { drift: [`it cannot be asked: ${messageOf(error)}`], isSeen: false };
  }
}

function linesOf(said: string): readonly string[] {
  return said.split("\n").filter((line) => line !== "");
}

/**
 * Without a login, which takes an emulated gateway longer than the look. sshd has to greet all the same: who wants to mend
 * something has to get in.
 * @returns undefined where it takes a login to tell what there is, or what is wrong.
 * @throws StillRunsError
 */
async function byAgent(
  { host, port, agent }: Target,
  script: string,
  stdin: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  if (agent === undefined) return undefined;
  const paths = machinePaths(agent.stateFolder, agent.machineName);
  const program = { path: "/bin/sh", args: ["-c", scriptCommand(script)], stdin: Buffer.from(stdin) };
  try {
    if (!(await isOpenInGuest(paths.qmp, "agent")) || !(await greets(host, port, greetingTimeout))) return undefined;
    return linesOf(await runInGuest(paths.agent, program, lookTimeout, signal));
  } catch (error) {
    signal.throwIfAborted();
    // What looks goes on there: whoever logs in to do the same would make a slow gateway slower.
    if (error instanceof StillRunsError) throw error;
    return undefined;
  }
}

/** @throws Error when the gateway cannot be asked. */
async function bySsh(target: Target, script: string, stdin: string, signal: AbortSignal): Promise<readonly string[]> {
  const connection = await connect({ ...target, dialTimeout }, { signal, share: true });
  try {
    const options = { stdin, signal, timeout: lookTimeout };
    const { code, stdout, stderr } = await connection.exec(rootCommand(script), options);
    if (code === 0) return linesOf(stdout);
    throw new Error(stderr.trim() || `exit code ${code ?? "unknown"}`);
  } finally {
    connection.close();
  }
}
