/** What exec says where a run, or a tour, comes to no end. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as command from "../../cli/commands/exec";
import { UserError } from "../../host/messages";
import { ConnectionLostError } from "../../ssh/connection";
import type { LabAccess } from "../../verify/access";
import { recorded } from "../exec/recorded";
import { allScenarios } from "../fixtures/plan";
import { labOf } from "../verify/fixtures";

const lab = labOf(allScenarios, "exec-words");
const execute = jest.fn<Promise<unknown>, unknown[]>();
const visiting = jest.fn<Promise<unknown>, unknown[]>();
/** Where client-1 is when the run has ended. */
let endsOn: string;
// This process's own would keep it from ending.
jest.doMock("../../cli/program-streams", () => ({ streamsOf: () => ({}), onSignals: () => () => undefined }));
jest.doMock("../../exec", () => ({ execute }));
jest.doMock("../../cli/recorded-access", () => ({ readAccess: () => Promise.resolve(lab) }));
jest.doMock("../../cli/setup", () => ({ setUp: () => Promise.resolve({}) }));
jest.doMock("../../cli/pulumi", () => ({ requireNoLock: () => undefined }));
jest.doMock("../../cli/whereabouts", () => ({
  withWhereabouts: (found: LabAccess) =>
    Promise.resolve({ ...found, clients: found.clients.map((each) => ({ ...each, network: endsOn })) }),
}));
jest.doMock("../../cli/tour", () => ({
  ...jest.requireActual<object>("../../cli/tour"),
  visiting,
}));
const { errorCodeOf, run } = jest.requireActual<typeof command>("../../cli/commands/exec");

const folder = mkdtempSync(join(tmpdir(), "exec-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let said: string;
beforeEach(() => {
  jest.resetAllMocks();
  endsOn = "nat64";
  said = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});

const program = ["--", "curl", "http://app.example/"];

describe("exec", () => {
  it("refuses to speak of a program whose client was moved while it ran, and says from where to where", async () => {
    execute.mockImplementation(() => {
      endsOn = "dual";
      return Promise.reject(new ConnectionLostError("The SSH connection was lost while this ran"));
    });
    const ended = run(["--client", "client-1", ...program]);
    await expect(ended).rejects.toBeInstanceOf(UserError);
    await expect(ended).rejects.toThrow(
      /^client-1 was moved from nat64 to dual while the program ran: what it met is of no one network/,
    );
  });

  it("tells of a folder for reports that cannot be, and of a time limit that no timer counts, before anything runs", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await expect(run(["--report", join(file, "reports"), ...program])).rejects.toThrow(
      /^--report .*file\/reports: no reports can be written there \(.*ENOTDIR/,
    );
    for (const seconds of ["9999999", "-5", "soon", ""])
      await expect(run([`--timeout=${seconds}`, ...program])).rejects.toThrow(
        /^--timeout .*: it takes a number of seconds/,
      );
    expect(execute).not.toHaveBeenCalled();
  });

  it("ends with a code of its own where it comes to no run, and with the verdict's 2 where that was asked for", () => {
    expect(errorCodeOf(program)).toBe(125);
    expect(errorCodeOf(["--client", "client-1", "--verdict-code", ...program])).toBe(2);
    // It may be the program's own.
    expect(errorCodeOf([...program, "--verdict-code"])).toBe(125);
  });

  it("says of a client that was lost where it was what ended the connection, and who tells more", async () => {
    execute.mockRejectedValue(new ConnectionLostError("Keepalive timeout"));
    await expect(run(program)).rejects.toThrow(
      /^client-1 was lost while the program ran \(Keepalive timeout\)\. .* npm run status -- --stack exec-words tells more\.$/,
    );
  });

  it("tells the runs on networks before a tour ended, without a comparison and without a report as a file", async () => {
    const there = recorded("curl-both");
    const broken = { at: lab.promised.networks[1], error: new UserError("client-1 does not answer: no") };
    visiting.mockResolvedValue({ done: [there, there], broken });
    const page = join(folder, "page.html");
    await expect(run(["--network", "all", "--html", page, ...program])).rejects.toThrow("client-1 does not answer: no");
    expect(said.match(/^── /gm)).toHaveLength(2);
    expect(said).not.toMatch(/every one of them|needs IPv4/);
    expect(existsSync(page)).toBe(false);
  });
});
