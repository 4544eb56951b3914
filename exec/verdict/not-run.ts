/** Why there is no run to judge. */
import { command as npm } from "../../verify/access";
import type { Run } from "../run";

/** Undefined: the program ran. */
export function notRun(run: Run): string | undefined {
  const { end, command, client, processes } = run;
  const shell = npm(run, "ssh", client);
  const [program = ""] = command;
  switch (end.problem) {
    case "missing":
      return `${program} is not on ${client}. Bring it along (--put PATH, then ./NAME), or install it there (${shell} sudo apt-get install …).`;
    case "not-executable":
      return `${program} is on ${client} and may not be run: it lacks the right to be executed (chmod +x, before --put).`;
    case "no-tracer":
      return `strace is not on ${client}: ${shell} sudo apt-get install strace.`;
    case "refused":
      return `The tracer was refused on ${client}; what strace said stands above. Nothing was run.`;
    case "loopback4":
      return `127.0.0.0/8 could not be taken from ${client}: it needs systemd and sudo(8) without a password.`;
    default:
      if (end.timedOut && processes.executions.length === 0)
        return `The time limit was over before ${program} had begun on ${client}.`;
      return processes.executions.some(({ error }) => error === undefined)
        ? undefined
        : `${program} could not be started on ${client}: ${processes.executions[0]?.error ?? "the tracer saw nothing"}.`;
  }
}
