/** What a guest image is made from. The digest of it all is the image's name in the cache. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { BuiltImagePlan } from "../../plan/model";
import { canonical } from "../../plugin/handler";

/** Everything that decides what is in an image. */
export interface Recipe {
  readonly release: string;
  /** Undefined: the mirror that this machine's apt uses, which holds the same packages and so is no part of the name. */
  readonly mirror: string | undefined;
  readonly jool: BuiltImagePlan["jool"];
  /** Debian's name of the processor architecture. */
  readonly architecture: string;
  /** Sorted. */
  readonly packages: readonly string[];
  /** Paths, as patterns, that packages bring and no guest uses. */
  readonly leftOut: readonly string[];
  /** Exceptions from `leftOut`. */
  readonly kept: readonly string[];
  /** What the packages' installation scripts find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly kernelArguments: string;
  /** Digests of the scripts and the guest's files, by path. */
  readonly scripts: Readonly<Record<string, string>>;
}

/** What differs between processor architectures. */
const architectures: Readonly<Record<string, { debian: string; console: string }>> = {
  x64: { debian: "amd64", console: "ttyS0" },
  arm64: { debian: "arm64", console: "ttyAMA0" },
};

/**
 * What both roles need, one image boots as a gateway or as a client, and what Debian's own cloud image has: programs are
 * tried here as they will run there. The kernel's packages carry the architecture.
 */
const packages = [
  // What the lab stands on.
  ...[
    "bind9-dnsutils",
    "busybox-static",
    "cloud-init",
    "curl",
    "dns-root-data",
    "ethtool",
    "iproute2",
    "iputils-ping",
    "jool-dkms",
  ],
  ...[
    "jool-tools",
    "kea-dhcp4-server",
    "kea-dhcp6-server",
    "netplan.io",
    "nftables",
    "openssh-server",
    "radvd",
    "unbound",
  ],
  // What tells what a program does (exec/).
  "strace",
  // A client's CLAT. clatd asks networkd in JSON, without depending on the module for it; jq reads the same (cloud-init/).
  ...["clatd", "jq", "libjson-perl"],
  // The simulated internet, on a gateway.
  ...["ldnsutils", "microsocks", "nginx", "nsd", "openssl", "tinyproxy-bin"],
  // Debian's cloud image.
  ...["apparmor", "apt-utils", "bash-completion", "bsdextrautils", "ca-certificates", "cloud-guest-utils", "cpio"],
  ...["dbus", "dbus-user-session", "dmidecode", "e2fsprogs", "fdisk", "file", "init", "iputils-tracepath", "kmod"],
  ...[
    "less",
    "libnss-myhostname",
    "libnss-resolve",
    "libpam-systemd",
    "linux-sysctl-defaults",
    "locales-all",
    "logrotate",
    "lsof",
    "man-db",
  ],
  ...["manpages", "media-types", "nano", "netbase", "netcat-openbsd", "openssh-client", "pciutils", "polkitd"],
  ...[
    "procps",
    "psmisc",
    "python3",
    "qemu-guest-agent",
    "screen",
    "sensible-utils",
    "socat",
    "sudo",
    "systemd-resolved",
  ],
  ...["systemd-sysv", "systemd-timesyncd", "tcpdump", "traceroute", "tzdata", "ucf", "udev", "uuid-runtime"],
  ...["vim-tiny", "wget", "xz-utils"],
];

const scriptFolder = __dirname;

export function recipeOf(plan: BuiltImagePlan, machine: string = process.arch): Recipe {
  const architecture = architectures[machine];
  if (architecture === undefined) {
    throw new Error(`No guest image can be made for a processor of the kind ${machine}; known: x64, arm64.`);
  }
  const { debian, console } = architecture;
  const kernel = [`linux-image-cloud-${debian}`, `linux-headers-cloud-${debian}`];
  return {
    release: plan.release,
    mirror: plan.mirror,
    jool: plan.jool,
    architecture: debian,
    leftOut: leftOut(debian),
    kept: kept(debian),
    // The image's own initrd is enough, and the module needs no debug information.
    environment: { INITRD: "No", KCFLAGS: "-g0" },
    packages: [...new Set([...packages, ...kernel, ...plan.extraPackages])].sort(),
    // An oops restarts the machine instead of leaving it half alive; the console log keeps what it said.
    kernelArguments: `root=LABEL=root rw console=${console} loglevel=5 oops=panic panic=-1`,
    scripts: scriptDigests(scriptFolder),
  };
}

/** Only what a build of one module does not read, a fifth of all files. */
function leftOut(architecture: string): readonly string[] {
  return [
    // Headers of other processors, and the thousands of empty files by which the kernel's own build sees changes.
    ...["/usr/src/linux-headers-*-common/arch/*", `/usr/src/linux-headers-*-${architecture}/include/config/*`],
    // The kernel's type information, without which modules are built without it too.
    `/usr/src/linux-headers-*-${architecture}/vmlinux`,
    // A module is compiled without link-time optimization and without sanitizers.
    ...["/usr/libexec/gcc/*/lto1", "/usr/bin/*-lto-dump*", "/usr/lib/*/lib*san.so.*"],
  ];
}

function kept(architecture: string): readonly string[] {
  const config = `/usr/src/linux-headers-*-${architecture}/include/config`;
  return [
    `/usr/src/linux-headers-*-common/arch/${architecture === "amd64" ? "x86" : architecture}*`,
    ...[`${config}/auto.conf*`, `${config}/kernel.release`],
  ];
}

/** 32 hexadecimal digits: enough that no two recipes meet, short enough to read. */
export function recipeDigest(recipe: Recipe): string {
  return createHash("sha256").update(canonical(recipe)).digest("hex").slice(0, 32);
}

/**
 * Everything beside this file that gets into the guest or makes it: shell scripts, and the guest's own files. What an
 * editor keeps there while it has one of them open (`.NAME.swp`, `.#NAME`, `NAME~`) makes no other image.
 */
export function scriptDigests(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.endsWith(".ts") && !/^\.|~$/.test(basename(name)))
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort();
  return Object.fromEntries(
    files.map((path) => [relative(folder, path), createHash("sha256").update(readFileSync(path)).digest("hex")]),
  );
}
