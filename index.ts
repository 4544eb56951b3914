import { loadPlan } from "./components/config";
import { Ipv6OnlyLab } from "./components/lab";
import { choosePlatform } from "./components/platforms";

export = async () => {
  const plan = loadPlan();
  const { gateway, clients, verification, access } = new Ipv6OnlyLab("lab", plan, await choosePlatform(plan));
  return {
    lanPrefix: plan.lan.prefix,
    nat64Prefix: plan.nat64.prefix,
    gateway,
    clients,
    verification,
    access,
  };
};
