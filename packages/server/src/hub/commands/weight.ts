/** What a reply brings counts for one of those that are read at a time, and of those that may be asked for, for each so many entries. [H9.4] */
const ENTRIES_FOR_ONE = 16
/** What is stored for who comes back counts for so many at most: that much is lost to nobody's mischief. */
const MOST = 16

export const weightOf = (publications: number): number =>
  Math.min(MOST, Math.ceil(publications / ENTRIES_FOR_ONE))

/** A list of members comes whole, however long it is. [H3.7] */
export const weightOfMembers = (members: number): number => Math.ceil(members / ENTRIES_FOR_ONE)
