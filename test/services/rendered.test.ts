/**
 * Every file of the gateway to the byte, in `__snapshots__`, so that a change of the code that changes what a gateway gets
 * is seen for what it does. `npx jest test/services/rendered.test.ts --updateSnapshot` writes down what was meant.
 */
import { services } from "../../services";
import type { Service } from "../../services/bundle";
import { configurations, planOf } from "../fixtures/plan";

const plans = Object.entries(configurations).map(([name, raw]) => ({ name, plan: planOf(raw) }));

/** A script that is laid down as it lies in the folder, and is no rendering (nft(8) has a first line like that too). */
function isProgram(content: string): boolean {
  return content.startsWith("#!/bin/bash");
}

/** What a service gets, each text once: a configuration that does not change it says whose it shares. */
function renderings({ files }: Service): [string, string][] {
  const seen = new Map<string, string>();
  return plans.map(({ name, plan }) => {
    const text = files(plan)
      .map(
        ({ path, mode, content }) =>
          `==> ${path} ${mode}\n${isProgram(content) ? "a program of services/\n" : content}`,
      )
      .join("");
    const first = seen.get(text);
    if (first === undefined) seen.set(text, name);
    return [name, first === undefined ? text : `as with ${first}`];
  });
}

describe.each(services.map((service) => ({ ...service, service })))("the files of $name", ({ service }) => {
  it("come from the unit and the packages that they always came from", () => {
    const { name, unit, packages, startsWhenInstalled } = service;
    expect({ name, unit, packages, startsWhenInstalled }).toMatchSnapshot();
  });

  it.each(renderings(service))("are what they were, with %s", (_name, text) => {
    expect(text).toMatchSnapshot();
  });
});
