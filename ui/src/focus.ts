/**
 * The keyboard's focus while things come and go. A control that was just used may be gone with what it was for: the
 * keyboard stays at its program's card, or in its row, at what took its place.
 */

/** Of buttons of which one is chosen, that one. */
const CONTROL = ":is(button, select, textarea, input:not([type=radio]:not(:checked))):not(:disabled)";

interface Place {
  readonly control: HTMLElement;
  /** The program whose card it is in. */
  readonly app: string | undefined;
  readonly row: Element | null;
}

export class Focus {
  #at: Place | undefined;

  constructor(private readonly panel: () => HTMLElement | undefined) {}

  /** It was moved there. */
  moved(control: HTMLElement): void {
    const app = control.closest<HTMLElement>("[data-app]")?.dataset["app"];
    this.#at = { control, app, row: control.closest("[data-setting], .row, .event") };
  }

  /** It went from there to something else. Browsers differ in whether a control that goes says so, then to nothing. */
  left(to: EventTarget | null): void {
    if (to !== null) this.#at = undefined;
  }

  /** Somebody pointed there: beside what has it, they took it away. */
  pointed(target: Node): void {
    if (!this.#at?.control.contains(target)) this.#at = undefined;
  }

  /** Looks after it whenever something in this panel comes or goes, until the answer is called. */
  watch(panel: HTMLElement): () => void {
    const observer = new MutationObserver(() => this.stay());
    observer.observe(panel, { childList: true, subtree: true });
    return () => observer.disconnect();
  }

  /** Brings it back, if what had it is gone and nothing else has it. */
  stay(): void {
    if (this.#at === undefined || this.#at.control.isConnected || document.activeElement !== document.body) return;
    const { app, row } = this.#at;
    const there =
      app === undefined
        ? row?.querySelector<HTMLElement>(CONTROL)
        : this.panel()?.querySelector<HTMLElement>(`[data-app="${CSS.escape(app)}"]`);
    there?.focus({ preventScroll: true });
  }
}
