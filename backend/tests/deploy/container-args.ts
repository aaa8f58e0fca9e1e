/** One service of the compose file as arguments of `podman run`: the same limits, rights, mounts and secrets. */
import path from 'node:path';
import type { Service } from './compose-file.ts';

export interface House {
  /** Before the name of everything that is made. */
  readonly prefix: string;
  /** Where the files of the secrets are. */
  readonly secretsDir: string;
  /** Name and address of each service that runs already: podman without its DNS plug-in knows no names. */
  readonly addresses: ReadonlyMap<string, string>;
}

const each = (flag: string, values: readonly string[]): string[] => values.flatMap((value) => [flag, value]);

function toMount(mount: string, prefix: string): string {
  const [source = '', ...rest] = mount.split(':');
  return [source.startsWith('.') ? path.resolve(source) : `${prefix}-${source}`, ...rest].join(':');
}

export function toRunArgs(name: string, service: Service, { prefix, secretsDir, addresses }: House): readonly string[] {
  const { limits } = service.deploy.resources;
  return [
    ...['run', '--detach', '--name', `${prefix}-${name}`, '--hostname', name, '--pull', 'never'],
    ...['--cpus', limits.cpus, '--memory', limits.memory],
    ...(service.read_only ? ['--read-only', '--read-only-tmpfs=false'] : []),
    ...(service.init ? ['--init'] : []),
    ...(service.user === undefined ? [] : ['--user', service.user]),
    ...(service.shm_size === undefined ? [] : ['--shm-size', service.shm_size]),
    ...each('--cap-drop', service.cap_drop),
    ...each('--cap-add', service.cap_add),
    ...each('--security-opt', service.security_opt.map((option) => option.replace(':true', ''))), // prettier-ignore
    ...each('--tmpfs', service.tmpfs),
    ...['--network', service.networks.map((network) => `${prefix}-${network}`).join(',')],
    ...each('--add-host', [...addresses].map(([host, address]) => `${host}:${address}`)), // prettier-ignore
    ...each('--volume', service.volumes.map((mount) => toMount(mount, prefix))), // prettier-ignore
    ...each('--volume', service.secrets.map((secret) => `${secretsDir}/${secret}:/run/secrets/${secret}:ro`)), // prettier-ignore
    ...each('--env', Object.entries(service.environment).map(([variable, value]) => `${variable}=${value}`)), // prettier-ignore
    service.image,
    ...(service.command ?? []),
  ];
}
