import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Part of the program's text, only kept in a file of its own, where shellcheck sees it. */
export const installGatewayScript = readFileSync(join(__dirname, "install-gateway.sh"), "utf8");
