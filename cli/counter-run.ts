/** The counter-experiment on a lab: the program once more, from a client that has a CLAT on that network. */
import { execute, type ExecuteOptions } from "../exec";
import { type Counter, inTheLightOf, needless } from "../exec/counter";
import { judge, type Judged } from "../exec/verdict";
import { interruptible } from "../host/interruption";
import { say } from "../host/messages";
import { type LabAccess, networkNamed, runsClat } from "../verify/access";
import { onGateway } from "../verify/connect";
import { faultsOn } from "../verify/facts";
import { type FaultOn, onForOneOf, whose } from "../verify/path-faults";
import { noStreams } from "./program-streams";
import { brokenError, visiting } from "./tour";

/** What the program says then is thrown away, and nothing is copied back: the first run was the one that was asked for. */
export async function counterRun(access: LabAccess, request: ExecuteOptions, judged: Judged): Promise<Counter> {
  const { run, verdict } = judged;
  const reason = needless(judged);
  if (reason !== undefined) return { verdict, words: `None with IPv4: ${reason}.` };
  const network = networkNamed(access, run.network.name);
  const other = access.clients.find((each) => runsClat({ ...each, network: network.name }, network));
  if (other === undefined) {
    const words = `Not possible: no client of this lab has a CLAT on ${network.name} (clients[].clat).`;
    return { verdict, words };
  }
  const [fault] = onForOneOf(request.client, other.name, await faultsOnGateway(access));
  if (fault !== undefined) {
    const words = `Not possible: the fault ${fault.name} is on for ${whose(fault)}, and the client with a CLAT is ${other.name}: not IPv4 alone would be different.`;
    return { verdict, words };
  }
  const { done, broken } = await interruptible((signal) =>
    visiting(access, other, [network], { signal, progress: say }, (moved, _network, { lacks }) =>
      execute(moved, { ...request, ...{ lacks, client: other.name, get: [], streams: noStreams() } }),
    ),
  );
  const [second] = done;
  if (second === undefined || broken !== undefined)
    throw brokenError(broken ?? { error: new Error("nothing was run") });
  return inTheLightOf(judged, { run: second, verdict: judge(second) });
}

function faultsOnGateway(access: LabAccess): Promise<readonly FaultOn[]> {
  return interruptible((signal) =>
    onGateway(access, { wait: 0, signal }, (connection) => faultsOn({ connection, signal })),
  );
}
