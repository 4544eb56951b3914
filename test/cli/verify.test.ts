import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as command from "../../cli/commands/verify";
import type * as faultCommand from "../../cli/commands/fault";
import { UserError } from "../../host/messages";
import type { CheckResult } from "../../verify/report";
import { allScenarios } from "../fixtures/plan";
import { labOf } from "../verify/fixtures";

const readAccess = jest.fn();
const tour = jest.fn<Promise<unknown>, unknown[]>();
jest.doMock("../../cli/recorded-access", () => ({ readAccess }));
jest.doMock("../../cli/setup", () => ({ setUp: () => Promise.resolve({}) }));
jest.doMock("../../cli/pulumi", () => ({ requireNoLock: () => undefined }));
jest.doMock("../../cli/tour", () => ({ chosenNetworks: () => [], tour }));
// What they import is imported for the first time here: nothing of it was before the replacements.
const { errorCodeOf, run } = jest.requireActual<typeof command>("../../cli/commands/verify");
const fault = jest.requireActual<typeof faultCommand>("../../cli/commands/fault");

const folder = mkdtempSync(join(tmpdir(), "verify-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What a tour comes to. */
function sees(status: CheckResult["status"]): void {
  const results = [{ machine: "client-1 @ v4", network: "v4", check: "it works", status, evidence: "seen" }];
  tour.mockResolvedValue({ report: { lab: "lab", passed: status !== "fail", results }, grid: [], packets: new Map() });
}

let said: string[];
beforeEach(() => {
  jest.resetAllMocks();
  readAccess.mockResolvedValue(labOf(allScenarios));
  said = [];
  jest.spyOn(console, "log").mockImplementation((line: string) => said.push(line));
});

describe("verify", () => {
  it.each<[CheckResult["status"], number]>([
    ["pass", 0],
    ["fail", 1],
    ["skipped", 2],
    ["warning", 3],
  ])("on a tour whose one row is %s ends with %i", async (status, code) => {
    sees(status);
    expect(await run(["--network", "all"])).toBe(code);
    expect(said.join()).toContain("it works");
  });

  it.each([
    ["as long as it is told to", ["--wait", "60"], { wait: 60 }],
    ["at once, where that is asked for", ["--wait", "0"], { wait: 0 }],
  ])("looks on each network %s", async (_how, words, expected) => {
    sees("pass");
    await run(["--network", "all", ...words]);
    expect(tour.mock.calls[0]?.[3]).toMatchObject(expected);
  });

  it("leaves the wait on each network to the tour where nothing is said", async () => {
    sees("pass");
    await run(["--network", "all"]);
    expect(tour.mock.calls[0]?.[3]).not.toHaveProperty("wait");
  });

  it.each([
    [["--wait", "soon"], "--wait soon: it takes a number of seconds."],
    [["--wait", "-1"], "--wait -1: it takes a number of seconds."],
    [["--pause-on-fail"], "--pause-on-fail: it belongs to --network"],
  ])("refuses what it would not heed: %j", async (words, why) => {
    // As one word: what begins with a hyphen is an option otherwise.
    await expect(run([words.join("=")])).rejects.toThrow(why);
    expect(readAccess).not.toHaveBeenCalled();
  });

  it("that comes to no report leaves none of an earlier run", async () => {
    const [page, junit] = [join(folder, "page.html"), join(folder, "junit.xml")];
    for (const file of [page, junit]) writeFileSync(file, "yesterday");
    readAccess.mockRejectedValue(new UserError("There is no lab."));
    await expect(run(["--html", page, "--junit", junit])).rejects.toThrow("There is no lab.");
    expect([existsSync(page), existsSync(junit)]).toEqual([false, false]);
    expect(errorCodeOf()).toBe(2);
  });

  it("writes what it has seen", async () => {
    sees("fail");
    const junit = join(folder, "now.xml");
    await run(["--network", "all", "--junit", junit]);
    expect(readFileSync(junit, "utf8")).toContain('failures="1"');
  });
});

describe("fault", () => {
  it.each([
    [["on", "v4-blackhole", "--json"], "--json: it belongs to list."],
    [["list", "--client", "client-1"], "--client: it belongs to on and off."],
    [["off", "v4-blackhole", "--to", "a.test"], "--to: it belongs to on"],
  ])("refuses what it would not heed: %j", async (words, why) => {
    await expect(fault.run(words)).rejects.toThrow(why);
  });
});
