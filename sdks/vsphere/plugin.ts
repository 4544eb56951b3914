import type * as pulumi from "@pulumi/pulumi";
import { version } from "./package.json";

/**
 * Which plugin the engine gets when the first of these resources is asked for. The package has no `pulumi` section as
 * the published one has: by that, the engine would fetch the plugin (over 100 MB) for every lab on another platform.
 */
export const pluginOptions: Readonly<Pick<pulumi.ResourceOptions & pulumi.InvokeOptions, "version">> = { version };
