/** What a document about a lab is made from. */
import { networkNamed, type LabAccess, type PromisedNetwork } from "../access";
import type { RowPackets } from "../packets";
import type { CheckResult, Report } from "../report";

export interface Look {
  readonly report: Report;
  /** The lab with every client where it was before. */
  readonly access: LabAccess;
  readonly at: Date;
  readonly seconds: number;
  readonly packets: RowPackets;
}

export interface Numbered {
  readonly result: CheckResult;
  /** Where in a page more is told of it. */
  readonly id: string;
}

/** What was seen from one place: a client on a network, or the gateway. */
export interface Place {
  readonly machine: string;
  /** Undefined: the gateway, or a machine that could not be asked where it is. */
  readonly network: PromisedNetwork | undefined;
  readonly results: readonly Numbered[];
}

/** In the order of the results, which is that of the visits. */
export function placesOf({ report, access }: Look): Place[] {
  const places = new Map<string, { machine: string; network: PromisedNetwork | undefined; results: Numbered[] }>();
  for (const [index, result] of report.results.entries()) {
    const { machine, network } = result;
    const key = `${machine} ${network ?? ""}`;
    const place = places.get(key) ?? {
      machine,
      network: network === undefined ? undefined : networkNamed(access, network),
      results: [],
    };
    place.results.push({ result, id: `check-${index}` });
    places.set(key, place);
  }
  return [...places.values()];
}

/** The row of the matrix that a result is a cell of; undefined: of none. */
export function rowOf({ fault, own, outcome }: CheckResult): string | undefined {
  return outcome === undefined ? undefined : (fault ?? own);
}

/** Results of a tour are of a client at a network. */
export function clientOf(machine: string): string {
  return machine.split(" @ ")[0] ?? machine;
}
