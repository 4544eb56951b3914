import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireWritable } from "../../cli/report-files";
import { UserError } from "../../host/messages";

describe("a file that a command is to write in the end", () => {
  const folder = mkdtempSync(join(tmpdir(), "report-files-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("is fine where it can be made, and where none is asked for", () => {
    expect(() => {
      requireWritable({ "--html": join(folder, "page.html"), "--junit": undefined });
    }).not.toThrow();
  });

  it.each([
    ["in a folder that is not there", join(folder, "no", "page.html"), `there is no folder ${join(folder, "no")}`],
    ["that is a folder", folder, "that is a folder"],
    ["without a name", "", "it takes the name of a file"],
  ])("%s is refused before the work", (_what, file, why) => {
    const check = (): void => {
      requireWritable({ "--html": file });
    };
    expect(check).toThrow(UserError);
    expect(check).toThrow(`--html ${file || '""'}: ${why}.`);
  });
});
