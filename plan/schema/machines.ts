/** The sections that describe the machines: where they run, how big they are, what is on them, who looks at them. */
import { z } from "zod";
import { debianPackage, hostname, httpUrl, interfaceId, networkName, seconds, sha256, sshPublicKey } from "../fields";
import { vspherePlatform } from "./vsphere";

const qemuPlatform = z.strictObject({
  kind: z.enum(["qemu"]).default("qemu").describe("`qemu`: virtual machines on this machine, without root."),
  accelerator: z
    .enum(["auto", "kvm", "hvf", "tcg"])
    .default("auto")
    .describe(
      "`auto`: the best that a probe shows to work. `kvm` (Linux), `hvf` (macOS), `tcg` (software emulation) insist.",
    ),
});

export const platform = z
  .union([
    z.enum(["qemu", "vsphere"]).transform((kind, context) => {
      if (kind === "qemu") return { kind, accelerator: "auto" as const };
      const remedy = "Write `kind: vsphere` below it, and the keys that docs/configuration.md lists with it";
      context.addIssue({ code: "custom", message: "needs more than its name.", params: { remedy } });
      return z.NEVER;
    }),
    // Without a kind it is qemu's: only what says `vsphere` is judged as such.
    z.discriminatedUnion("kind", [qemuPlatform, vspherePlatform]),
  ])
  .prefault("qemu")
  .describe("Where the virtual machines run; `qemu` alone is short for `{kind: qemu}`.");

const memory = (minimum: number) => z.int().min(minimum).max(1_048_576);
const cpus = () => z.int().min(1).max(256);
const smallestClient = 256;

export const gateway = z.strictObject({
  memory: memory(384)
    .optional()
    .describe(
      "MiB. Unset: 512, or 1024 for a gateway that builds Jool itself (`image.jool: first-boot`), which needs it.",
    ),
  cpus: cpus().default(1).describe("Virtual CPUs. Under software emulation more than one is slower and less reliable."),
});

const client = z.strictObject({
  name: hostname().describe("Host name, unique in the lab."),
  memory: memory(smallestClient).optional().describe("MiB. Unset: `clientDefaults.memory`."),
  cpus: cpus().optional().describe("Virtual CPUs. Unset: `clientDefaults.cpus`."),
  interfaceId: interfaceId()
    .optional()
    .describe(
      "Fixed lower 64 bits of the client's address, e.g. `::10`. Unset: made from the MAC (EUI-64) or reserved by DHCPv6.",
    ),
  network: networkName().optional().describe("Which of `networks` it is on. Unset: the first."),
  option108: z
    .boolean()
    .optional()
    .describe("Does without IPv4 where the network offers that (DHCPv4 option 108, RFC 8925). Unset: false."),
  clat: z
    .boolean()
    .optional()
    .describe(
      "Has a CLAT (464XLAT, RFC 6877): programs find IPv4 where the network has a translator and no IPv4 of its own. Unset: false.",
    ),
});

/** Pulumi hands a bare number over as text. */
const clientCount = z.preprocess(
  (value) => (typeof value === "string" && /^-?(0|[1-9]\d{0,6})(\.\d+)?$/.test(value) ? Number(value) : value),
  z.int().min(1).max(10_000),
);

export const clients = z
  .union([clientCount, z.array(client).min(1).max(10_000)])
  .prefault(1)
  .describe("How many clients (`client-1`, `client-2`, …), or a list of them.");

export const clientDefaults = z.strictObject({
  memory: memory(smallestClient).default(512).describe("MiB."),
  cpus: cpus().default(1).describe("Virtual CPUs."),
});

export const image = z.strictObject({
  kind: z
    .enum(["build", "cloud"])
    .default("build")
    .describe("`build`: a small image made here by mmdebstrap. `cloud`: a distribution's cloud image."),
  release: z.enum(["trixie"]).optional().describe("Debian release, with `kind: build`. Unset: trixie (Debian 13)."),
  mirror: httpUrl().optional().describe("Package mirror, with `kind: build`. Unset: the one that this machine uses."),
  jool: z
    .enum(["prebuilt", "first-boot"])
    .optional()
    .describe(
      "With `kind: build`: Jool's kernel module is in the image (unset, `prebuilt`), or the gateway builds it.",
    ),
  location: z.string().min(1).optional().describe("File or URL of the qcow2 or raw image, with `kind: cloud`."),
  sha256: sha256().optional().describe("Digest of the file, with `kind: cloud`; required for a URL."),
  extraPackages: z.array(debianPackage()).prefault([]).describe("Debian packages beside those that the lab needs."),
});

export const ssh = z.strictObject({
  authorizedKeys: z
    .array(sshPublicKey())
    .prefault([])
    .describe("OpenSSH public keys that may log in as `lab`, beside the key that the lab makes for itself."),
});

export const verify = z.strictObject({
  url: httpUrl()
    .optional()
    .describe("What a client fetches to prove that it reaches IPv4. Unset: the guests' package mirror."),
  timeout: seconds(10, 86_400).default(600).describe("Seconds that the first `up` waits for the path to work."),
});
