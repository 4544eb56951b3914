import { configuredClients } from "../clients";
import { oneOf } from "../nearest";
import { labNetworks } from "../networks";
import { scenarios } from "../scenario";
import { check, error, type Check } from "./finding";
import { repeated } from "./repeated";

export const ownCheckChecks: readonly Check[] = [
  check(["checks"], function* ({ checks }) {
    for (const { index, first } of repeated(checks, ({ title }) => title))
      yield error(`checks[${index}].title`, `is the title of checks[${first}] too.`, "Give each its own");
    for (const [index, { command, url }] of checks.entries()) {
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
