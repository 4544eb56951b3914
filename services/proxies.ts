import type { InternetPlan, ProxyPlan } from "../plan/internet";
import { type Service, type ServiceFile, textFile } from "./bundle";
import { inProxy, internetUnit } from "./internet";
import { banner, lines } from "./text";

const folder = "/etc/ipv6-only-lab/internet";
const target = "ipv6-only-lab-proxies.target";

/** An HTTP CONNECT and a SOCKS 5 proxy for each base scenario, in a namespace that has that scenario's families alone. */
export const proxies: Service = {
  name: "proxies",
  unit: target,
  packages: ["microsocks", "tinyproxy-bin"],
  files: ({ internet }) => (internet === undefined ? [] : files(internet)),
};

function files(plan: InternetPlan): readonly ServiceFile[] {
  return [
    textFile(`/etc/systemd/system/${target}`, targetUnit(plan)),
    // The gateway's own way to names would be its uplink's resolver.
    textFile(`${folder}/nsswitch.conf`, lines(banner("#"), "passwd: files", "group: files", "hosts: files dns")),
    ...plan.proxies.flatMap((proxy) => [
      textFile(`${folder}/resolv-${proxy.name}.conf`, resolvers(plan, proxy)),
      textFile(`${folder}/tinyproxy-${proxy.name}.conf`, tinyproxy(proxy)),
      unit(proxy, "http", `/usr/bin/tinyproxy -d -c ${folder}/tinyproxy-${proxy.name}.conf`),
      unit(proxy, "socks", `/usr/bin/microsocks -q -i ${listen(proxy)[0] ?? ""} -p ${proxy.socksPort}`),
    ]),
  ];
}

function unitName({ name }: ProxyPlan, kind: string): string {
  return `ipv6-only-lab-${kind}-proxy-${name}.service`;
}

function targetUnit(plan: InternetPlan): string {
  const units = plan.proxies.flatMap((proxy) => ["http", "socks"].map((kind) => unitName(proxy, kind)));
  return lines(
    banner("#"),
    "[Unit]",
    "Description=Simulated internet: proxies",
    `Wants=${units.join(" ")}`,
    `After=${internetUnit}`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  );
}

function unit(proxy: ProxyPlan, kind: string, command: string): ServiceFile {
  const { unit: dependencies, service } = inProxy(proxy);
  return textFile(
    `/etc/systemd/system/${unitName(proxy, kind)}`,
    lines(
      banner("#"),
      "[Unit]",
      `Description=Simulated internet: ${kind} proxy, ${proxy.scenario}`,
      ...dependencies,
      `PartOf=${target}`,
      "",
      "[Service]",
      `ExecStart=${command}`,
      service,
      "DynamicUser=yes",
      `BindReadOnlyPaths=${folder}/resolv-${proxy.name}.conf:/etc/resolv.conf ${folder}/nsswitch.conf:/etc/nsswitch.conf`,
      "Restart=on-failure",
    ),
  );
}

/** The unspecified address of each family that the proxy has; for microsocks, which takes one, the first is enough. */
function listen({ host }: ProxyPlan): readonly string[] {
  return [...(host.aaaa.length > 0 ? ["::"] : []), ...(host.a.length > 0 ? ["0.0.0.0"] : [])];
}

/** The authoritative servers themselves: they have every name that matters here. */
function resolvers({ resolveAt }: InternetPlan, { host }: ProxyPlan): string {
  const reachable = resolveAt.filter((address) => (address.includes(":") ? host.aaaa : host.a).length > 0);
  return lines(banner("#"), ...reachable.map((address) => `nameserver ${address}`));
}

/** tinyproxy.conf(5). Without Allow and ConnectPort everybody may go anywhere: anywhere is here. */
function tinyproxy(proxy: ProxyPlan): string {
  return lines(
    banner("#"),
    `Port ${proxy.httpPort}`,
    ...listen(proxy).map((address) => `Listen ${address}`),
    "Timeout 60",
    "MaxClients 50",
    "LogLevel Error",
    "DisableViaHeader Yes",
  );
}
