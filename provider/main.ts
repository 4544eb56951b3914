/** The process `pulumi-resource-lab`: serves the provider to the engine that started it. */
import { serveProvider } from "../plugin/provider-process";
import { labProvider } from "./provider";

serveProvider(labProvider);
