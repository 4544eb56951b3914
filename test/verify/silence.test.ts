/** What is told of a client that says nothing more. */
import { LateError } from "../../host/deadline";
import type { SshConnection } from "../../ssh";
import { silence } from "../../verify/silence";
import { access } from "./fixtures";

const late = new Error("client.sh told nothing: The command did not end within 60 s: bash", {
  cause: new LateError("The command did not end within 60 s: bash"),
});

/** Of a client to which, and from which, messages of some size come through. */
async function told(error: Error, comes: (command: string, octets: number) => boolean | Error) {
  const [client] = access.clients;
  if (client === undefined) throw new Error("The fixture has a client.");
  let open = 0;
  const exec = (command: string, { stdin = "" }: { readonly stdin?: string }) => {
    const came = comes(command, stdin.length);
    if (came instanceof Error) return Promise.reject(came);
    return came ? Promise.resolve({ code: 0, stdout: "", stderr: "" }) : Promise.reject(new LateError("late"));
  };
  const dial = () => {
    open += 1;
    return Promise.resolve({ exec, close: () => (open -= 1) } as unknown as SshConnection);
  };
  const row = await silence(access, client, error, dial);
  expect(open).toBe(0);
  expect(row).toMatchObject({ machine: "client-1", network: "lan", status: "fail", unasked: true });
  return { evidence: row.evidence, remedy: row.remedy ?? "" };
}

describe("a client that says nothing more", () => {
  it.each<[string, (command: string, octets: number) => boolean]>([
    ["to", (_command, octets) => octets < 1280],
    ["from", (command) => !command.startsWith("head")],
  ])("and answers something small loses what is large on its way %s it", async (way, comes) => {
    const { evidence, remedy } = await told(late, comes);
    expect(evidence).toBe(
      `${late.message}; then it answered something small, and 16384 octets were lost on their way ${way} it`,
    );
    expect(remedy).toMatch(
      /^Small messages come through, large ones do not.*nft list ruleset.*gateway, npm run up -- --stack dev puts right/,
    );
  });

  it("and answers everything then lacks something, or was late", async () => {
    const { evidence, remedy } = await told(late, () => true);
    expect(evidence).toMatch(/and something large$/);
    expect(remedy).toMatch(/^It works by now/);
  });

  it.each<[string, () => boolean | Error]>([
    ["nothing small either", () => false],
    ["with a lost connection", () => new Error("The connection was lost")],
  ])("and answers %s hangs, and its console is shown", async (_what, comes) => {
    const { evidence, remedy } = await told(late, comes);
    expect(evidence).toBe(late.message);
    expect(remedy).toMatch(/^It hangs/);
  });

  it("is not asked again where it did answer, with what nobody understands", async () => {
    const asked: string[] = [];
    const { remedy } = await told(new Error("no section"), (command) => asked.push(command) > 0);
    expect(asked).toEqual([]);
    expect(remedy).toMatch(/^It hangs, or lacks/);
  });
});
