import { type FSWatcher, realpathSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Calls `notice` when files may have changed; whether they have, the caller must look. It looks at folders, not at files: certbot puts
 * other links in the place of its links, and Kubernetes renames the link that leads to the folder of all files, so a watched file would be one that
 * nobody writes again. Some file systems (of networks, of containers) tell of nothing, so it calls every `pollMs` in any case. The function that is
 * returned ends it. Neither keeps the process up.
 */
export function watchFiles(
  files: readonly string[],
  { notice, pollMs }: { readonly notice: () => void; readonly pollMs: number },
): () => void {
  const watchers = [...new Set(files.flatMap(foldersOf))].map((folder) => watchFolder(folder, notice))
  const poll = setInterval(notice, pollMs)
  poll.unref()
  return () => {
    clearInterval(poll)
    for (const watcher of watchers) watcher?.close()
  }
}

/** The folder in which a file is named, and the one in which it is. */
function foldersOf(file: string): string[] {
  const named = dirname(resolve(file))
  try {
    return [named, dirname(realpathSync(file))]
  } catch {
    return [named]
  }
}

function watchFolder(folder: string, notice: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, notice)
    // Such as of a folder that is removed. The poll goes on.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // There is no such folder now, or the system has no more watches to give.
    return undefined
  }
}
