/** Why a client that somebody was logged in to says nothing more. */
import { LateError } from "../host/deadline";
import type { SshConnection } from "../ssh";
import { type ClientAccess, command, type LabAccess } from "./access";
import { look } from "./checks/evidence";
import { type CheckResult, silent } from "./report";

/** Seconds for what any machine does at once: an emulated one under load needs a few. */
const patience = 15;

/** Octets that no packet holds, whatever the LAN's MTU is. */
const large = 16_384;

/**
 * As a row of a report. One that answers something small does not hang; if nothing large comes through then, packets of that
 * size are lost.
 * @param dial makes a new connection: by the old one all waits behind what was lost.
 */
export async function silence(
  lab: LabAccess,
  client: ClientAccess,
  error: unknown,
  dial: () => Promise<SshConnection>,
): Promise<CheckResult> {
  const row = { ...silent(client.name, client.console, error), network: client.network };
  if (!isLate(error)) return row;
  const seen = await tried(dial).catch(() => undefined);
  if (seen === undefined) return row;
  const evidence = `${row.evidence}; then it answered something small`;
  if (seen === "all")
    return {
      ...row,
      evidence: `${evidence}, and something large`,
      remedy: `It works by now, or lacks what the checks use. ${row.remedy ?? ""}`,
    };
  return {
    ...row,
    evidence: `${evidence}, and ${large} octets were lost on their way ${seen} it`,
    remedy: `Small messages come through, large ones do not: an MTU that is too large for the way, or a firewall that counts octets. ${look({ lab }, client.name, "ip link show lan; ip -6 route; sudo nft list ruleset")}. If it is on the gateway, ${command(lab.promised, "up")} puts right what is not as it was laid down.`,
  };
}

function isLate(error: unknown): boolean {
  return error instanceof LateError || (error instanceof Error && error.cause instanceof LateError);
}

/** @throws what keeps it from answering anything. */
async function tried(dial: () => Promise<SshConnection>): Promise<"all" | "to" | "from"> {
  const connection = await dial();
  try {
    await connection.exec("true", { timeout: patience });
    if (!(await inTime(connection.exec("cat >/dev/null", { stdin: "x".repeat(large), timeout: patience }))))
      return "to";
    return (await inTime(connection.exec(`head -c ${large} /dev/zero`, { timeout: patience }))) ? "all" : "from";
  } finally {
    connection.close();
  }
}

async function inTime(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof LateError) return false;
    throw error;
  }
}
