import { check, error, type Check } from "./finding";

/** Keys of `image` that only one of its kinds has. */
export const keysOfKind = { build: ["release", "mirror", "jool"], cloud: ["location", "sha256"] } as const;

export const qemuChecks: readonly Check[] = [
  check(["platform", "image"], function* ({ platform, image }) {
    if (platform.kind !== "qemu") return;
    const other = image.kind === "build" ? "cloud" : "build";
    for (const name of keysOfKind[other])
      if (image[name] !== undefined)
        yield error(
          `image.${name}`,
          `belongs to kind ${other}, and this image is of kind ${image.kind}.`,
          `Remove it, or write image.kind: ${other}`,
        );
    if (image.kind === "cloud" && image.location === undefined)
      yield error("image.location", "is missing, and kind is cloud.", "Name the image's file or http(s) URL");
    if (image.kind === "cloud" && /^https?:/.test(image.location ?? "") && image.sha256 === undefined)
      yield error("image.sha256", "is missing, and location is a URL.", "Write the SHA-256 that its publisher gives");
  }),

  check(["platform", "uplink"], function* ({ platform, uplink }) {
    if (platform.kind !== "qemu") return;
    if (uplink.kind === "bridged" && uplink.bridge === undefined)
      yield error("uplink.bridge", "is missing, and kind is bridged.", "Name the bridge to attach to, e.g. br0");
    if (uplink.kind === "nat" && uplink.bridge !== undefined)
      yield error("uplink.bridge", "has no meaning with kind nat.", "Remove it, or write kind: bridged");
    if (uplink.kind === "nat" && uplink.ipv6 === "native")
      yield error(
        "uplink.ipv6",
        "needs a router outside that routes the LAN prefix to the gateway; behind NAT there is none.",
        "Write nat66 or none, or attach the gateway with kind: bridged",
      );
  }),
];
