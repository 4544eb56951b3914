import { spawnSync } from "node:child_process";
import { plainEnvironment, sendSignal } from "../../host/processes";

it("a plain environment has what programs need, what is asked for, and no secret", () => {
  const environment = {
    PATH: "/bin",
    LC_ALL: "C",
    https_proxy: "http://proxy:3128",
    PULUMI_CONFIG_PASSPHRASE: "open sesame",
    PULUMI_ACCESS_TOKEN: "token",
    VSPHERE_PASSWORD: "password",
  };
  expect(plainEnvironment(undefined, environment)).toEqual({ PATH: "/bin", LC_ALL: "C" });
  expect(plainEnvironment(/^https_proxy$/, environment)).toEqual({
    PATH: "/bin",
    LC_ALL: "C",
    https_proxy: "http://proxy:3128",
  });
});

it("a signal to a process that has ended meanwhile is no error", () => {
  const { pid } = spawnSync("true");
  expect(() => {
    sendSignal(pid, "SIGTERM");
  }).not.toThrow();
});
