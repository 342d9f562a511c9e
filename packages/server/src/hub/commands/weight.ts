/** What a reply brings counts for one of those that are read at a time for each so many entries, and for so many at most. [H9.4] */
const ENTRIES_FOR_ONE = 16
const MOST = 16

/** `entries`: publications, or members. */
export const weightOf = (entries: number): number => Math.min(MOST, Math.ceil(entries / ENTRIES_FOR_ONE))
