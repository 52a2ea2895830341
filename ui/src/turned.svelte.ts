/**
 * A setting while somebody turns it: what was chosen is shown at once, and what is in effect comes back if it was refused.
 * Of several changes in a row the last one counts.
 */
import type { Message } from "./generated/Message";
import type { Setting } from "./generated/Setting";
import { refusal } from "./refusal";

export class Turned {
  value = $derived.by(() => this.setting().value);
  refused = $state.raw<Message | null>(null);
  #turn = 0;

  constructor(
    private readonly setting: () => Setting,
    /** Writes it down, and reads what is in effect then. */
    private readonly set: (value: string | null) => Promise<void>,
  ) {}

  async to(value: string | null): Promise<void> {
    const turn = (this.#turn += 1);
    this.refused = null;
    if (value !== null) this.value = value;
    try {
      await this.set(value);
    } catch (reason) {
      if (turn !== this.#turn) return;
      this.value = this.setting().value;
      this.refused = refusal(reason, "setting-refused");
    }
  }
}
