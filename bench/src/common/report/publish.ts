/** Where a report goes. */
import { writeFileSync } from 'node:fs'
import { type Place, writeDocs } from '../../report/write-docs.js'

export interface Destination {
  readonly json: boolean
  readonly jsonFile: string | undefined
  readonly writeDocs: boolean
}

/** A report as what it can be published as. */
interface Written {
  text(): string
  markdown(): string
  json(): string
}

/** `place` is its place in docs/. */
export function publish(destination: Destination, place: Place, written: Written): void {
  if (destination.jsonFile !== undefined) writeFileSync(destination.jsonFile, written.json())
  if (destination.writeDocs) writeDocs(written.markdown(), place)
  console.log(destination.json && destination.jsonFile === undefined ? written.json() : written.text())
}
