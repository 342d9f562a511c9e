/** What one peer may make us hold or do. Every limit is on by default. */
export interface FrameLimits {
  /** Largest payload of one data frame, in bytes. */
  readonly maxFrameBytes: number
  /** Largest message as it travels, all its fragments together, in bytes. */
  readonly maxMessageBytes: number
  /** Most frames one message may be cut into. */
  readonly maxFragments: number
  /** Largest message after inflation, in bytes; enforced while inflating. */
  readonly maxInflatedBytes: number
}

const MEBIBYTE = 1024 * 1024

/** The defaults: 1 MiB for a frame, a message and an inflated message; 1,024 fragments. */
export const DEFAULT_FRAME_LIMITS: FrameLimits = {
  maxFrameBytes: MEBIBYTE,
  maxMessageBytes: MEBIBYTE,
  maxFragments: 1024,
  maxInflatedBytes: MEBIBYTE,
}
