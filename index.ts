import { loadPlan } from "./components/config";
import { Ipv6OnlyLab } from "./components/lab";
import { choosePlatform } from "./components/platforms";

export = async () => {
  const plan = loadPlan();
  const { gateway, clients, verification, access } = new Ipv6OnlyLab("lab", plan, await choosePlatform(plan));
  return {
    networks: Object.fromEntries(
      plan.networks.map(({ name, scenario, ipv6, ipv4 }) => [
        name,
        { scenario, ipv6: ipv6?.prefix, ipv4: ipv4?.prefix },
      ]),
    ),
    nat64Prefix: plan.nat64.prefix,
    gateway,
    clients,
    verification,
    access,
  };
};
