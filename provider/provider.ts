/** The provider `lab`: which handler makes which type of resource. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceHandler } from "../plugin/handler";
import { gatewayStateHandler } from "./gateway-state";
import { imageHandler } from "./image";
import { keyPairHandler } from "./key-pair";
import { lanSegmentHandler } from "./lan-segment";
import type { ProviderDefinition } from "../plugin/provider-service";
import { verificationHandler } from "./verification";
import { virtualMachineHandler } from "./virtual-machine";
import { vsphereGuestHandler } from "./vsphere-guest";

const handlers: ReadonlyMap<string, ResourceHandler> = new Map([
  ["lab:index:KeyPair", keyPairHandler],
  ["lab:index:Image", imageHandler],
  ["lab:index:LanSegment", lanSegmentHandler],
  ["lab:index:VirtualMachine", virtualMachineHandler],
  ["lab:index:GatewayState", gatewayStateHandler],
  ["lab:index:Verification", verificationHandler],
  ["lab:index:VsphereGuest", vsphereGuestHandler],
]);

export const labProvider: ProviderDefinition = {
  version: "0.1.0",
  schema: () => readFileSync(join(__dirname, "schema.json"), "utf8"),
  handlers,
};
