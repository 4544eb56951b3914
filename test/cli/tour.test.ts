import { lstatSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { startMark } from "../../host/processes";
import { stackFolder } from "../../host/paths";
import { UserError } from "../../host/messages";
import type * as tours from "../../cli/tour";
import type { ClientAccess, LabAccess, PromisedNetwork } from "../../verify/access";
import type * as faults from "../../verify/faults";
import type * as leaks from "../../verify/leaks";
import { outcomeOf } from "../../verify/outcome";
import type { CheckResult, Report } from "../../verify/report";
import { allScenarios } from "../fixtures/plan";
import { labOf } from "../verify/fixtures";

const stack = `tour-${process.pid}`;
const lab = labOf({ ...allScenarios, internet: { kind: "simulated" }, clients: 2 }, stack);
const [home, other] = lab.clients;
if (home === undefined || other === undefined) throw new Error("The fixture has two clients.");

/** What the machines do, each in the place of SSH or of QEMU; what a test does not expect throws. */
interface World {
  /** What a client lacks when it has come to a network. */
  arrive: (client: ClientAccess, network: PromisedNetwork, signal: AbortSignal) => Promise<readonly string[]>;
  verify: (
    moved: LabAccess,
    only: readonly string[] | undefined,
    onTheMove?: readonly string[],
  ) => Omit<Report, "lab" | "passed">;
  own: (client: ClientAccess, machine: string) => readonly CheckResult[];
  /** Where client-1 is when nobody else moves it any more. */
  begins: string;
}

let world: World;
/** Every move, from one network to another. */
let moves: string[];
let said: string[];

jest.doMock("../../cli/join", () => ({
  async joinNetwork(
    _lab: LabAccess,
    client: ClientAccess,
    network: PromisedNetwork,
    { signal }: { signal: AbortSignal },
  ) {
    signal.throwIfAborted();
    moves.push(`${client.name}: ${client.network} → ${network.name}`);
    return { seconds: 1, lacks: await world.arrive(client, network, signal) };
  },
}));
jest.doMock("../../cli/whereabouts", () => ({
  withWhereabouts: (found: LabAccess) =>
    Promise.resolve({
      ...found,
      clients: found.clients.map((each) =>
        each.name === "client-1" ? { ...each, network: world.begins, home: "nat64" } : each,
      ),
    }),
}));
jest.doMock("../../verify/connect", () => ({
  connectGateway: () => Promise.resolve({ close: () => undefined }),
  onClient: (_lab: unknown, _client: unknown, _options: unknown, work: (on: object, gateway: object) => unknown) =>
    work({}, {}),
}));
jest.doMock("../../verify/runner", () => ({
  verifyLab: (moved: LabAccess, { only, onTheMove }: { only?: readonly string[]; onTheMove?: readonly string[] }) =>
    Promise.resolve({ lab: "lab", passed: true, ...world.verify(moved, only, onTheMove) }),
}));
jest.doMock("../../verify/own", () => ({
  ownResults: (_lab: LabAccess, client: ClientAccess, machine: string) => Promise.resolve(world.own(client, machine)),
}));
jest.doMock("../../verify/translation", () => ({
  translationChecks: (_lab: LabAccess, { translated }: PromisedNetwork, machine: string): Promise<CheckResult[]> =>
    Promise.resolve(translated ? [row(machine, "datagrams are translated")] : []),
}));
jest.doMock("../../verify/faults", () => {
  const real = jest.requireActual<typeof faults>("../../verify/faults");
  return {
    ...real,
    /** All comes out as it should. */
    faultResults(moved: LabAccess, client: ClientAccess) {
      const network = moved.promised.networks.find(({ name }) => name === client.network);
      if (network === undefined) throw new Error(`Nobody knows the network ${client.network}.`);
      const column = real.columnOf(client, network);
      return Promise.resolve(
        moved.promised.faults.map((fault) => {
          const expected = fault.expected[column];
          return { fault, expected, seen: expected ?? "works", evidence: "200 192.0.2.42 0.1" };
        }),
      );
    },
  };
});
jest.doMock("../../verify/leaks", () => {
  const real = jest.requireActual<typeof leaks>("../../verify/leaks");
  const nothing = { frames: 9, probes: 0, leftOver: 0, leaks: [], missed: 0 };
  return {
    ...real,
    async overhear(
      _lab: unknown,
      _client: unknown,
      _network: unknown,
      _ways: unknown,
      work: () => Promise<{ result: unknown; meanwhile: string | undefined }>,
    ) {
      const { result, meanwhile } = await work();
      return { result, heard: { ...nothing, meanwhile, kept: { pcapng: Buffer.alloc(0), packets: 0, cut: false } } };
    },
  };
});

// Now, with these in its way.
const { brokenError, chosenNetworks, tour, visiting } = jest.requireActual<typeof tours>("../../cli/tour");

function row(machine: string, check: string, more: Partial<CheckResult> = {}): CheckResult {
  return { machine, check, status: "pass", evidence: "seen", ...more };
}

function existsLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function unexpected(what: string): never {
  throw new Error(`Nobody expects ${what}.`);
}

beforeEach(() => {
  moves = [];
  said = [];
  world = {
    arrive: () => Promise.resolve([]),
    verify: () => unexpected("a look at the lab"),
    own: () => unexpected("checks of its own"),
    begins: "nat64",
  };
});

afterAll(() => {
  rmSync(stackFolder(stack), { recursive: true, force: true });
});

function networksNamed(...names: readonly string[]): PromisedNetwork[] {
  return names.map((name) => {
    const network = lab.promised.networks.find((each) => each.name === name);
    if (network === undefined) throw new Error(`The fixture has no network ${name}.`);
    return network;
  });
}

const progress = (line: string): void => {
  said.push(line);
};
const context = { signal: new AbortController().signal, progress };

/** Home is nat64. What goes wrong on the way is thrown. */
async function visit<T>(
  names: readonly string[],
  work: (
    moved: LabAccess,
    network: PromisedNetwork,
    coming: { joined: boolean; lacks: readonly string[] },
  ) => Promise<T>,
  signal = context.signal,
): Promise<T[]> {
  if (home === undefined) throw new Error("The fixture has a client.");
  const { done, broken } = await visiting(lab, home, networksNamed(...names), { signal, progress }, work);
  if (broken !== undefined) throw brokenError(broken);
  return [...done];
}

describe("a client that visits networks", () => {
  it("joins one after the other, is on each while something is done there, and goes home", async () => {
    const seen = await visit(["strict", "nat64", "v4"], (moved, network, { joined }) =>
      Promise.resolve([network.name, joined, ...moved.clients.map((client) => `${client.name} on ${client.network}`)]),
    );
    expect(seen).toEqual([
      ["strict", true, "client-1 on strict", "client-2 on nat64"],
      ["nat64", true, "client-1 on nat64", "client-2 on nat64"],
      ["v4", true, "client-1 on v4", "client-2 on nat64"],
    ]);
    expect(moves).toEqual([
      "client-1: nat64 → strict",
      "client-1: strict → nat64",
      "client-1: nat64 → v4",
      "client-1: v4 → nat64",
    ]);
  });

  it("is not moved to where it is already, and nobody says that it has come there", async () => {
    expect(await visit(["nat64"], (_moved, _network, coming) => Promise.resolve(coming))).toEqual([
      { joined: false, lacks: [] },
    ]);
    expect(moves).toEqual([]);
  });

  it("begins, and ends, where whoever moved it before has left it", async () => {
    world.begins = "v4";
    const seen = await visit(["strict", "v4"], ({ clients }, { name }, { joined }) =>
      Promise.resolve([name, joined, clients[0]?.network]),
    );
    expect(seen).toEqual([
      ["strict", true, "strict"],
      ["v4", true, "v4"],
    ]);
    expect(moves).toEqual(["client-1: v4 → strict", "client-1: strict → v4"]);
    expect(said).toEqual([
      `client-1 is on v4 and lives on nat64: npm run up -- --stack ${stack} brings it home. It comes back to v4 after this.`,
    ]);
  });

  it("is told of with what it lacks there, and so is whoever looks", async () => {
    world.arrive = (_client, { name }) => Promise.resolve(name === "v4" ? ["the address 192.168.4.2", "its CLAT"] : []);
    const seen = await visit(["strict", "v4"], (_moved, _network, { lacks }) => Promise.resolve(lacks));
    expect(seen).toEqual([[], ["the address 192.168.4.2", "its CLAT"]]);
    expect(said).toEqual(["client-1 is on v4, and still lacks the address 192.168.4.2; its CLAT"]);
  });

  it("goes home from where something went wrong, which is what is told then", async () => {
    const work = jest.fn((_moved: LabAccess, { name }: PromisedNetwork) =>
      name === "strict" ? Promise.reject(new Error("the lamp is broken")) : Promise.resolve(name),
    );
    await expect(visit(["dual", "strict", "v4"], work)).rejects.toThrow("the lamp is broken");
    expect(work).toHaveBeenCalledTimes(2);
    expect(moves.slice(1)).toEqual(["client-1: dual → strict", "client-1: strict → nat64"]);
  });

  it("goes home from a network on which it has only half arrived", async () => {
    world.arrive = (_client, { name }) =>
      name === "strict" ? Promise.reject(new Error("no SSH connection")) : Promise.resolve([]);
    await expect(visit(["strict"], () => unexpected("a visit"))).rejects.toThrow("no SSH connection");
    expect(moves).toEqual(["client-1: nat64 → strict", "client-1: strict → nat64"]);
  });

  it("goes home after an interruption too, whose signal does not stop it on the way", async () => {
    const interruption = new AbortController();
    const signals: boolean[] = [];
    world.arrive = (_client, _network, signal) => {
      signals.push(signal.aborted);
      return Promise.resolve([]);
    };
    const visited = visit(
      ["strict", "v4"],
      () => {
        interruption.abort(new UserError("Interrupted."));
        return Promise.resolve();
      },
      interruption.signal,
    );
    await expect(visited).rejects.toThrow(/^Interrupted\.$/);
    // It may have come there already.
    expect(moves).toEqual(["client-1: nat64 → strict", "client-1: v4 → nat64"]);
    expect(signals).toEqual([false, false]);
  });

  it("is interrupted by nobody but whoever did it, also where what was cut off tells something else", async () => {
    const interruption = new AbortController();
    const work = (): Promise<void> => {
      interruption.abort(new UserError("Interrupted."));
      return Promise.reject(new Error("faults.sh told nothing: Interrupted."));
    };
    await expect(visit(["strict"], work, interruption.signal)).rejects.toThrow(/^Interrupted\.$/);
    expect(moves).toEqual(["client-1: nat64 → strict", "client-1: strict → nat64"]);
  });

  it("leaves what was done until something went wrong", async () => {
    const work = (_moved: LabAccess, { name }: PromisedNetwork): Promise<string> =>
      name === "strict" ? Promise.reject(new Error("the lamp is broken")) : Promise.resolve(name);
    const { done, broken } = await visiting(lab, home, networksNamed("dual", "strict", "v4"), context, work);
    expect([done, broken?.at?.name, String(broken?.error)]).toEqual([["dual"], "strict", "Error: the lamp is broken"]);
    expect(broken).not.toHaveProperty("notHome");
  });

  it("goes home where it was to visit its home next, and that was cut off", async () => {
    const interruption = new AbortController();
    const visited = visit(
      ["strict", "nat64", "v4"],
      () => {
        interruption.abort(new UserError("Interrupted."));
        return Promise.resolve();
      },
      interruption.signal,
    );
    await expect(visited).rejects.toThrow("Interrupted.");
    expect(moves).toEqual(["client-1: nat64 → strict", "client-1: strict → nat64"]);
  });

  it("is told of with what brings it home where it cannot go there, whatever went well before", async () => {
    world.arrive = (_client, { name }) =>
      name === "nat64" ? Promise.reject(new Error("QEMU is gone")) : Promise.resolve([]);
    const error = await visit(["strict"], () => Promise.resolve()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message: `client-1 is not back on nat64 (QEMU is gone). npm run up -- --stack ${stack} brings it home.`,
    });
    const broken = visit(["strict"], () => Promise.reject(new Error("the lamp is broken")));
    await expect(broken).rejects.toThrow(
      /^client-1 is not back on nat64 .* What went wrong first: the lamp is broken$/,
    );
  });
});

describe("the networks of a tour", () => {
  it("are those that are named, or all of them", () => {
    const chosen = (words: string): string[] => chosenNetworks(lab, words).map(({ name }) => name);
    expect(chosen("v4, strict")).toEqual(["strict", "v4"]);
    expect(chosen("all")).toEqual(["dual", "mostly", "nat64", "pref64", "strict", "v4"]);
  });

  it.each([
    ["strickt", "No network is called strickt. There are: dual, mostly, nat64, pref64, strict, v4; or all."],
    ["", 'No network is called "". There are: dual, mostly, nat64, pref64, strict, v4; or all.'],
  ])("are none of which nobody knows: %j", (words, message) => {
    expect(() => chosenNetworks(lab, words)).toThrow(message);
  });
});

describe("a tour", () => {
  function toured(names: readonly string[], more: object = {}) {
    if (home === undefined) throw new Error("The fixture has a client.");
    return tour(lab, home, networksNamed(...names), { ...context, ...more });
  }

  /** By place: what was checked there, without the ways into the simulated internet. */
  function places({ report }: { report: Report }): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const { machine, check, fault } of report.results)
      if (fault === undefined) (found[machine] ??= []).push(check.replace(/:.*/, ""));
    return found;
  }

  beforeEach(() => {
    world.verify = ({ clients }, only) => {
      if (only?.join() !== "client-1") unexpected(`a look at ${only?.join() ?? "all"}`);
      const network = clients[0]?.network ?? "";
      const gateway = row("gateway", "every service runs");
      return { results: [gateway, row("client-1", "it has content", { network })] };
    };
    world.own = ({ network }, machine) => [row(machine, `the installer runs on ${network}`, { network, own: "it" })];
  });

  it("tells of each place by its name, of the gateway once, and of leaks where there is to be no IPv4 alone", async () => {
    expect(places(await toured(["nat64", "strict", "v4"]))).toEqual({
      gateway: ["every service runs"],
      "client-1 @ nat64": ["it has content", "datagrams are translated", "the installer runs on nat64"],
      "client-1 @ strict": [
        "it has come to the network",
        "it has content",
        "nothing leaves its card but IPv6 from its own addresses",
        "the installer runs on strict",
      ],
      "client-1 @ v4": ["it has come to the network", "it has content", "the installer runs on v4"],
    });
  });

  it("has a column of the grid for each network, with every way into the simulated internet", async () => {
    const { grid, report } = await toured(["dual", "strict"]);
    expect(grid.map(({ network, results }) => [network.name, results.length])).toEqual([
      ["dual", lab.promised.faults.length],
      ["strict", lab.promised.faults.length],
    ]);
    expect(report.results.filter(({ fault }) => fault !== undefined)).toHaveLength(2 * lab.promised.faults.length);
    expect(report.passed).toBe(true);
  });

  it("fails where a client still lacks something of a network, and where the gateway fails on any visit", async () => {
    world.arrive = (_client, { name }) => Promise.resolve(name === "strict" ? ["the address a"] : []);
    const { verify } = world;
    world.verify = (moved, only) => {
      const { results } = verify(moved, only);
      const broken = moved.clients[0]?.network === "v4" ? ({ status: "fail", remedy: "up" } as const) : {};
      return { results: results.map((each) => (each.machine === "gateway" ? { ...each, ...broken } : each)) };
    };
    const { report } = await toured(["strict", "v4"]);
    const failed = report.results.filter(({ status }) => status === "fail");
    expect(failed.map(({ machine, evidence }) => `${machine}: ${evidence}`)).toEqual([
      "client-1 @ strict: it lacks the address a",
      "gateway: seen",
    ]);
    expect(report.passed).toBe(false);
  });

  it("stops where something failed, with the client still there, and goes on afterwards", async () => {
    world.arrive = (_client, { name }) => Promise.resolve(name === "strict" ? ["the address a"] : []);
    const stops: [string, string[], number][] = [];
    await toured(["strict", "v4"], {
      onFailure: ({ name }: PromisedNetwork, failed: readonly CheckResult[]) => {
        stops.push([name, failed.map(({ evidence }) => evidence), moves.length]);
        return Promise.resolve();
      },
    });
    expect(stops).toEqual([["strict", ["it lacks the address a"], 1]]);
    expect(moves).toHaveLength(3);
  });

  it("says which faults of clients' ways were on, whenever that was seen", async () => {
    const { verify } = world;
    world.verify = (moved, only) => ({
      ...verify(moved, only),
      ...(moved.clients[0]?.network === "v4" ? { faultsOn: "Faults are on: v4-loss for client-1." } : {}),
    });
    expect((await toured(["dual", "v4"])).report.faultsOn).toBe("Faults are on: v4-loss for client-1.");
    expect((await toured(["dual"])).report.faultsOn).toBeUndefined();
  });

  describe("on which a look ends with an error", () => {
    function missing({ report }: { report: Report }): string[] {
      return report.results
        .filter(({ unasked }) => unasked === true)
        .map(({ machine, status, check, evidence }) => `${machine}: ${status}: ${check}: ${evidence}`);
    }

    beforeEach(() => {
      const { verify } = world;
      world.verify = (moved, only) =>
        moved.clients[0]?.network === "strict" ? unexpected("this") : verify(moved, only);
    });

    it("tells what it saw before, and why the rest is missing; the client is home again", async () => {
      const found = await toured(["dual", "strict", "v4"]);
      expect(places(found)).toMatchObject({ "client-1 @ dual": expect.arrayContaining(["it has content"]) as unknown });
      expect(found.grid.map(({ network }) => network.name)).toEqual(["dual"]);
      expect(missing(found)).toEqual([
        "client-1 @ strict: fail: it was looked at there to the end: Nobody expects this.",
        "client-1 @ v4: skipped: it was looked at there to the end: it has not come here: the tour ended on strict",
      ]);
      expect(outcomeOf(found.report)).toBe("not as expected");
      expect(moves.slice(1)).toEqual(["client-1: dual → strict", "client-1: strict → nat64"]);
    });

    it("says so where the client is not home again", async () => {
      world.arrive = (_client, { name }) =>
        name === "nat64" ? Promise.reject(new Error("client-1 does not run")) : Promise.resolve([]);
      expect(missing(await toured(["dual", "strict"])).slice(1)).toEqual([
        `client-1: fail: it is home again after the tour: client-1 is not back on nat64 (client-1 does not run). npm run up -- --stack ${stack} brings it home.`,
      ]);
      expect(missing(await toured(["dual"]))).toEqual([expect.stringMatching(/^client-1: fail: it is home again/)]);
    });

    it("has told nothing where that was on the first network", async () => {
      expect(outcomeOf((await toured(["strict", "v4"])).report)).toBe("nothing told");
    });

    it("comes to nothing where it was interrupted", async () => {
      const interruption = new AbortController();
      world.own = () => {
        interruption.abort(new UserError("Interrupted."));
        throw new Error("own.sh told nothing: Interrupted.");
      };
      await expect(toured(["dual", "v4"], { signal: interruption.signal })).rejects.toThrow(/^Interrupted\.$/);
    });
  });

  it("counts on no client that another command moves, and keeps the others where they are meanwhile", async () => {
    const lock = join(stackFolder(stack), "client-2.visit");
    const seen: [readonly string[] | undefined, boolean][] = [];
    const { verify } = world;
    world.verify = (moved, only, onTheMove) => {
      seen.push([onTheMove, existsLink(lock)]);
      return verify(moved, only, onTheMove);
    };
    await toured(["dual"]);
    expect(seen).toEqual([[[], true]]);
    expect(existsLink(lock)).toBe(false);
    // Process 1 lives as long as anything does.
    symlinkSync(`1:${startMark(1)}`, lock);
    await toured(["dual"]);
    expect(seen[1]).toEqual([["client-2"], true]);
    expect(existsLink(lock)).toBe(true);
    rmSync(lock);
  });
});
