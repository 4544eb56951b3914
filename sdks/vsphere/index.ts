/**
 * The part of Pulumi's vSphere SDK that this project uses: the same classes, functions, types, tokens and property
 * names, and no others. The published package can take its place by one line in package.json.
 */
export * from "./functions";
export * from "./resources";
export type * as types from "./types";
