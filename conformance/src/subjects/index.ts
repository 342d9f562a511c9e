import { engineSubjects } from './engine.js'
import { referenceSubjects } from './reference/index.js'
import type { Subject } from './subject.js'
import { wsSubjects } from './ws.js'

/** Every subject that lives in this repository. */
export function allSubjects(): Subject[] {
  return [...engineSubjects(), ...referenceSubjects(), ...wsSubjects()]
}

/** Subjects that are run for information: their failures do not decide the exit code. */
export function isInformative(subject: Subject): boolean {
  return subject.name.startsWith('ws-')
}
