import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Parts of the program's text, only kept in files of their own, where shellcheck sees them. */
export const installGatewayScript = script("install-gateway.sh");
export const followTranslatorScript = script("follow-translator.sh");

function script(name: string): string {
  return readFileSync(join(__dirname, name), "utf8");
}
