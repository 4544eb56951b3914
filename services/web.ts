import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AddressPair, InternetPlan } from "../plan/internet";
import { type Service, type ServiceFile, textFile } from "./bundle";
import { inServers } from "./internet";
import { banner, indent, lines } from "./text";
import { pagesOf, resource, tellsThatItCame } from "./web-pages";

const folder = "/etc/ipv6-only-lab/internet";
const pagesFolder = "/usr/local/share/ipv6-only-lab/www";
const certificates = "/var/lib/ipv6-only-lab/internet";
const certificateScript = "/usr/local/lib/ipv6-only-lab/internet-certificates";
const run = "/run/ipv6-only-lab-web";

/** Octets behind /bytes: many packets of any size. */
const contentSize = 262_144;

/** Certificate of the simulated internet's own authority, on the gateway. */
const authorityCertificate = `${certificates}/ca.crt`;

/** HTTP and HTTPS of the simulated internet: nginx, at every address of every path. */
export const web: Service = {
  name: "web",
  unit: "nginx.service",
  packages: ["nginx", "openssl"],
  startsWhenInstalled: true,
  files: ({ internet }) => (internet === undefined ? [] : files(internet)),
};

function files(plan: InternetPlan): readonly ServiceFile[] {
  const { good, other } = certificateNames(plan);
  return [
    // In the place of Debian's, which waits for the gateway's own network to be online.
    textFile("/etc/systemd/system/nginx.service", unit()),
    textFile("/etc/nginx/nginx.conf", configuration(plan)),
    {
      path: certificateScript,
      mode: "0755",
      content: readFileSync(join(__dirname, "internet", "certificates.sh"), "utf8"),
    },
    textFile(`${folder}/server.names`, alternativeNames(good)),
    textFile(`${folder}/other.names`, alternativeNames(other)),
    ...pagesOf(plan).map(({ name, content }) => textFile(`${pagesFolder}/${name}.html`, content)),
  ];
}

/** Who the servers say that they are: all names but those that lead to the other server by mistake. */
function certificateNames({ hosts, faults, zone, oddPlaces }: InternetPlan) {
  const others = [`other.${zone}`, oddPlaces.other.ipv4, oddPlaces.other.ipv6];
  const good = [
    ...hosts.map(({ name }) => name),
    ...faults.flatMap(({ url }) => new URL(url).hostname),
    ...hosts.flatMap(({ a, aaaa }) => [...a, ...aaaa]),
  ];
  return { good: [...new Set(good)].filter((name) => !others.includes(name)).sort(), other: others };
}

/** x509v3_config(5). */
function alternativeNames(of: readonly string[]): string {
  const names = of.map((name) => `${/^[\d.]+$|:/.test(name) ? "IP" : "DNS"}:${name}`);
  return lines(
    banner("#"),
    `subjectAltName=${names.join(",")}`,
    "extendedKeyUsage=serverAuth",
    "basicConstraints=CA:FALSE",
  );
}

function unit(): string {
  return lines(
    banner("#"),
    "[Unit]",
    "Description=Simulated internet: HTTP and HTTPS",
    ...inServers.unit,
    "",
    "[Service]",
    inServers.service,
    `RuntimeDirectory=${run.slice("/run/".length)}`,
    // One program, and outside the sandbox (`+`, systemd.service(5)): each in it takes an emulated gateway half a second.
    `ExecStartPre=+/bin/sh -c "${certificateScript} && truncate --size=${contentSize} ${run}/bytes"`,
    "ExecStart=/usr/sbin/nginx -g 'daemon off;'",
    "ExecReload=/bin/kill -HUP $MAINPID",
    "KillMode=mixed",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  );
}

function configuration(plan: InternetPlan): string {
  const { zone, pages, oddPlaces } = plan;
  return lines(
    banner("#"),
    "user www-data;",
    "worker_processes 1;",
    "pid /run/nginx.pid;",
    "error_log stderr warn;",
    block("events", "worker_connections 512;"),
    block(
      "http",
      "access_log off;",
      "server_tokens off;",
      "server_names_hash_bucket_size 128;",
      "types { text/html html; }",
      "default_type application/octet-stream;",
      // By which family and address somebody came.
      block("map $remote_addr $family", "default IPv4;", "~: IPv6;"),
      certificate("server"),
      server("default_server", [], `server_name ${zone};`, ...answers(plan)),
      ...(
        [
          [pages.ipv4Literals, "ipv4-literals"],
          [pages.ipv6Literals, "ipv6-literals"],
          [pages.thirdParties, "third-parties"],
        ] as const
      ).map(([{ name }, file]) =>
        server("", [], `server_name ${name};`, `location = / { root ${pagesFolder}; try_files /${file}.html =404; }`),
      ),
      server("", [], `server_name ${pages.redirect.name};`, `return 302 http://${plan.literals.ipv4}/;`),
      server("default_server", addresses(oddPlaces.other), certificate("other"), ...answers(plan)),
      server("default_server", addresses(oddPlaces.brokenTls), "ssl_reject_handshake on;", ...answers(plan)),
    ),
  );
}

function certificate(name: string): string {
  return `ssl_certificate ${certificates}/${name}.crt; ssl_certificate_key ${certificates}/${name}.key;`;
}

function addresses({ ipv4, ipv6 }: AddressPair): readonly string[] {
  return [`${ipv4}:`, `[${ipv6}]:`];
}

/** @param at addresses with a colon behind; none: every address. */
function server(parameters: string, at: readonly string[], ...members: readonly string[]): string {
  const everywhere = at.length === 0 ? ["", "[::]:"] : at;
  const listen = everywhere.flatMap((address) => [
    `listen ${address}80 ${parameters};`,
    `listen ${address}443 ssl ${parameters};`,
  ]);
  return block("server", ...listen.map((line) => line.replace(" ;", ";")), ...members);
}

/** What a server says: who came by which family, much content, and nothing about what it is sent. */
function answers({ zone }: InternetPlan): readonly string[] {
  const json =
    '{"client":"$remote_addr","family":"$family","server":"$server_addr","port":$server_port,"scheme":"$scheme","host":"$host"}';
  const html =
    "<!doctype html><title>$family</title><p>You came by $family from $remote_addr to $server_addr as $host.</p>";
  return [
    `location = / { default_type text/html; return 200 '${html}\\n'; }`,
    `location = /json { default_type application/json; return 200 '${json}\\n'; }`,
    `location = ${resource} { default_type text/javascript; return 200 '${tellsThatItCame}\\n'; }`,
    `location = /bytes { alias ${run}/bytes; }`,
    // Handed on, it is read to its end before the answer.
    "location = /upload { client_max_body_size 64m; proxy_pass http://127.0.0.1/taken; }",
    "location = /taken { return 200 'taken\\n'; }",
    `location = /ca.crt { alias ${authorityCertificate}; }`,
    `add_header X-Simulated-Internet ${zone} always;`,
  ];
}

function block(head: string, ...members: readonly string[]): string {
  return `${head} {\n${indent("\t", lines(...members))}\n}`;
}
