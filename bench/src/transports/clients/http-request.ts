/** Requests as a page in Chrome makes them to its own server: their headers are a part of what a request costs. */

const HEADERS = [
  'Connection: keep-alive',
  'sec-ch-ua-platform: "Linux"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
  'sec-ch-ua: "Not)A;Brand";v="8", "Chromium";v="138", "Google Chrome";v="138"',
  'sec-ch-ua-mobile: ?0',
  'Accept: */*',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: cors',
  'Sec-Fetch-Dest: empty',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9',
]

const head = (line: string, port: number, more: readonly string[]): string =>
  [
    `${line} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    ...HEADERS,
    `Referer: http://127.0.0.1:${port}/`,
    ...more,
    '\r\n',
  ].join('\r\n')

export const get = (port: number, target: string): string => head(`GET ${target}`, port, [])

/** The body is ASCII. */
export const post = (port: number, target: string, body: string): string =>
  head(`POST ${target}`, port, [
    `Origin: http://127.0.0.1:${port}`,
    'Content-Type: text/plain;charset=UTF-8',
    `Content-Length: ${body.length}`,
  ]) + body
