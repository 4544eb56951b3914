import type { Endpoint, TranslationFacts } from "./gateway-facts";
import { formatTable } from "./report";

/** Jool's session table and binding information base, readable: what `jool session display` knows. */
export function formatSessions({ sessions, bib }: TranslationFacts): string {
  return [
    `Sessions (${sessions.length})`,
    ...formatTable(
      ["protocol", "client", "server, as the client sees it", "gateway", "server", "state", "expires in"],
      sessions.map(({ protocol, client, serverIpv6, ipv4, server, state, expiresIn }) => [
        protocol,
        show(client),
        show(serverIpv6),
        show(ipv4),
        show(server),
        state,
        expiresIn,
      ]),
    ),
    "",
    `Bindings (${bib.length})`,
    ...formatTable(
      ["protocol", "client", "gateway", "kind"],
      bib.map(({ protocol, client, ipv4, isStatic }) => [
        protocol,
        show(client),
        show(ipv4),
        isStatic ? "static" : "dynamic",
      ]),
    ),
  ].join("\n");
}

function show({ address, id }: Endpoint): string {
  return `${address}#${id}`;
}
