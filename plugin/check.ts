/** Inputs judged by a zod schema, in the engine's words. */
import type { z } from "zod";
import type { CheckFailure, Properties } from "./handler";

export function checkWith(schema: z.ZodType): (inputs: Properties) => CheckFailure[] {
  return (inputs) => {
    const result = schema.safeParse(inputs);
    if (result.success) return [];
    return result.error.issues.map(({ path, message }) => ({ property: path.map(String).join("."), reason: message }));
  };
}
