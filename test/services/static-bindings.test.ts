/** bindings/static-bindings.sh against a table that behaves as Jool's does: an address is in it once, on either side. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = readFileSync(join(__dirname, "../../services/bindings/static-bindings.sh"), "utf8");

/** jool-bib(8), as far as the script asks for it. The table's lines are `PROTOCOL IPv6#PORT IPv4#PORT STATIC`. */
const jool = String.raw`#!/bin/bash
table=$(dirname "$0")/table
[[ $1 == bib ]] || exit 1
case $2 in
  display)
    awk -v protocol="$(tr a-z A-Z <<<"${"${6#--}"}")" '$1 == protocol { gsub("#", ",", $0); print $1 "," $2 "," $3 "," $4 }' "$table"
    ;;
  add)
    protocol=$(tr a-z A-Z <<<"${"${3#--}"}")
    [[ $5 == 192.0.2.1#* ]] || { echo "$5 does not belong to pool4." >&2; exit 1; }
    if grep -qE "^$protocol ($4 |.* $5 )" "$table"; then echo "Entry collides" >&2; exit 1; fi
    echo "$protocol $4 $5 1" >>"$table"
    ;;
  remove)
    protocol=$(tr a-z A-Z <<<"${"${3#--}"}")
    if [[ $# == 5 ]]; then pattern="^$protocol $4 $5 "; else pattern="^$protocol ($4 |.* $4 )"; fi
    grep -qE "$pattern" "$table" || { echo "The entry wasn't in the database." >&2; exit 1; }
    grep -vE "$pattern" "$table" >"$table.new"; mv "$table.new" "$table"
    ;;
esac
`;

/** What the table has after the script was called. */
function after(verb: string, wanted: readonly string[], table: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "bindings-"));
  try {
    const file = join(folder, "wanted");
    writeFileSync(join(folder, "jool"), jool, { mode: 0o755 });
    writeFileSync(join(folder, "table"), table.map((line) => `${line}\n`).join(""));
    writeFileSync(file, ["# A head.", ...wanted].map((line) => `${line}\n`).join(""));
    const { status, stdout, stderr } = spawnSync("bash", ["-s", "--", verb], {
      input: script.replace(/^file=.*$/m, `file=${file}`),
      env: { PATH: `${folder}:${process.env.PATH ?? ""}` },
      encoding: "utf8",
    });
    const lines = readFileSync(join(folder, "table"), "utf8").trimEnd().split("\n").sort();
    return { status, stdout, stderr, table: lines.filter((line) => line !== "") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const web = "tcp fd00::1#80 192.0.2.1#61080";
const names = "udp fd00::1#53 192.0.2.1#61053";
const laid = ["TCP fd00::1#80 192.0.2.1#61080 1", "UDP fd00::1#53 192.0.2.1#61053 1"];
const others = "TCP fd00::2#40000 192.0.2.1#61001 0";

describe("static bindings on the gateway", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["are laid down in an empty table", [], laid],
    ["are left as they are", laid, laid],
    ["leave others' connections alone", [others], [others, ...laid]],
    ["take the place of a connection that has the port outside", ["TCP fd00::2#40000 192.0.2.1#61080 0"], laid],
    ["take the place of a connection that has the port inside", ["UDP fd00::1#53 192.0.2.1#61007 0"], laid],
    ["are all there is of static ones", ["TCP fd00::1#22 192.0.2.1#61022 1", ...laid], laid],
    ["lead elsewhere in place", ["TCP fd00::1#81 192.0.2.1#61080 1"], laid],
    ["move to another port in place", ["TCP fd00::1#80 192.0.2.1#61081 1"], laid],
  ])("%s", (_what, before, expected) => {
    const { status, stderr, table } = after("lay", [web, names], before);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(table).toEqual([...expected].sort());
  });

  it("are shown as their file has them, connections left out", () => {
    expect(after("show", [], [others, ...laid]).stdout).toBe(`${web}\n${names}\n`);
  });

  it("are taken away, and nothing else", () => {
    expect(after("remove", [web, names], [others, ...laid]).table).toEqual([others]);
  });

  it("say so when Jool does not take one", () => {
    const { status, stderr } = after("lay", ["tcp fd00::1#80 198.51.100.9#61080"], []);
    expect(status).not.toBe(0);
    expect(stderr).toContain("does not belong to pool4");
  });
});
