import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { mapLimited } from "../host/limited";
import { type ClientAccess, command, type LabAccess, networkOf, runsClat } from "./access";
import { settlingTime } from "./arrival";
import { checkClient, checkGateway } from "./checks";
import { connectGateway, tryConnect } from "./connect";
import { gatewayFacts, listen, translations } from "./facts";
import { faultsOnLine } from "./path-faults";
import { gatewayInstructions } from "./questions";
import { makeReport, type Report, silent, unreachable } from "./report";
import { visitClient, type VisitOptions } from "./visit";

/** `wait`: seconds for each machine and for each client's path; 0: look once. */
export interface VerifyOptions extends VisitOptions {
  /** Names of the clients to look at; undefined: all. */
  readonly only?: readonly string[];
  /** Names of clients that another command moves meanwhile: nobody is to look for them. */
  readonly onTheMove?: readonly string[];
  /** Looks again for no longer than a lab takes to settle: what is not so by then does not become so, and the checks say why. */
  readonly untilSettled?: boolean;
}

/** Clients looked at side by side: each costs the gateway one SSH channel and one round of DNS and HTTP. */
const sideBySide = 4;

/**
 * Looks at every client from the client, at the gateway from the gateway, and compares both with the plan; again, where not all
 * is so yet, for `wait` seconds.
 */
export async function verifyLab(access: LabAccess, options: VerifyOptions): Promise<Report> {
  // Every question under way listens for the interruption; Node.js takes more than ten for a leak.
  setMaxListeners(0, options.signal);
  const first = await look(access, options);
  const patience = options.untilSettled === true ? Math.min(options.wait, settlingTimeOf(access)) : options.wait;
  const deadline = Date.now() + patience * 1000;
  let last = first;
  while (!last.report.passed && last.reached && Date.now() < deadline) {
    options.progress?.("not all is as it should be yet, looking again");
    await sleep(1000, undefined, { signal: options.signal });
    const wait = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
    last = await look(access, { ...options, wait });
  }
  const { firstByteAt } = first.report;
  return firstByteAt === undefined ? last.report : { ...last.report, firstByteAt };
}

/** Seconds: half a minute, two where there is a CLAT. */
function settlingTimeOf(access: LabAccess): number {
  const hasClat = access.clients.some((client) => runsClat(client, networkOf(access, client)));
  return hasClat ? settlingTime.withClat : settlingTime.usual;
}

/** `reached`: every machine could be asked. */
async function look(access: LabAccess, options: VerifyOptions) {
  const clients = access.clients.filter(({ name }) => options.only?.includes(name) ?? true);
  const lab = `${access.promised.project}/${access.promised.stack}`;
  const connected = await tryConnect(options.signal, () => connectGateway(access, options));
  if (!connected.ok) {
    const { name, host, port, console } = access.gateway;
    const result = unreachable(name, `${host}, port ${port}`, console, connected.why, command(access.promised, "up"));
    return { report: makeReport(lab, [result], []), reached: false };
  }
  const { connection } = connected;
  const gateway = { connection, signal: options.signal };
  try {
    const counted = gatewayFacts(gateway, access);
    const others = access.clients.filter(
      (each) => !clients.includes(each) && options.onTheMove?.includes(each.name) !== true,
    );
    const neighbourhood = { gateway, online: [], came: [], others, counted };
    let left = clients.length;
    const visit = async (client: ClientAccess) => {
      const seen = await visitClient(access, client, neighbourhood, options);
      left -= 1;
      // A client that is waited for may keep the others from being judged until their sessions have timed out.
      const told = left > 0 && seen.ok ? await translations(gateway) : undefined;
      return { seen, sessions: told?.translations.sessions };
    };
    const [{ facts, counters: before, faultsOn }, heard, visits] = await Promise.all([
      counted,
      counted.then(() => listen(gateway, gatewayInstructions(access))),
      mapLimited(clients, sideBySide, visit),
    ]);
    // Only now is every packet counted.
    const { translations: translated, counters: after } = await translations(gateway);
    const spoke = visits.flatMap(({ seen }) => (seen.ok ? [seen.evidence.network] : []));
    const evidence = { lab: access, facts, heard, translations: translated, before, after, spoke };
    const ofClients = visits.flatMap(({ seen, sessions = translated.sessions }) =>
      seen.ok ? checkClient({ ...seen.evidence, sessions }) : [seen.failure],
    );
    const results = [...checkGateway(evidence), ...ofClients];
    const firstBytes = visits.flatMap(({ seen }) =>
      seen.ok && seen.firstByteAt !== undefined ? [seen.firstByteAt] : [],
    );
    const faults = faultsOnLine(faultsOn, access.promised.stack);
    const report = { ...makeReport(lab, results, firstBytes), ...(faults === undefined ? {} : { faultsOn: faults }) };
    return { report, reached: visits.every(({ seen }) => seen.ok) };
  } catch (error) {
    options.signal.throwIfAborted();
    const { name, console } = access.gateway;
    return { report: makeReport(lab, [silent(name, console, error)], []), reached: false };
  } finally {
    connection.close();
  }
}
