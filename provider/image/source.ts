/** The image part of a plan, as it arrives from the engine. */
import { z } from "zod";
import type { DiskImagePlan } from "../../plan/model";

const packageName = z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, "is not a name of a Debian package");
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits");

const builtSchema = z.object({
  kind: z.literal("build"),
  release: z.literal("trixie"),
  mirror: z.url({ protocol: /^https?$/ }).nullish(),
  jool: z.enum(["prebuilt", "first-boot"]),
  extraPackages: z.array(packageName).default([]),
});

const cloudSchema = z.object({
  kind: z.literal("cloud"),
  location: z.string().min(1),
  sha256: sha256.nullish(),
  extraPackages: z.array(packageName).default([]),
});

/** Parses to an `DiskImagePlan`. A download without a digest is refused: nothing else tells a good file from a bad one. */
export const imageSourceSchema = z
  .discriminatedUnion("kind", [builtSchema, cloudSchema])
  .refine((source) => source.kind === "build" || !isUrl(source.location) || typeof source.sha256 === "string", {
    path: ["sha256"],
    message: "is required for an image that is downloaded",
  })
  .transform((source): DiskImagePlan =>
    source.kind === "build"
      ? { ...source, mirror: source.mirror ?? undefined }
      : { ...source, sha256: source.sha256 ?? undefined },
  );

export function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}
