import { describe, expect, it } from 'vitest';
import { createGuard } from './guard.ts';

const refused = [
  ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.0.9', '169.254.169.254', '172.16.0.1', '192.0.0.1'],
  ...['168.63.129.16', '192.168.1.1', '198.18.0.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...[
    '::',
    '::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12::1',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::1',
  ],
  ...[
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:168.63.129.16',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
  ],
  ...['2001::1', '5f00::1', '4000::1', '100::1'],
];

describe('without permission', () => {
  const guard = createGuard({ allowed: [] });

  it.each(refused)('refuses %s', async (address) => {
    await expect(guard.resolve(address)).rejects.toMatchObject({ kind: 'forbidden' });
    const named = createGuard({
      allowed: [],
      lookup: async () => [{ address, family: address.includes(':') ? 6 : 4 }],
    });
    // What a name means may heal.
    await expect(named.resolve('innocent.example')).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it.each(['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'])('lets pass %s', async (address) => {
    expect(await guard.resolve(address)).toMatchObject([{ address }]);
  });

  it('says what to set', async () => {
    const lookup = async () => [{ address: '192.168.1.9', family: 4 }];
    await expect(createGuard({ allowed: [], lookup }).resolve('ntfy.lan')).rejects.toThrow(
      'ntfy.lan is 192.168.1.9, which is no address of the internet: to allow it, add 192.168.1.9 or ntfy.lan (or a range such as 192.168.1.0/24) to NOTIFY_PRIVATE_ALLOWED',
    );
  });

  it('keeps of several addresses those that may be reached', async () => {
    const lookup = async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '9.9.9.9', family: 4 },
    ];
    expect(await createGuard({ allowed: [], lookup }).resolve('mixed.example')).toEqual([
      { address: '9.9.9.9', family: 4 },
    ]);
  });

  it('takes a brackets-enclosed address for what it is', async () => {
    await expect(guard.resolve('[::1]')).rejects.toMatchObject({ kind: 'forbidden' });
  });
});

describe('with permission', () => {
  it.each([
    ['192.168.1.9', '192.168.1.0/24'],
    ['::ffff:192.168.1.9', '192.168.1.0/24'],
    ['10.0.0.1', '10.0.0.1'],
    ['fd00::5', 'fd00::/8'],
  ])('reaches %s by %s', async (address, entry) => {
    expect(await createGuard({ allowed: [entry] }).resolve(address)).toMatchObject([{ address }]);
  });

  it('reaches no neighbour of what is allowed', async () => {
    const guard = createGuard({ allowed: ['192.168.1.0/24', '10.0.0.1'] });
    for (const address of ['192.168.2.1', '10.0.0.2', '127.0.0.1'])
      await expect(guard.resolve(address)).rejects.toMatchObject({ kind: 'forbidden' });
  });

  it('reaches a host by its name, and no other that means the same', async () => {
    const lookup = async () => [{ address: '172.18.0.5', family: 4 }];
    const guard = createGuard({ allowed: ['mosquitto'], lookup });
    expect(await guard.resolve('Mosquitto.')).toMatchObject([{ address: '172.18.0.5' }]);
    await expect(guard.resolve('mosquitto.example')).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

it('waits for a host that is not found', async () => {
  const lookup = () => Promise.reject(new Error('ENOTFOUND'));
  await expect(createGuard({ allowed: [], lookup }).resolve('gone.example')).rejects.toMatchObject({
    kind: 'unavailable',
  });
});
