/** Why the app did not take a wish. */
import type { Message } from "./generated/Message";

/** Commands reject with a Message; whatever else comes is no text for people. */
export function refusal(reason: unknown, otherwise = "act-refused"): Message {
  return isMessage(reason) ? reason : { id: otherwise, args: {}, count: null };
}

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string" && "args" in value;
}
