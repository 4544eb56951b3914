import pulumi from "@pulumi/eslint-plugin";
import tseslint from "typescript-eslint";

/** From what a person calls down to what knows nothing of labs: a room imports from those below it, never from above. */
const rooms = [
  "cli",
  "components",
  "provider",
  "toolchain",
  "exec",
  "verify",
  "report",
  "vcenter",
  "sdks",
  "plugin",
  "services",
  "cloud-init",
  "plan",
  "ssh",
  "host",
];

/** The pure rooms decide; nothing in them may reach Pulumi, the file system, a process or the network. */
const pureRooms = ["plan/**/*.ts", "cloud-init/**/*.ts", "services/**/*.ts"];

export default tseslint.config(
  { ignores: ["node_modules/", ".lab/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "@pulumi": pulumi },
    rules: {
      "@pulumi/no-output-in-template-literal": "error",
      "@pulumi/no-output-instance-in-template-literal": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/prefer-readonly": "error",
      eqeqeq: "error",
    },
  },
  ...rooms.slice(1).map((room, above) => ({
    files: [`${room}/**/*.ts`],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${rooms.slice(0, above + 1).join("|")}|index)(/|$)`,
              message: `${room}/ lies below this room: imports go down the list of rooms only (docs/architecture.md).`,
            },
          ],
        },
      ],
    },
  })),
  {
    files: pureRooms,
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["@pulumi/*"], message: "plan/, cloud-init/ and services/ are pure: no Pulumi here." },
            {
              group: ["node:child_process", "node:net", "node:http", "node:https", "node:dns", "ssh2"],
              message: "plan/, cloud-init/ and services/ are pure: no processes and no network here.",
            },
          ],
        },
      ],
    },
  },
);
