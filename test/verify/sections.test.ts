import { z } from "zod";
import { cell, parseCsv, parseSections, readJson, section } from "../../verify/sections";

describe("the output of a facts script", () => {
  const sections = parseSections("noise before\n### first 0\none\ntwo\n\n### second 3\n### third 0\nthree\n");

  it("is split at its headers, with each command's exit code and trimmed output", () => {
    expect([...sections]).toEqual([
      ["first", { exitCode: 0, output: "one\ntwo" }],
      ["second", { exitCode: 3, output: "" }],
      ["third", { exitCode: 0, output: "three" }],
    ]);
  });

  it("is split at whole lines alone", () => {
    const output = "it says ### second 0\n### second 0 or 1";
    expect([...parseSections(`### first 0\n${output}\n`)]).toEqual([["first", { exitCode: 0, output }]]);
  });

  it("fails with the names that there are when a section is missing", () => {
    expect(() => section(sections, "fourth")).toThrow(/no section "fourth".*first, second, third/);
  });
});

describe("a table in CSV", () => {
  it("becomes one record a row, keyed by the header", () => {
    expect(parseCsv("Protocol,IPv6 Remote Address\nTCP,fc01:0:0:1::2\nUDP,fc01:0:0:1::3\n")).toEqual([
      { Protocol: "TCP", "IPv6 Remote Address": "fc01:0:0:1::2" },
      { Protocol: "UDP", "IPv6 Remote Address": "fc01:0:0:1::3" },
    ]);
  });

  it("is another one than is known where a column is missing", () => {
    expect(cell({ Protocol: "TCP" }, "Protocol")).toBe("TCP");
    expect(() => cell({ Protocol: "TCP" }, "State")).toThrow('no column "State" (it has: Protocol)');
  });

  it("without rows is empty", () => {
    expect(parseCsv("Protocol,IPv6 Remote Address\n")).toEqual([]);
  });
});

describe("what a command says in JSON", () => {
  const read = (text: string) => readJson(parseSections(text), "routes", z.array(z.number()));

  it("is nothing where nothing is said, as ip(8) has it", () => {
    expect(read("### routes 0\n[1]\n")).toEqual([1]);
    expect(read("### routes 0\n\n")).toEqual([]);
  });

  it("is not nothing where it failed, silently or in words", () => {
    expect(() => read("### routes 137\n\n")).toThrow('"routes" could not be told (exit code 137)');
    expect(() => read("### routes 127\nip: command not found\n")).toThrow("ip: command not found");
  });
});
