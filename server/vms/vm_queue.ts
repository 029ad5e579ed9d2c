import { ViperError } from "../../protocol/problems.ts";

/** Requests that may wait for one VM; more are refused. */
const QUEUE_MAX = 32;

/** Runs the jobs of one VM one after the other: whatever changes the VM is such a job. */
export class VmQueue {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(private readonly id: string) {}

  /** A request from outside, of which only so many may wait. @throws {ViperError} `vm_busy` */
  accept<Result>(job: () => Result | Promise<Result>): Promise<Result> {
    if (this.#waiting >= QUEUE_MAX) {
      const message = `Cannot queue a request for VM "${this.id}": ${QUEUE_MAX} are waiting`;
      return Promise.reject(new ViperError("vm_busy", message));
    }
    this.#waiting++;
    return this.enqueue(job).finally(() => this.#waiting--);
  }

  /** What the daemon must not lose, such as the machine's own end, is never refused. */
  enqueue<Result>(job: () => Result | Promise<Result>): Promise<Result> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {});
    return result;
  }
}
