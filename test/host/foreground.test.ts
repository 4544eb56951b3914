import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { typescriptLoader } from "../../host/paths";

/** Runs a program for long, and tells how it ended. */
const program = `
  const { runInForeground } = require(${JSON.stringify(join(__dirname, "../../host/foreground.ts"))});
  const command = ["-e", "console.log('ready'); setTimeout(() => undefined, 60000)"];
  runInForeground(process.execPath, command, { cwd: "/", env: process.env })
    .then((code) => console.log("tidied up after " + code));`;

it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "who runs a program in the foreground ends it when %s comes, and still tidies up",
  async (name) => {
    const child = spawn(process.execPath, [...typescriptLoader, "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    await once(child.stdout, "data");
    child.kill(name);
    await once(child, "close");
    expect([output, child.exitCode]).toEqual(["ready\ntidied up after 130\n", 0]);
  },
  20_000,
);
