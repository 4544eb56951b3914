/**
 * What the services of the gateway consist of: files, and which service each belongs to. A bundle is text, so that
 * `pulumi preview --diff` shows the very lines that will change on the gateway.
 */
import { createHash } from "node:crypto";
import type { LabPlan } from "../plan/model";
import { banner, lines } from "./text";

/**
 * One service of the gateway, in one file of this folder, and what apply.sh and core.sh need to know about it in a script
 * of the same name, NAME.sh, of functions (those in brackets may be left out):
 *
 * - `check_NAME`: the daemon's own checker accepts the files as they will be (`staged PATH`);
 * - `[derive_NAME]`: files that the gateway itself has a say in, each handed to `draft`;
 * - `[before_NAME]`: called before it starts, restarts or reloads;
 * - `reload_NAME`: the running daemon takes its new files, or what has drifted back in the kernel; a daemon that has
 *   drifted itself, or whose file somebody else has touched, is restarted instead;
 * - `[restore_NAME]`: the same with its old files after a failure; without it the unit is restarted;
 * - `serves_NAME`: it really serves;
 * - `drift_NAME`: says, a line each, in what the running service differs from its files.
 */
export interface Service {
  /** One word; the same in messages, in the bundle and in the script's functions. */
  readonly name: string;
  /** systemd's unit; undefined: what it sets is there without a process. */
  readonly unit?: string;
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Debian starts it as soon as its package is there, before anybody has laid down what it should do. */
  readonly startsWhenInstalled?: true;
  /** Its files; none: the plan does without it, and it is stopped and disabled. */
  readonly files: (plan: LabPlan) => readonly ServiceFile[];
}

export interface ServiceFile {
  /** Absolute path on the gateway. */
  readonly path: string;
  /** Octal, e.g. `0644`. */
  readonly mode: string;
  /** Text whose last line ends with a newline. */
  readonly content: string;
}

export interface BundledService extends Pick<Service, "name" | "unit"> {
  /** Sorted by path. */
  readonly files: readonly ServiceFile[];
}

/** In the order in which they are brought up. */
export type Bundle = readonly BundledService[];

/** The files of one mode that most are: readable by all, written by root. */
export function textFile(path: string, content: string): ServiceFile {
  return { path, mode: "0644", content };
}

/** Makes systemd start a service of Debian's own with these settings, and when these cards are there. */
export function unitDropIn(unit: string, cards: readonly string[], ...settings: readonly string[]): ServiceFile {
  // A hyphen in a unit's name is a slash in a path (systemd.unit(5), "String Escaping for Inclusion in Unit Names").
  const devices = cards
    .map((name) => `sys-subsystem-net-devices-${name.replaceAll("-", String.raw`\x2d`)}.device`)
    .join(" ");
  return textFile(
    `/etc/systemd/system/${unit}.d/ipv6-only-lab.conf`,
    lines(banner("#"), "[Unit]", `Wants=${devices}`, `After=${devices}`, "", "[Service]", ...settings),
  );
}

export function bundleOf(services: readonly Service[], plan: LabPlan): Bundle {
  return services.map(({ name, unit, files }) => ({
    name,
    ...(unit === undefined ? {} : { unit }),
    files: [...files(plan)].sort((one, other) => (one.path < other.path ? -1 : 1)),
  }));
}

/**
 * The bundle as core.sh reads it on standard input: a line with the format's version and the SHA-256 of all that
 * follows; for each service a line `service NAME UNIT on|off`; for each file a line `file SERVICE MODE SHA256 LINES
 * PATH`; a line `contents`; and then the lines of every file in that order.
 *
 * @param mark one word that makes the text another one when the same is to be laid down again.
 */
export function bundleText(bundle: Bundle, mark = "0"): string {
  const contents = bundle.flatMap(({ files }) => files.map(({ content }) => content));
  return sealed(`${heads(bundle)}contents\n${contents.join("")}`, mark);
}

/** The same without the contents: enough to see whether a gateway is as it was laid down. */
export function outlineText(bundle: Bundle): string {
  return sealed(heads(bundle), "0");
}

/** SHA-256 of all that a bundle lays down. */
export function bundleDigest(bundle: Bundle): string {
  return sha256(heads(bundle));
}

function sealed(body: string, mark: string): string {
  return `ipv6-only-lab-bundle 2 sha256 ${sha256(body)} ${mark}\n${body}`;
}

function heads(bundle: Bundle): string {
  const services = bundle.map(
    ({ name, unit, files }) => `service ${name} ${unit ?? "-"} ${files.length > 0 ? "on" : "off"}\n`,
  );
  const files = bundle.flatMap(({ name, files: own }) => own.map((file) => fileHead(name, file)));
  return [...services, ...files].join("");
}

function fileHead(service: string, { path, mode, content }: ServiceFile): string {
  if (!content.endsWith("\n") || content.includes("\0")) {
    throw new Error(`Bug: ${path} must be text whose last line ends with a newline.`);
  }
  return `file ${service} ${mode} ${sha256(content)} ${content.split("\n").length - 1} ${path}\n`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
