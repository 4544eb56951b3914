/**
 * The configuration below `ipv6-only-lab:` in Pulumi.<stack>.yaml: every key with its unit, default and source. The
 * JSON Schema for editors and the tables in the documentation are made from here (`npm run schema`).
 */
import { z } from "zod";
import { checks } from "./checks";
import { internet } from "./internet";
import { clientDefaults, clients, gateway, image, platform, ssh, verify } from "./machines";
import { dhcpv6, dns, lan, nat64, routerAdvertisements, uplink } from "./network";
import { networks } from "./networks";

export const configSchema = z.strictObject({
  platform,
  lan: lan.prefault({}).describe("The LAN segment: isolated, IPv6 only."),
  networks,
  nat64: nat64.prefault({}).describe("The translator, Jool (RFC 6146)."),
  dns: dns.prefault({}).describe("The resolver, unbound, with DNS64 (RFC 6147)."),
  routerAdvertisements: routerAdvertisements.prefault({}).describe("Router advertisements, radvd (RFC 4861)."),
  dhcpv6: dhcpv6.prefault({}).describe("DHCPv6, Kea (RFC 8415)."),
  uplink: uplink.prefault({}).describe("The gateway's way out."),
  internet: internet.prefault({}).describe("What lies behind the gateway: the real internet, or a simulated one."),
  gateway: gateway.prefault({}).describe("The gateway's size."),
  clients,
  clientDefaults: clientDefaults.prefault({}).describe("Size of every client that does not say otherwise."),
  image: image.prefault({}).describe("The guests' disk image."),
  ssh: ssh.prefault({}).describe("Logging in."),
  verify: verify.prefault({}).describe("The checks that end `up`."),
  checks,
});

/** A configuration with its defaults filled in and its texts in canonical form. */
export type LabConfig = z.output<typeof configSchema>;
