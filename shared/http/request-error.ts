/** Why a request could not be read: its body's size or slowness, a caller that went away, forged headers. Each is the caller's doing. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  /** 413, 408 or 400. */
  readonly status: number;
  /** Public: what to change. */
  readonly detail: string;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
    this.detail = detail;
  }
}
