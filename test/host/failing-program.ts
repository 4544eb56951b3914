/** Fails as a Pulumi program does and shows the error as Pulumi's runner does. */
import { createRequire } from "node:module";
import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";

createRequire(require.resolve("@pulumi/pulumi"))("source-map-support/register");

try {
  new pulumi.ComponentResource("ipv6lab:index:Test", "");
} catch (error) {
  console.log(inspect(error, { colors: true }));
}
