/** Publications as they arrive at a receiver, and how each stands to the last offset it has. Rule P6.2. */
export interface ChainVector {
  readonly name: string
  /** The last offset the receiver has. It moves on with each `next`, and stays at a `repeat` and at a `hole`. */
  readonly last: number
  readonly publications: readonly {
    readonly offset: number
    readonly prev?: number
    readonly is: 'next' | 'repeat' | 'hole'
  }[]
}

export const CHAIN_VECTORS: readonly ChainVector[] = [
  {
    name: 'dense offsets from the beginning',
    last: 0,
    publications: [
      { offset: 1, is: 'next' },
      { offset: 2, is: 'next' },
      { offset: 3, is: 'next' },
    ],
  },
  {
    name: 'sparse offsets: prev proves that nothing is missing',
    last: 10,
    publications: [
      { offset: 17, prev: 10, is: 'next' },
      { offset: 18, is: 'next' },
      { offset: 4000, prev: 18, is: 'next' },
    ],
  },
  {
    name: 'repeats, as after a recovery that overlaps the live stream',
    last: 10,
    publications: [
      { offset: 9, is: 'repeat' },
      { offset: 10, is: 'repeat' },
      { offset: 11, is: 'next' },
      { offset: 11, is: 'repeat' },
    ],
  },
  {
    name: 'a hole in dense offsets, closed later',
    last: 10,
    publications: [
      { offset: 12, is: 'hole' },
      { offset: 11, is: 'next' },
      { offset: 12, is: 'next' },
    ],
  },
  {
    name: 'a hole in sparse offsets',
    last: 10,
    publications: [
      { offset: 30, prev: 20, is: 'hole' },
      { offset: 20, prev: 10, is: 'next' },
      { offset: 30, prev: 20, is: 'next' },
    ],
  },
  {
    name: 'a predecessor before the last offset: the receiver’s position lies between two publications',
    last: 25,
    publications: [{ offset: 30, prev: 20, is: 'next' }],
  },
  { name: 'prev of zero: the first of the channel', last: 0, publications: [{ offset: 5, prev: 0, is: 'next' }] },
]
