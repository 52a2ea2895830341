/** Something that a person asks the app for: given once at a time, and told where it was asked if it is refused. */
import type { Message } from "./generated/Message";
import { refusal } from "./refusal";

export class Wish {
  refused = $state.raw<Message | null>(null);
  #given = false;

  /** Whether it was taken. */
  async give(wish: () => Promise<unknown>, otherwise?: string): Promise<boolean> {
    if (this.#given) return false;
    [this.#given, this.refused] = [true, null];
    try {
      await wish();
      return true;
    } catch (reason) {
      this.refused = refusal(reason, otherwise);
      return false;
    } finally {
      this.#given = false;
    }
  }
}
