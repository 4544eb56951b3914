import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { picturesAmong } from "../../cli/pictures";

it("takes what is a picture of what came back, and leaves what is none, is not there or is too large", () => {
  const folder = mkdtempSync(join(tmpdir(), "ipv6lab-pictures-"));
  try {
    writeFileSync(join(folder, "page.PNG"), "png");
    writeFileSync(join(folder, "log.txt"), "text");
    mkdirSync(join(folder, "folder.png"));
    writeFileSync(join(folder, "huge.jpg"), Buffer.alloc(8 * 1024 * 1024 + 1));
    expect(picturesAmong(["page.PNG", "log.txt", "folder.png", "huge.jpg", "missing.png"], folder)).toEqual([
      { name: "page.PNG", url: "data:image/png;base64,cG5n" },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
