import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import { gatewayDocuments } from "../../cloud-init/gateway";
import { guestinfo, guestinfoLimit } from "../../cloud-init/guestinfo";
import { gatewaySoftware } from "../../services";
import { planOf } from "../fixtures/plan";
import { vspherePlatform } from "../plan/bad-vsphere";

const documents = gatewayDocuments(
  planOf({ platform: vspherePlatform }),
  {
    hostKey: { privateKey: "-----BEGIN", publicKey: "ssh-ed25519 host" },
    authorizedKeys: ["ssh-ed25519 login"],
  },
  gatewaySoftware,
);

describe("cloud-init's documents as guestinfo", () => {
  it("hold the identity and the network in the metadata, cards by their quoted MACs", () => {
    const info = guestinfo("gateway", documents);
    expect(info["guestinfo.metadata.encoding"]).toBe("base64");
    const text = Buffer.from(info["guestinfo.metadata"] ?? "", "base64").toString();
    expect(text).toMatch(/macaddress: "?00:50:56:/);
    expect(parse(text, { version: "1.1" })).toEqual({
      ...(parse(documents.metaData) as object),
      network: parse(documents.networkConfig) as unknown,
    });
  });

  it("hold the user data byte for byte", () => {
    const info = guestinfo("gateway", documents);
    expect(Buffer.from(info["guestinfo.userdata"] ?? "", "base64").toString()).toBe(documents.userData);
  });

  it("are the same for the same documents", () => {
    expect(guestinfo("gateway", documents)).toEqual(guestinfo("gateway", documents));
  });

  it("are compressed when they would not fit otherwise", () => {
    const userData = `#cloud-config\n${"# the same line again\n".repeat(5000)}`;
    const info = guestinfo("gateway", { ...documents, userData });
    expect(info["guestinfo.userdata.encoding"]).toBe("gzip+base64");
    const packed = info["guestinfo.userdata"] ?? "";
    expect(packed.length).toBeLessThanOrEqual(guestinfoLimit);
    expect(gunzipSync(Buffer.from(packed, "base64")).toString()).toBe(userData);
  });

  it("are refused when they do not even fit compressed, with what to make smaller", () => {
    const userData = randomBytes(guestinfoLimit).toString("base64");
    expect(() => guestinfo("gateway", { ...documents, userData })).toThrow(
      /gateway: cloud-init's userdata has \d+ bytes .* 65536 .*authorizedKeys/,
    );
  });
});
