/** Everything that is known of a run, for programs. */
import { callAt, networkTerm, type Run } from "../run";
import { pathOf, targetsOf } from "../targets";
import { timeline, who } from "../timeline";
import type { Verdict } from "../verdict";
import { causes, type Finding } from "../verdict/causes";

/** @param counter what the counter-experiment says; undefined: there was none. */
export function reportJson(run: Run, verdict: Verdict, counter?: string) {
  const targets = targetsOf(run);
  const { network, client, command, end, activity, processes, loopback4 } = run;
  return {
    ...{ network: network.name, scenario: networkTerm(network), client, command, loopback4 },
    ...{ exitCode: end.code, timedOut: end.timedOut, left: end.left, goingOn: end.goingOn, notThere: end.notThere },
    seconds: end.startedAt === undefined || end.endedAt === undefined ? undefined : end.endedAt - end.startedAt,
    verdict: verdictJson(run, verdict),
    counterExperiment: counter,
    faultsOn: run.faultsOn.map(({ name, client: whose, to, atWork }) => ({ name, client: whose, to, atWork })),
    gatewayLacks: run.gatewayLacks,
    targets: targets.map(({ what, origin, port, reached, attempts, lookups }) => ({
      ...{ what, origin, port, reached, lookups },
      attempts: attempts.map((attempt) => ({
        ...attempt,
        // Not what was said: a password may be in it.
        ...{ sent: { octets: attempt.sent.octets }, received: { octets: attempt.received.octets } },
        path: pathOf(network, attempt),
      })),
    })),
    listeners: activity.listeners,
    listening: run.listening,
    askedAgain: run.askedAgain,
    unseen: activity.unseen,
    processes: processes.all,
    timeline: timeline(run, targets),
  };
}

export type ReportJson = ReturnType<typeof reportJson>;

function verdictJson(run: Run, verdict: Verdict) {
  const { kind } = verdict;
  if (kind === "not-run") return { kind, words: verdict.words, remarks: [] };
  const remarks = verdict.remarks.map((each) => findingJson(run, each));
  if (kind === "cause") return { kind, ...findingJson(run, verdict.finding), remarks };
  return { kind, words: verdict.words, remarks };
}

function findingJson(run: Run, finding: Finding) {
  const { cause, confidence, words, line } = finding;
  return {
    ...{ cause, confidence, words },
    ...causes[cause],
    process: who(run, finding),
    call: line === undefined ? undefined : callAt(run, line),
  };
}
