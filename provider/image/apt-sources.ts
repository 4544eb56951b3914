/** Which Debian mirror this machine itself uses: the one that a guest image is made from unless the plan names one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface AptEntry {
  /** `http`, `https`, … URI of the archive's root. */
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

/** Suites of the main archive: security and other archives lie elsewhere and hold only a part. */
const debianSuite =
  /^(debian\/)?(oldoldstable|oldstable|stable|testing|unstable|sid|buster|bullseye|bookworm|trixie|forky)$/;

/** Entries of one-line style, `deb [options] URI SUITE COMPONENT…` (sources.list(5)). */
export function parseOneLine(text: string): AptEntry[] {
  return text.split("\n").flatMap((line) => {
    const [, uri, suite, components] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line) ?? [];
    if (uri === undefined || suite === undefined) return [];
    return [{ uri, suites: [suite], components: words(components ?? "") }];
  });
}

/** Entries of deb822 style: stanzas of `Key: value`, with folded lines and comments (sources.list(5)). */
export function parseDeb822(text: string): AptEntry[] {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n")
    .split(/\n\s*\n/)
    .map(parseStanza)
    .filter((fields) => words(fields.get("types") ?? "").includes("deb") && isEnabled(fields.get("enabled")))
    .flatMap((fields) =>
      words(fields.get("uris") ?? "").map((uri) => ({
        uri,
        suites: words(fields.get("suites") ?? ""),
        components: words(fields.get("components") ?? ""),
      })),
    );
}

/** The first http(s) archive that holds Debian's main component; undefined on a machine that is not Debian. */
export function debianMirror(entries: readonly AptEntry[]): string | undefined {
  return entries.find(
    ({ uri, suites, components }) =>
      /^https?:\/\//.test(uri) && components.includes("main") && suites.some((suite) => debianSuite.test(suite)),
  )?.uri;
}

/** Reads every source of this machine, in apt's order. A folder that is not there has none. */
export function readAptSources(folder = "/etc/apt"): AptEntry[] {
  const parts = list(join(folder, "sources.list.d")).map((name) => join(folder, "sources.list.d", name));
  return [join(folder, "sources.list"), ...parts].flatMap((path) => {
    if (path.endsWith(".sources")) return parseDeb822(read(path));
    return path.endsWith(".list") ? parseOneLine(read(path)) : [];
  });
}

function parseStanza(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let key = "";
  for (const line of stanza.split("\n")) {
    const [, name, value] = /^([A-Za-z0-9-]+):(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) {
      key = name.toLowerCase();
      fields.set(key, value);
    } else if (/^\s/.test(line)) {
      fields.set(key, `${fields.get(key) ?? ""} ${line.trim()}`);
    }
  }
  return fields;
}

function isEnabled(value: string | undefined): boolean {
  return !/^\s*(no|false|without|off|disable)\s*$/i.test(value ?? "yes");
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
