/** What a person sees, or what a script reads, of a command. */
export interface Terminal {
  /** The command's answer, as text or as the bytes of a file. */
  out(answer: string | Uint8Array): void;
  /** Progress and errors: not part of the answer. */
  err(text: string): void;
  /** Whether standard error is a terminal, so that a line may be written over. */
  readonly isInteractive: boolean;
  /** Whether somebody is there to answer a question. */
  readonly canAsk: boolean;
}
