/** `npm run setup`: makes everything ready and says what there is. */
import { say } from "../../host/messages";
import { setUp } from "../setup";

export async function run(): Promise<number> {
  const { toolchain, own } = await setUp();
  say(`Pulumi ${toolchain.version}: ${toolchain.pulumi}`);
  if (toolchain.kind === "modules") {
    say(
      "Stand-ins of this project in use: pulumi-language-nodejs, and the command plugin in a PULUMI_HOME of its own.",
    );
  }
  say(own === undefined ? "Backend: the one that you are logged in to." : `Backend: ${own.backend}`);
  return 0;
}
