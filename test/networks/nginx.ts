/** A real nginx in front of nodes, with the habits that proxies have: a path for each, by its port. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, Process } from '../promises/processes.js'

/** What a proxy does to what passes. */
export interface Habits {
  /** What becomes of upgrades. */
  readonly upgrades: 'pass' | 'stripped' | 'a page' | 'silent'
  /** Responses are collected and compressed, whatever they ask for. */
  readonly buffers?: boolean
  /** Of what goes to the endpoint everything but POST is refused. Pages pass: who has none asks for nothing. */
  readonly onlyPost?: boolean
  /** How long nothing may come from a node before nginx cuts, such as `3s`. Default 60 s, as nginx has it. */
  readonly idle?: string
  /** The same for clients, of connections and of what they are sent or still to send. Default 60 s and more. */
  readonly clientIdle?: string
}

const UPGRADES: Readonly<Record<Habits['upgrades'], string>> = {
  // The two headers are hop by hop: nginx passes them on only when it is told to.
  pass: `
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_pass http://nodes;`,
  stripped: `
      proxy_set_header Connection "";
      proxy_pass http://nodes;`,
  'a page': `
      default_type text/html;
      if ($http_upgrade) { return 200 "<html><title>Welcome to the hotel</title></html>"; }
      proxy_set_header Connection "";
      proxy_pass http://nodes;`,
  silent: `
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_pass http://$upgrades_to;`,
}

const BUFFERS = `
      proxy_buffering on;
      proxy_ignore_headers X-Accel-Buffering Cache-Control;
      gzip on;
      gzip_types text/event-stream;
      gzip_min_length 1;
      gzip_proxied any;
      gzip_http_version 1.0;`

function serverFor(port: number, { upgrades, buffers, onlyPost, idle, clientIdle }: Habits): string {
  return `
  server {
    listen 127.0.0.1:${port};
    location / {
      ${onlyPost ? 'if ($is_post_to_endpoint = no) { return 405; }' : ''}
      ${idle === undefined ? '' : `proxy_read_timeout ${idle}; proxy_send_timeout ${idle};`}
      ${clientIdle === undefined ? '' : ['send', 'keepalive', 'client_body'].map((what) => `${what}_timeout ${clientIdle};`).join(' ')}
      ${buffers ? BUFFERS : ''}
      # Pages may connect to their own host: the server has to hear which that is.
      proxy_set_header Host $http_host;
      ${UPGRADES[upgrades]}
    }
  }`
}

export interface Behind {
  /** Ports of the nodes, among which nginx deals out requests one after the other, whoever sends them. */
  readonly nodes: readonly number[]
  /** Where upgrades go that nobody ever answers. */
  readonly silent?: number
}

const configOf = (folder: string, behind: Behind, servers: readonly string[]): string => `
daemon off;
# One process, which needs no other user and leaves nobody behind when it is killed.
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log ${folder}/access.log;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  proxy_http_version 1.1;
  client_max_body_size 2m;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  map $http_upgrade $upgrades_to { default silent; '' nodes; }
  map "$request_method $uri" $is_post_to_endpoint { default ''; "~^POST " yes; "~/millrace(/|$)" no; }
  upstream nodes {
    ${behind.nodes.map((port) => `server 127.0.0.1:${port} fail_timeout=1s;`).join('\n    ')}
    keepalive 32;
    # Node closes what was idle for five seconds: who uses it again at that moment gets a 502.
    keepalive_timeout 4s;
  }
  upstream silent { server 127.0.0.1:${behind.silent ?? 9}; }
  ${servers.join('\n')}
}
`

export class Nginx<Path extends string> {
  /** The port of each path. */
  readonly ports: Readonly<Record<Path, number>>
  readonly folder: string
  readonly #process: Process

  private constructor(process: Process, folder: string, ports: Readonly<Record<Path, number>>) {
    this.#process = process
    this.folder = folder
    this.ports = ports
  }

  /** Starts one with these paths. */
  static async start<Path extends string>(
    command: string,
    behind: Behind,
    paths: Readonly<Record<Path, Habits>>,
  ): Promise<Nginx<Path>> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-nginx-'))
    const ports: { [path: string]: number } = {}
    const servers: string[] = []
    for (const [path, habits] of Object.entries<Habits>(paths)) {
      const port = await freePort()
      ports[path] = port
      servers.push(serverFor(port, habits))
    }
    writeFileSync(join(folder, 'nginx.conf'), configOf(folder, behind, servers))
    const process = new Process(command, ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'])
    const nginx = new Nginx<Path>(process, folder, ports as Record<Path, number>)
    await process.listens(Object.values(ports))
    return nginx
  }

  async stop(): Promise<void> {
    await this.#process.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
