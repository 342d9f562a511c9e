export { PAGE_HEADERS } from './headers.js'
export { HttpProblem, readJson, sendJson } from './json.js'
export { answerWith, createSite, listen, refuseOtherUpgrades, stopListening } from './site.js'
export { type Handler, type StaticOptions, staticFiles } from './static-files.js'
