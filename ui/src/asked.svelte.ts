/** What a panel asks the app for: when it is opened, and again with every new picture. */
import type { Message } from "./generated/Message";
import { refusal } from "./refusal";

/**
 * One question at a time: pictures may come faster than answers, and the last one counts. An answer about something
 * that is no longer asked for is dropped.
 */
export class Asked<About, Answer> {
  answer = $state.raw<Answer | null>(null);
  refused = $state.raw<Message | null>(null);
  #about: About | undefined;
  #again = false;
  /** While something is asked. */
  #running: Promise<void> | undefined;

  constructor(private readonly ask: (about: About) => Promise<Answer>) {}

  /** Resolves when nothing is left to ask. */
  look(about: About): Promise<void> {
    if (about !== this.#about) this.answer = null;
    this.#about = about;
    this.#again = true;
    this.#running ??= this.#run(about).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #run(about: About): Promise<void> {
    for (let next = about; this.#again; next = this.#about as About) {
      this.#again = false;
      await this.#once(next);
    }
  }

  async #once(about: About): Promise<void> {
    try {
      const answer = await this.ask(about);
      if (about === this.#about) [this.answer, this.refused] = [answer, null];
    } catch (reason) {
      if (about === this.#about) this.refused = refusal(reason, "panel-lost");
    }
  }
}
