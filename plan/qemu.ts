/** The decisions of a lab of QEMU machines. */
import type { DiskImagePlan, GuestPlan, QemuPlatformPlan } from "./model";
import type { PlatformDecisions } from "./platform";
import type { LabConfig } from "./schema";
import { hasSlirpUplink, slirpHost, slirpHostIpv6 } from "./slirp";
import { sortedUnique } from "./sorted";

export type QemuConfig = Extract<LabConfig["platform"], { kind: "qemu" }>;

export function qemuPlatformPlan(
  { kind, accelerator }: QemuConfig,
  { image, uplink }: Pick<LabConfig, "image" | "uplink">,
): QemuPlatformPlan {
  return {
    kind,
    accelerator,
    image: diskImagePlan(image),
    uplink: uplink.kind === "nat" ? { kind: "nat" } : { kind: "bridged", bridge: uplink.bridge ?? "" },
  };
}

/** What the machines' disks are made from, also asked for before there is a lab. */
export function diskImagePlan(image: LabConfig["image"]): DiskImagePlan {
  const extraPackages = sortedUnique(image.extraPackages);
  switch (image.kind) {
    case "build":
      return {
        kind: "build",
        release: image.release ?? "trixie",
        mirror: image.mirror,
        jool: image.jool ?? "prebuilt",
        extraPackages,
      };
    case "cloud":
      return { kind: "cloud", location: image.location ?? "", sha256: image.sha256, extraPackages };
  }
}

export function qemuDecisions(config: Pick<LabConfig, "image" | "platform" | "uplink">): PlatformDecisions {
  const { image, uplink } = config;
  return {
    macRange: "local",
    guest: guest(diskImagePlan(image)),
    uplinkIpv4: { kind: "dhcp" },
    management: uplink.kind === "bridged",
    // The management card is on such a network too, without any IPv6.
    hostNetworks: { ipv4: [slirpHost], ipv6: hasSlirpUplink(config) ? slirpHostIpv6 : [] },
  };
}

function guest(image: DiskImagePlan): GuestPlan {
  return image.kind === "build"
    ? { kind: "complete", jool: image.jool }
    : { kind: "generic", extraPackages: image.extraPackages };
}
