import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRoom } from "../../cli/report-files";
import { UserError } from "../../host/messages";

describe("a file that a command is to write in the end", () => {
  const folder = mkdtempSync(join(tmpdir(), "report-files-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("is fine where it can be made, and where none is asked for", () => {
    expect(() => {
      makeRoom({ "--html": join(folder, "page.html"), "--junit": undefined });
    }).not.toThrow();
  });

  it.each([
    ["in a folder that is not there", join(folder, "no", "page.html"), `there is no folder ${join(folder, "no")}`],
    ["that is a folder", folder, "that is a folder"],
    ["without a name", "", "it takes the name of a file"],
  ])("%s is refused before the work", (_what, file, why) => {
    const check = (): void => {
      makeRoom({ "--html": file });
    };
    expect(check).toThrow(UserError);
    expect(check).toThrow(`--html ${file || '""'}: ${why}.`);
  });

  it("is not there any more as an earlier run has left it, and others are not touched", () => {
    const [page, other] = [join(folder, "old.html"), join(folder, "other.xml")];
    for (const file of [page, other]) writeFileSync(file, "yesterday");
    makeRoom({ "--html": page, "--junit": undefined });
    expect([existsSync(page), readFileSync(other, "utf8")]).toEqual([false, "yesterday"]);
  });

  it("stays as it is where another one cannot be written", () => {
    const page = join(folder, "kept.html");
    writeFileSync(page, "yesterday");
    expect(() => {
      makeRoom({ "--html": page, "--junit": folder });
    }).toThrow("--junit");
    expect(readFileSync(page, "utf8")).toBe("yesterday");
  });

  it("may be a device, which stays", () => {
    makeRoom({ "--html": "/dev/null" });
    expect(existsSync("/dev/null")).toBe(true);
  });
});
