/** Where a report goes. */
import { writeFileSync } from 'node:fs'
import { type Place, writeDocs } from '../../report/write-docs.js'

export interface Destination {
  readonly json: boolean
  readonly jsonFile: string | undefined
  readonly writeDocs: boolean
}

/** A report in its forms, and its place in docs/performance.md. */
export interface Forms {
  readonly place: Place
  text(): string
  markdown(): string
  json(): string
}

export function publish(destination: Destination, forms: Forms): void {
  if (destination.jsonFile !== undefined) writeFileSync(destination.jsonFile, forms.json())
  if (destination.writeDocs) writeDocs(forms.markdown(), forms.place)
  console.log(destination.json && destination.jsonFile === undefined ? forms.json() : forms.text())
}
