/**
 * What the services of the gateway consist of: files, and which service each belongs to. A bundle is text, so that
 * `pulumi preview --diff` shows the very lines that will change on the gateway.
 */

/** The units that apply.sh knows how to check, reload and restart. */
export type ServiceName = "sysctl" | "nftables" | "jool" | "unbound" | "radvd" | "kea";

export interface BundleFile {
  readonly service: ServiceName;
  /** Absolute path on the gateway. */
  readonly path: string;
  /** Octal, e.g. `0644`. */
  readonly mode: string;
  readonly content: string;
}

export interface Bundle {
  /** Sorted by path. */
  readonly files: readonly BundleFile[];
  /** Services that run; one that is absent (Kea with `dhcpv6.mode: off`) is stopped and disabled. */
  readonly enabled: readonly ServiceName[];
  /** SHA-256 over everything above. */
  readonly digest: string;
}
