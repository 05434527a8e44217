// What a parameter server refuses: a code, its status, and a message.

/** The codes of refusals, with the status that each has over HTTP. */
export const STATUS = {
  unauthorized: 401,
  forbidden: 403,
  unknown: 404,
  invalid: 400,
  length: 400,
  layout: 409,
  conflict: 409,
  "too-early": 409,
  full: 409,
  gone: 410,
  nonfinite: 422,
  overloaded: 503,
} as const;

export type Code = keyof typeof STATUS;

/** What a `ParameterClient` throws: the server's refusal, its own, or that nothing answered. */
export class ParameterServerError extends Error {
  /** `"ParameterServerError"`, also where classes of two realms meet */
  override readonly name = "ParameterServerError";
  /**
   * `unauthorized`, `forbidden`, `unknown`, `invalid`, `length`, `layout`, `conflict`, `too-early`, `full`, `gone`, `nonfinite`,
   * `overloaded`, `unreachable`, or what another server says
   */
  readonly code: string;
  /** HTTP's status; 0 where the client refused or nothing answered */
  readonly status: number;

  constructor(code: string, message: string, status = 0, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

/** A refusal of the server's. */
export function refusal(code: Code, message: string): ParameterServerError {
  return new ParameterServerError(code, message, STATUS[code]);
}
