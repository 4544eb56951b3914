import * as pulumi from "@pulumi/pulumi";
import { type ConfigProblem, formatProblem } from "../plan/problem";

/** Shows what a person should know about their configuration, beside a plan that works. */
export function warnOf(problem: ConfigProblem, resource?: pulumi.Resource): void {
  void pulumi.log.warn(`configuration:\n${formatProblem(problem)}`, resource);
}
