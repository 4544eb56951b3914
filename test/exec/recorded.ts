/** Runs of real programs, as `traces/record.sh` recorded them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Listening } from "../../exec/listening";
import { makeRun, type Run, type RunRequest } from "../../exec/run";
import type { ProgramEnd } from "../../exec/session";
import { readTrace } from "../../exec/trace/calls";

const nat64: RunRequest = {
  stack: "dev",
  network: { name: "lan", scenario: "ipv6-only-nat64", ipv4: "none", nat64Prefix: "64:ff9b::/96" },
  client: "client-1",
  command: ["program"],
  loopback4: true,
  lacks: [],
};

export function recorded(
  name: string,
  request: Partial<RunRequest> = {},
  end: Partial<ProgramEnd> = {},
  listening?: Listening,
): Run {
  return runOf(readFileSync(join(__dirname, "traces", `${name}.strace`), "utf8"), request, end, listening);
}

/** @param trace its last process is the one that was started, as the shell saw it. */
export function runOf(
  trace: string,
  request: Partial<RunRequest> = {},
  end: Partial<ProgramEnd> = {},
  listening?: Listening,
): Run {
  const how = readTrace(trace).events.findLast((event) => event.kind === "end");
  const code = how?.kind !== "end" ? 1 : how.how.kind === "exit" ? how.how.code : 143;
  const hosts = "127.0.0.1 localhost\n::1 localhost\n192.0.2.9 printer\n";
  const whole: ProgramEnd = {
    ...{
      code,
      problem: undefined,
      timedOut: false,
      stopped: false,
      startedAt: undefined,
      endedAt: undefined,
      left: [],
      withoutRights: [],
      tracedByRoot: false,
      goingOn: [],
    },
    ...{
      trace,
      containers: "",
      daemons: "",
      namespace: "net:[4026531840]",
      kernel: "",
      hosts,
      resolver: "",
      resolvConf: "nameserver 127.0.0.53\n",
      notThere: [],
    },
    ...end,
  };
  return makeRun({
    request: { ...nat64, ...request },
    end: whole,
    sessions: [],
    faultsOn: [],
    gatewayLacks: [],
    askedAgain: [],
    listening,
  });
}
