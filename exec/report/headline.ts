/** What a report says first, in the terminal and in a CI system's annotation. */
export type Told =
  | { readonly kind: "works" }
  | { readonly kind: "cause"; readonly cause: string; readonly title: string; readonly confidence: string }
  | { readonly kind: "cannot-tell" | "not-run"; readonly words: string };

export function headline(told: Told): string {
  switch (told.kind) {
    case "works":
      return "WORKS";
    case "cause":
      return `${told.cause === "not-for-want-of-ipv4" ? "NOT THE NETWORK" : "FAILS"}  ${told.title} (${told.confidence})`;
    case "cannot-tell":
      return `I CANNOT TELL  ${told.words}`;
    case "not-run":
      return `NOT RUN  ${told.words}`;
  }
}
