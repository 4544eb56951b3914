import { loadPlan } from "./components/config";
import { Ipv6OnlyLab } from "./components/lab";

const plan = loadPlan();
const lab = new Ipv6OnlyLab("lab", plan);

export const lanPrefix = plan.lan.prefix;
export const nat64Prefix = plan.nat64.prefix;
export const gateway = lab.gateway;
export const clients = lab.clients;
export const verification = lab.verification;
export const access = lab.access;
