/** The decisions of a lab of QEMU machines. */
import type { DiskImagePlan } from "./model";
import type { PlatformDecisions } from "./platform";
import type { LabConfig } from "./schema";
import { hasSlirpUplink, slirpHost, slirpHostIpv6 } from "./slirp";
import { sortedUnique } from "./sorted";

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

export function qemuDecisions(
  config: LabConfig,
  { accelerator }: Extract<LabConfig["platform"], { kind: "qemu" }>,
): PlatformDecisions {
  const image = diskImagePlan(config.image);
  const { kind, bridge = "" } = config.uplink;
  return {
    plan: () => ({ kind: "qemu", accelerator, image, uplink: kind === "nat" ? { kind } : { kind, bridge } }),
    macRange: "local",
    guest:
      image.kind === "build"
        ? { kind: "complete", jool: image.jool }
        : { kind: "generic", extraPackages: image.extraPackages },
    uplinkIpv4: { kind: "dhcp" },
    management: kind === "bridged",
    // The management card is on such a network too, without any IPv6.
    hostNetworks: { ipv4: [slirpHost], ipv6: hasSlirpUplink(config) ? slirpHostIpv6 : [] },
  };
}
