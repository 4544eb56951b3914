import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianMirror, parseDeb822, parseOneLine, readAptSources } from "../../provider/image/apt-sources";
import { temporaryFolder } from "./context";

describe("the mirror of this machine", () => {
  it("is found in one-line sources, past options, comments and source packages", () => {
    const entries = parseOneLine(
      [
        "# deb http://commented.example/debian trixie main",
        "deb-src http://sources.example/debian trixie main",
        "deb [signed-by=/usr/share/keyrings/x.gpg arch=amd64] http://mirror.example/debian trixie main contrib # ours",
      ].join("\n"),
    );
    expect(entries).toEqual([
      { uri: "http://mirror.example/debian", suites: ["trixie"], components: ["main", "contrib"] },
    ]);
    expect(debianMirror(entries)).toBe("http://mirror.example/debian");
  });

  it("is found in deb822 sources, with folded fields and several URIs", () => {
    const entries = parseDeb822(
      [
        "Types: deb deb-src",
        "# a comment inside",
        "URIs: http://one.example/debian",
        " http://two.example/debian",
        "Suites: bookworm bookworm-updates",
        "Components: main",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
        "",
        "Enabled: no",
        "Types: deb",
        "URIs: http://off.example/debian",
        "Suites: trixie",
        "Components: main",
      ].join("\n"),
    );
    expect(entries.map(({ uri }) => uri)).toEqual(["http://one.example/debian", "http://two.example/debian"]);
    expect(debianMirror(entries)).toBe("http://one.example/debian");
  });

  it.each([
    ["a security archive", "deb http://mirror.example/debian-security trixie-security main"],
    ["another distribution's archive", "deb http://mirror.example/ubuntu noble main universe"],
    ["a vendor's archive", "deb https://vendor.example/apt nodistro main"],
    ["a disk", "deb cdrom:[Debian]/ trixie main"],
  ])("is not %s", (_what, line) => {
    expect(debianMirror(parseOneLine(line))).toBeUndefined();
  });

  it("is read from all files of apt's folder, in apt's order", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder.path, "sources.list.d"));
    writeFileSync(join(folder.path, "sources.list"), "deb http://first.example/debian trixie main\n");
    writeFileSync(
      join(folder.path, "sources.list.d", "debian.sources"),
      "Types: deb\nURIs: http://second.example/debian\nSuites: trixie\nComponents: main\n",
    );
    writeFileSync(join(folder.path, "sources.list.d", "ignored.save"), "deb http://third.example/debian trixie main\n");
    expect(readAptSources(folder.path).map(({ uri }) => uri)).toEqual([
      "http://first.example/debian",
      "http://second.example/debian",
    ]);
    folder.remove();
  });

  it("is unknown where apt is not", () => {
    expect(debianMirror(readAptSources("/nonexistent"))).toBeUndefined();
  });
});
