/**
 * The configuration below `ipv6-only-lab:` in Pulumi.<stack>.yaml: every key with its unit, default and source. The
 * JSON Schema for editors and the tables in the documentation are made from here (`npm run schema`).
 */
import { z } from "zod";
import { clientDefaults, clients, gateway, image, platform, ssh, verify } from "./machines";
import { dhcpv6, dns, lan, nat64, routerAdvertisements, uplink } from "./network";

export const configSchema = z.strictObject({
  platform,
  lan,
  nat64,
  dns,
  routerAdvertisements,
  dhcpv6,
  uplink,
  gateway,
  clients,
  clientDefaults,
  image,
  ssh,
  verify,
});

/** A configuration with its defaults filled in and its texts in canonical form. */
export type LabConfig = z.output<typeof configSchema>;
