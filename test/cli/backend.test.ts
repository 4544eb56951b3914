import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensurePassphrase } from "../../cli/backend";
import { projectName } from "../../cli/project";
import { type StatePaths, statePaths } from "../../host/paths";
import { temporaryFolder } from "../provider/context";

let folder: ReturnType<typeof temporaryFolder>;
let state: StatePaths;

beforeEach(() => {
  folder = temporaryFolder();
  state = statePaths(folder.path);
});
afterEach(() => {
  folder.remove();
});

const leave = (text: string): void => {
  mkdirSync(state.folder, { recursive: true });
  writeFileSync(state.passphrase, text);
};
const leaveStack = (): void => {
  const stacks = join(state.backend, ".pulumi", "stacks", projectName());
  mkdirSync(stacks, { recursive: true });
  writeFileSync(join(stacks, "dev.json"), "{}");
};

describe("the passphrase of the stacks", () => {
  it("is made once, for this user alone, with nothing beside it", () => {
    expect(ensurePassphrase(state)).toBe(state.passphrase);
    const text = readFileSync(state.passphrase, "utf8");
    expect(text).toMatch(/^[\w-]{43}\n$/);
    expect(statSync(state.passphrase).mode & 0o777).toBe(0o600);
    ensurePassphrase(state);
    expect(readFileSync(state.passphrase, "utf8")).toBe(text);
    expect(readdirSync(dirname(state.passphrase))).toEqual(["passphrase"]);
  });

  it("is made anew when a full disk has left an empty file, and nothing is encrypted yet", () => {
    leave("");
    expect(readFileSync(ensurePassphrase(state), "utf8")).toMatch(/^[\w-]{43}\n$/);
  });

  it("is not taken from an empty file when stacks are encrypted, and the file stays", () => {
    leave("\n");
    leaveStack();
    expect(() => ensurePassphrase(state)).toThrow(/passphrase is empty, and the stacks dev .* are encrypted with it/);
    expect(readFileSync(state.passphrase, "utf8")).toBe("\n");
  });

  it("is missed when its file is gone and stacks are encrypted", () => {
    leaveStack();
    expect(() => ensurePassphrase(state)).toThrow(/passphrase is gone, and the stacks dev /);
    expect(existsSync(state.passphrase)).toBe(false);
  });
});
