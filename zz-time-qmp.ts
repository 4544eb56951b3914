import { ask } from "./provider/qemu/qmp";
async function main() {
  const [socket = "", line = ""] = process.argv.slice(2);
  console.log(await ask(socket, [{ execute: "human-monitor-command", arguments: { "command-line": line } }]));
}
void main();
