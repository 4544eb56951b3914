/** docs/architecture.md shows the rooms as they are, and the lint rule holds the same order. */
import { readFileSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";

const project = join(__dirname, "..");
const read = (path: string): string => readFileSync(join(project, path), "utf8");
const page = read("docs/architecture.md");

/** What stands between the fences of a page's code blocks. */
const blocks = [...page.matchAll(/^```\n([^]*?)^```$/gm)].map(([, text = ""]) => text.trimEnd().split("\n"));

const rooms = [...(/^const rooms = \[([^]*?)\];/m.exec(read("eslint.config.mjs"))?.[1] ?? "").matchAll(/"(.+?)"/g)].map(
  ([, name = ""]) => name,
);

const sources = readdirSync(project, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|test$)/.test(entry.name))
  .flatMap(({ name }) =>
    readdirSync(join(project, name), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.includes("node_modules/"))
      .map((path) => posix.join(name, path)),
  );

const roomOf = (path: string): string => path.split("/")[0] ?? "";

/** The room of each import of a file that leads to another room. */
function neighbours(file: string): string[] {
  const imports = [...read(file).matchAll(/\b(?:from|import|require)\s*\(?\s*"([^"]+)"/g)].map(([, name = ""]) => name);
  return imports
    .flatMap((name) => {
      if (name.startsWith(".")) return [roomOf(posix.join(posix.dirname(file), name))];
      return name === "@pulumi/vsphere" ? ["sdks"] : [];
    })
    .filter((room) => room !== roomOf(file));
}

const arrows = new Map<string, Set<string>>();
for (const file of [...sources, "index.ts"]) {
  const from = roomOf(file);
  const to = arrows.get(from) ?? new Set();
  for (const room of neighbours(file)) to.add(room);
  arrows.set(from, to);
}

it("every folder with code is a room, and every room is a folder with code", () => {
  expect([...new Set(sources.map(roomOf))].sort()).toEqual([...rooms].sort());
});

it("the page lists the rooms in the order that the lint rule holds", () => {
  expect(blocks[0]?.map((line) => line.split(" ")[0])).toEqual(rooms);
});

it("the page shows every import from one room to another, and none that is not there", () => {
  const width = Math.max(...rooms.map((room) => room.length));
  const shown = ["index.ts", ...rooms].map((room) => {
    const targets = rooms.filter((target) => arrows.get(room)?.has(target) === true);
    return `${room.padEnd(width)} ─▶ ${targets.length === 0 ? "nothing" : targets.join(", ")}`;
  });
  expect(blocks[1]).toEqual(shown);
});

it("no import leads up", () => {
  const upwards = rooms.flatMap((room, above) =>
    [...rooms.slice(0, above), "index.ts"]
      .filter((higher) => arrows.get(room)?.has(higher) === true)
      .map((to) => `${room} imports ${to}`),
  );
  expect(upwards).toEqual([]);
});
