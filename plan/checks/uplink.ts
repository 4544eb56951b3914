import { parseIpv6Prefix } from "../prefix";
import type { LabConfig } from "../schema";
import { isDocumentation, isUniqueLocal } from "../address-space";
import { warning, when, type Check, type Finding } from "./finding";

function nativePrefixFindings({ uplink, lan }: LabConfig): readonly Finding[] {
  const prefix = parseIpv6Prefix(lan.prefix);
  return when(uplink.ipv6 === "native" && (isUniqueLocal(prefix) || isDocumentation(prefix)), () =>
    warning(
      "lan.prefix",
      lan.prefix,
      "is not routed in the Internet, and uplink.ipv6 is native: clients reach IPv6 in your own network at most.",
      "Take a global prefix that your router routes to the gateway, or write uplink.ipv6: nat66",
    ),
  );
}

export const uplinkChecks: readonly Check[] = [{ reads: ["uplink", "lan"], find: nativePrefixFindings }];
