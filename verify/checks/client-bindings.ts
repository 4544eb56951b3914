/** What the IPv4 outside gets at on a client, by static bindings. */
import { allBindingsOf, bindingsOf, doorName, hasOutside, type PromisedBinding } from "../bindings";
import type { Heard } from "../questions";
import { type Check, fail, judge, listed, pass, skip, type Verdict } from "./check";
import { type ClientEvidence, putBack } from "./evidence";

const hasBindings = ({ lab, access }: ClientEvidence): boolean => allBindingsOf(lab, access).length > 0;

export const clientBindingChecks: readonly Check<ClientEvidence>[] = [
  {
    where: hasBindings,
    title: "whoever is outside reaches its services by IPv4, at the ports that are bound (IPv6-only-DC)",
    judge: (seen) => whereTried(seen, checkReached),
    remedy: (seen) => `The binding, the firewall or the way to the client is not as planned. ${putBack(seen)}`,
  },
  {
    where: hasBindings,
    title: (seen) =>
      seen.lab.promised.nat64.dropExternallyInitiatedTcp
        ? "a port outside that is not bound leads nowhere, nor does that of a connection of its own"
        : "a port outside that is not bound leads nowhere",
    judge: (seen) => whereTried(seen, checkClosed),
  },
];

function whereTried(
  seen: ClientEvidence,
  check: (seen: ClientEvidence, heard: NonNullable<ClientEvidence["bindings"]>) => Verdict,
): Verdict {
  const { lab, access, bindings } = seen;
  if (!hasOutside(lab)) return skip("nobody outside can be asked to come: there is no internet but the real one");
  if (bindingsOf(lab, access).length === 0)
    return skip(`it is on ${access.network}, and its bindings lead to where it lives`);
  if (bindings === undefined) return fail("nothing was tried");
  const { nobodyCame } = bindings;
  return nobodyCame === undefined
    ? check(seen, bindings)
    : fail(`the gateway could send nobody from outside: ${nobodyCame}`, putBack(seen));
}

function shown({ protocol, inside, outside }: PromisedBinding): string {
  return `${outside.address} ${protocol} ${outside.port} (${protocol} ${inside.port} of ${inside.address})`;
}

/** Whether the client's own listener answered; undefined: another program has the port, and says what it likes. */
function answered(binding: PromisedBinding, { client, outside, secret }: NonNullable<ClientEvidence["bindings"]>) {
  const { protocol, inside } = binding;
  const [came = "no answer"] = outside.of(doorName(binding));
  if (!client.of("taken").includes(`${protocol} ${inside.port}`))
    return { reached: came === `open ${secret} ${inside.port}`, came: came.replace(` ${secret} ${inside.port}`, "") };
  // A datagram means nothing to a program that nobody here knows; a connection is one.
  return { reached: protocol === "TCP" ? came.startsWith("open") : undefined, came: came.replace(/^open.*/, "open") };
}

function checkReached({ lab, access }: ClientEvidence, heard: NonNullable<ClientEvidence["bindings"]>): Verdict {
  const tried = bindingsOf(lab, access).map((binding) => ({ binding, ...answered(binding, heard) }));
  const wrong = tried.filter(({ reached }) => reached === false);
  if (wrong.length > 0) return fail(wrong.map(({ binding, came }) => `${shown(binding)}: ${came}`).join("; "));
  const right = tried.filter(({ reached }) => reached === true).map(({ binding }) => shown(binding));
  const untold = tried.filter(({ reached }) => reached === undefined).map(({ binding }) => shown(binding));
  const others = untold.length === 0 ? [] : [`not tried, a program of its own has the port: ${untold.join("; ")}`];
  return right.length === 0 ? skip(others.join()) : pass([...right, ...others].join("; "));
}

function checkClosed(seen: ClientEvidence, heard: NonNullable<ClientEvidence["bindings"]>): Verdict {
  const { lab } = seen;
  // Silence says something only where a bound port answers.
  if (checkReached(seen, heard).status !== "pass") return skip("nobody from outside is heard at all: see above");
  const own = triesOf(heard.outside, "own", ownPort(heard.outside));
  const closed = lab.promised.nat64.dropExternallyInitiatedTcp;
  if (closed && own.length === 0) return skip("no connection of its own came about");
  const tries = [...triesOf(heard.outside, "unbound", "a port that is not bound"), ...(closed ? own : [])];
  if (tries.length === 0) return skip("every port is bound");
  return judge(
    tries.every(({ came }) => !came.startsWith("open")),
    listed(
      tries.map(({ what, came }) => `${what}: ${came.replace(/^open.*/, "open")}`),
      "",
    ),
  );
}

function ownPort(outside: Heard): string {
  return `its own connection's ${outside.of("caller")[0]?.replace(" ", " port ") ?? "?"}`;
}

function triesOf(outside: Heard, name: string, what: string): readonly { what: string; came: string }[] {
  return outside.of(name).map((came) => ({ what, came }));
}
