/** The documents in the form of cloud-init's VMware datasource: keys of a virtual machine's extra configuration. */
import { gzipSync } from "node:zlib";
import { parse } from "yaml";
import type { CloudInitDocuments } from "./documents";
import { dumpYaml } from "./yaml";

/** Bytes that VMware Tools hand to a guest in one value. */
export const guestinfoLimit = 65_536;

/** `guestinfo.…` keys and their values, for a virtual machine's `extraConfig`. */
export type Guestinfo = Readonly<Record<`guestinfo.${string}`, string>>;

/**
 * @param machine named in the error.
 * @throws Error when a document is too large even when compressed.
 */
export function guestinfo(machine: string, documents: CloudInitDocuments): Guestinfo {
  return { ...entry(machine, "metadata", metadata(documents)), ...entry(machine, "userdata", documents.userData) };
}

/** This datasource has no document of its own for the network: it stands in the metadata. */
function metadata({ metaData, networkConfig }: CloudInitDocuments): string {
  const identity: unknown = parse(metaData, { version: "1.1" });
  if (typeof identity !== "object") throw new Error("cloud-init's metadata is no map.");
  return dumpYaml({ ...identity, network: parse(networkConfig, { version: "1.1" }) as unknown });
}

/** Plain base64 as long as it fits: what gzip makes of a text differs between versions of zlib, and so of Node. */
function entry(machine: string, key: string, text: string): Guestinfo {
  const plain = Buffer.from(text).toString("base64");
  if (plain.length <= guestinfoLimit) return pair(key, plain, "base64");
  const packed = gzipSync(text, { level: 9 }).toString("base64");
  if (packed.length <= guestinfoLimit) return pair(key, packed, "gzip+base64");
  throw new Error(
    `${machine}: cloud-init's ${key} has ${packed.length} bytes even when compressed, and VMware Tools hand ` +
      `${guestinfoLimit} to a guest. Configure fewer or shorter ssh.authorizedKeys or image.extraPackages.`,
  );
}

function pair(key: string, value: string, encoding: string): Guestinfo {
  return { [`guestinfo.${key}`]: value, [`guestinfo.${key}.encoding`]: encoding };
}
