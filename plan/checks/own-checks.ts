import { configuredClients } from "../clients";
import { nearest } from "../nearest";
import { labNetworks } from "../networks";
import { scenarios } from "../scenario";
import { check, error, type Check } from "./finding";

export const ownCheckChecks: readonly Check[] = [
  check(["checks"], function* ({ checks }) {
    const firstOf = new Map<string, number>();
    for (const [index, { title, command, url }] of checks.entries()) {
      const first = firstOf.get(title);
      if (first === undefined) firstOf.set(title, index);
      else yield error(`checks[${index}].title`, `is the title of checks[${first}] too.`, "Give each its own");
      if (command === undefined && url === undefined)
        yield error(`checks[${index}]`, "says nothing that could be tried.", "Write a command or a url");
      if (command !== undefined && url !== undefined)
        yield error(
          `checks[${index}].url`,
          "stands beside a command: a check tries one thing.",
          "Make two checks of it",
        );
    }
  }),

  check(["checks", "clients"], function* (config) {
    const known = configuredClients(config).map(({ name }) => name);
    for (const [index, { on = [] }] of config.checks.entries())
      for (const [at, name] of on.entries())
        if (!known.includes(name))
          yield error(`checks[${index}].on[${at}]`, "is no client of this lab.", oneOf(name, known));
  }),

  check(["checks", "networks"], function* (config) {
    const known = [...new Set([...labNetworks(config).map(({ name }) => name), ...scenarios])];
    for (const [index, { expect }] of config.checks.entries())
      for (const name of typeof expect === "string" ? [] : Object.keys(expect))
        if (!known.includes(name))
          yield error(
            `checks[${index}].expect.${name}`,
            "is neither a network of this lab nor a scenario.",
            oneOf(name, known),
          );
  }),
];

function oneOf(name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  const all = `There are: ${known.join(", ")}`;
  return guess === undefined ? all : `Did you mean ${guess}? ${all}`;
}
