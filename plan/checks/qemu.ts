import type { LabConfig } from "../schema";
import { error, when, type Check, type Finding } from "./finding";

/** Keys of `image` that only one of its kinds has. */
export const buildOnly = ["release", "mirror", "jool"] as const;
export const cloudOnly = ["location", "sha256"] as const;

function imageFindings({ image }: LabConfig): readonly Finding[] {
  const foreign = image.kind === "build" ? cloudOnly : buildOnly;
  const other = image.kind === "build" ? "cloud" : "build";
  const isUrl = /^https?:/.test(image.location ?? "");
  return [
    ...foreign.flatMap((name) =>
      when(image[name] !== undefined, () =>
        error(
          `image.${name}`,
          image[name],
          `belongs to kind ${other}, and this image is of kind ${image.kind}.`,
          `Remove it, or write image.kind: ${other}`,
        ),
      ),
    ),
    ...when(image.kind === "cloud" && image.location === undefined, () =>
      error("image.location", undefined, "is missing, and kind is cloud.", "Name the image's file or http(s) URL"),
    ),
    ...when(image.kind === "cloud" && isUrl && image.sha256 === undefined, () =>
      error(
        "image.sha256",
        undefined,
        "is missing, and location is a URL.",
        "Write the SHA-256 that its publisher gives",
      ),
    ),
  ];
}

function uplinkFindings({ uplink }: LabConfig): readonly Finding[] {
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

function onQemu(find: Check["find"]): Check["find"] {
  return (config) => (config.platform.kind === "qemu" ? find(config) : []);
}

export const qemuChecks: readonly Check[] = [
  { reads: ["platform", "image"], find: onQemu(imageFindings) },
  { reads: ["platform", "uplink"], find: onQemu(uplinkFindings) },
];
