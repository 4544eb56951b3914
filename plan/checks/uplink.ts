import { parseIpv6Prefix } from "../prefix";
import type { LabConfig } from "../schema";
import { isDocumentation, isUniqueLocal } from "./address-space";
import { error, warning, when, type Check, type Finding } from "./finding";

function attachmentFindings({ uplink, platform }: LabConfig): readonly Finding[] {
  if (platform.kind === "vsphere") return vsphereFindings(uplink);
  return [
    ...when(uplink.kind === "bridged" && uplink.bridge === undefined, () =>
      error("uplink.bridge", undefined, "is missing, and kind is bridged.", "Name the bridge to attach to, e.g. br0"),
    ),
    ...when(uplink.kind === "nat" && uplink.bridge !== undefined, () =>
      error("uplink.bridge", uplink.bridge, "has no meaning with kind nat.", "Remove it, or write kind: bridged"),
    ),
    ...when(uplink.kind === "nat" && uplink.ipv6 === "native", () =>
      error(
        "uplink.ipv6",
        uplink.ipv6,
        "needs a router outside that routes the LAN prefix to the gateway; behind NAT there is none.",
        "Write nat66 or none, or attach the gateway with kind: bridged",
      ),
    ),
  ];
}

/** A port group of vCenter's is the way out there. */
function vsphereFindings(uplink: LabConfig["uplink"]): readonly Finding[] {
  const remedy = "Remove it; platform.uplinkNetwork names the gateway's way out";
  return [
    ...when(uplink.kind === "bridged", () =>
      error("uplink.kind", uplink.kind, "speaks of this machine, and the lab runs in a vCenter.", remedy),
    ),
    ...when(uplink.bridge !== undefined, () =>
      error("uplink.bridge", uplink.bridge, "is a bridge of this machine, and the lab runs in a vCenter.", remedy),
    ),
  ];
}

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

export const uplinkChecks: readonly Check[] = [
  { reads: ["uplink", "platform"], find: attachmentFindings },
  { reads: ["uplink", "lan"], find: nativePrefixFindings },
];
