/** What is told of a machine without one: what may be asked for, what an update makes anew, what a refusal means. */
import { explain } from "../../provider/qemu/power";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";

it("a machine has eleven network cards at most", () => {
  const segment = { group: "239.192.1.2", port: 23456 };
  const nics = Array.from({ length: 12 }, (_, card) => ({
    kind: "segment",
    mac: `52:54:00:00:00:${(16 + card).toString(16)}`,
    segment,
  }));
  const inputs = {
    ...{
      stateFolder: "x",
      machineName: "x",
      image: { digest: "d", disk: "d", format: "raw" },
      memoryMiB: 512,
      cpus: 1,
    },
    ...{ accelerator: "tcg", disposable: true, documents: { metaData: "", userData: "", networkConfig: "" } },
  };
  expect(handler.check({ ...inputs, nics: nics.slice(1) })).toEqual([]);
  expect(handler.check({ ...inputs, nics })).toEqual([
    { property: "nics", reason: "a machine has room for 11 network cards" },
  ]);
});

describe("the difference of two machines in their cards", () => {
  const segment = { group: "239.192.1.2", port: 23456 };
  const card = { kind: "segment", mac: "52:54:00:00:00:02", segment };
  const uplink = { kind: "user", mac: "52:54:00:00:00:01", sshForward: true, restricted: false };
  const properties = (nics: unknown) => ({
    folder: "/x",
    powerOn: "2026-01-01T00:00:00.000Z",
    running: true,
    image: { digest: "d" },
    nics,
  });
  const diff = (old: unknown, nics: unknown) =>
    handler.diff({ id: "x", properties: properties(old) }, properties(nics));
  const moved = { ...card, segment: { ...segment, port: 23457 } };

  it.each([
    ["a card on another segment", [uplink, card], [uplink, moved], []],
    ["a card between two segments", [{ ...card, segment: undefined }], [card], []],
    ["a segment that is not known yet", [card], [{ ...card, segment: { group: "04da6b54", port: "04da6b54" } }], []],
    ["another MAC", [card], [{ ...moved, mac: "52:54:00:00:00:09" }], ["nics"]],
    ["a card more", [card], [card, moved], ["nics"]],
    ["a card less", [uplink, card], [uplink], ["nics"]],
    ["another kind of card", [uplink], [{ ...card, mac: uplink.mac }], ["nics"]],
    ["another order", [uplink, card], [card, uplink], ["nics"]],
  ])("makes another one or moves a card: %s", (_what, old, wanted, replaces) => {
    expect(diff(old, wanted)).toEqual({ changed: ["nics"], replaces });
  });
});

describe("the difference of two machines", () => {
  const documents = { metaData: "a", userData: "b", networkConfig: "c" };
  const properties = {
    ...{ stateFolder: ".lab/stacks/dev", machineName: "gateway", memoryMiB: 512, cpus: 1, accelerator: "auto" },
    ...{ image: { digest: "d1", disk: "/cache/d1/disk", format: "raw" }, nics: [], documents, running: true },
    ...{ folder: "/lab/stacks/dev/gateway", powerOn: "2026-01-01T00:00:00.000Z" },
  };
  const old = { id: "dev/gateway", properties };

  it.each([
    ["memoryMiB", 1024],
    ["cpus", 2],
    ["accelerator", "tcg"],
    ["nics", [{ kind: "bridge", mac: "52:54:00:00:00:01", bridge: "br0" }]],
    ["documents", { ...documents, userData: "other" }],
    ["image", { digest: "d2", disk: "/cache/d2/disk", format: "raw" }],
  ])("makes another one for another %s", (name, value) => {
    expect(handler.diff(old, { ...properties, [name]: value })).toEqual({ changed: [name], replaces: [name] });
  });

  it("keeps it when the same image lies elsewhere", () => {
    const image = { ...properties.image, disk: "/elsewhere/d1/disk" };
    expect(handler.diff(old, { ...properties, image })).toEqual({ changed: [], replaces: [] });
  });
});

describe("QEMU's refusal", () => {
  const machine = { name: "dev-gateway", memoryMiB: 4096 };

  it.each([
    [
      "Could not access KVM kernel module: Permission denied\nfailed to initialize kvm: Permission denied",
      /usermod -aG kvm/,
    ],
    ["cannot set up guest memory 'pc.ram': Cannot allocate memory", /dev-gateway needs 4096 MiB of memory/],
    ["access denied by acl file", /\/etc\/qemu\/bridge\.conf/],
    ["qemu-system-x86_64: writing: No space left on device", /disk is full/],
    ["something new", /did not start dev-gateway: something new/],
  ])("%j is explained", (output, message) => {
    expect(explain(output, machine)).toMatch(message);
  });
});
