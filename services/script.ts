/** The scripts that run on the gateway, each put together from what all services share and a piece for each of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { services } from ".";

/** Lays a bundle down: `bundleText` on standard input. */
export function applyScript(): string {
  return `${shared()}${read("apply.sh")}apply\n`;
}

/** Says in what the gateway differs from a bundle, a line each: `outlineText` on standard input. Changes nothing. */
export function lookScript(): string {
  return `${shared()}look\n`;
}

function shared(): string {
  return ["core.sh", ...services.map(({ name }) => `${name}.sh`)].map(read).join("");
}

function read(file: string): string {
  return readFileSync(join(__dirname, file), "utf8");
}
