import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCertificate } from '../../../tests/harness/certificate.ts';
import { cleanups, toMessage, toSending } from '../test-notify.ts';
import { createGuard } from '../guard.ts';
import type { SendError } from '../send-error.ts';
import { sendEmail } from './email.ts';

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
let key: string;
let cert: string;

beforeAll(async () => ({ key, cert } = await createCertificate()));
afterEach(cleanups.run);

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly user: string | undefined;
  readonly isEncrypted: boolean;
}

async function startSmtp(options: SMTPServerOptions = {}) {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    ...{ key, cert, authOptional: true, disabledCommands: [] },
    onAuth: ({ username, password }, _session, done) =>
      password === 'pw' ? done(null, { user: username }) : done(Object.assign(new Error('bad password'), { responseCode: 535 })), // prettier-ignore
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
          user: session.user as string | undefined,
          isEncrypted: session.secure,
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined); // of clients that go away, as one does here
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  cleanups.add(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const settings = {
    host: 'localhost',
    port: (server.server.address() as AddressInfo).port,
    encryption: 'starttls' as const,
    user: 'nightjar',
    password: 'pw',
    from: 'nightjar@home.example',
    to: ['a@home.example', 'b@home.example'],
    ca: cert,
  };
  return { mails, settings };
}

/** The parts of a mail by their content type, decoded. */
function toParts(raw: string): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const piece of raw.split(/^--.*$/m)) {
    const [, head = '', body = ''] = /^\s*([^]*?)\r\n\r\n([^]*)$/.exec(piece) ?? [];
    const type = /content-type: ([a-z/]+)/i.exec(head)?.[1];
    if (type === undefined || type.startsWith('multipart')) continue;
    const encoding = /content-transfer-encoding: (\S+)/i.exec(head)?.[1]?.toLowerCase();
    found.set(type, encoding === 'base64' ? Buffer.from(body, 'base64') : Buffer.from(fromQuoted(body, encoding)));
  }
  return found;
}
const fromQuoted = (body: string, encoding = ''): string =>
  encoding === 'quoted-printable' ? body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : body; // prettier-ignore

it.each(['starttls', 'tls'] as const)('brings words and picture, logged in over %s', async (encryption) => {
  const { mails, settings } = await startSmtp({ secure: encryption === 'tls' });
  const sending = toSending({ ...settings, encryption }, toMessage({}, 'Yard', 'https://home.example/#event=1'), JPEG);
  expect(await sendEmail(sending)).toMatch(/^250/);
  const [mail] = mails;
  expect(mail).toMatchObject({ from: 'nightjar@home.example', to: ['a@home.example', 'b@home.example'], user: 'nightjar', isEncrypted: true }); // prettier-ignore
  const raw = mail?.raw ?? '';
  expect(raw).toContain('Subject: Person at Yard\r\n');
  expect(raw).toContain(`Message-ID: <${sending.outgoing.id}@nightjar>`);
  const parts = toParts(raw);
  expect(parts.get('text/plain')?.toString()).toContain('Risk: 70 (high)');
  expect(parts.get('text/html')?.toString()).toContain('src="cid:picture@nightjar"');
  expect(parts.get('image/jpeg')).toEqual(JPEG);
});

it('never sends a password to a server that does not encrypt, nor to one whose certificate is not trusted', async () => {
  const passwords: unknown[] = [];
  const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _session, done) => {
    passwords.push(password);
    done(null, { user: username });
  };
  const plain = await startSmtp({
    hideSTARTTLS: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth,
  });
  await expect(sendEmail(toSending(plain.settings))).rejects.toThrow();
  const strange = await startSmtp({ onAuth });
  await expect(sendEmail(toSending({ ...strange.settings, ca: null }))).rejects.toMatchObject({ kind: 'unavailable' });
  expect([...plain.mails, ...strange.mails, ...passwords]).toEqual([]);
  await sendEmail(toSending(strange.settings));
  expect(passwords).toEqual(['pw']);
});

it('lets no name become a header, a recipient or HTML', async () => {
  const { mails, settings } = await startSmtp();
  const message = toMessage(
    {
      ruleName: '<script>alert(1)</script>',
      label: 'person\r\nBcc: evil@example.com',
      summary: '"><img src=x onerror=a>',
    },
    'Gate\r\n\r\n<b>&"\'',
  );
  await sendEmail(toSending(settings, message));
  const [mail] = mails;
  expect(mail?.to).toEqual(['a@home.example', 'b@home.example']);
  const head = mail?.raw.split('\r\n\r\n')[0] ?? '';
  expect(head).not.toMatch(/^bcc:/im);
  const html =
    toParts(mail?.raw ?? '')
      .get('text/html')
      ?.toString() ?? '';
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).toContain('&quot;&gt;&lt;img src=x');
  expect(html).not.toMatch(/<(script|img|b)[ >]/);
});

it.each([
  [450, 'unavailable'],
  [550, 'invalid'],
])('judges %i as %s', async (responseCode, kind) => {
  const onRcptTo: SMTPServerOptions['onRcptTo'] = (_address, _session, done) =>
    done(Object.assign(new Error('not now'), { responseCode }));
  const { settings } = await startSmtp({ onRcptTo });
  await expect(sendEmail(toSending(settings))).rejects.toMatchObject({ kind });
});

describe('of several recipients', () => {
  const refuseB = (responseCode: number): NonNullable<SMTPServerOptions['onRcptTo']> => ({ address }, _session, done) =>
    address.startsWith('b@') ? done(Object.assign(new Error('not now'), { responseCode })) : done(); // prettier-ignore

  it('those whom the server refuses for now get it later, the others not twice', async () => {
    const { mails, settings } = await startSmtp({ onRcptTo: refuseB(450) });
    const sending = toSending({ ...settings, to: ['a@Home.example', 'b@home.example'] });
    const failed: unknown = await sendEmail(sending).catch((thrown: unknown) => thrown);
    expect(failed).toMatchObject({ kind: 'unavailable', message: 'not for b@home.example: 450 not now', takenBy: ['a@Home.example'] }); // prettier-ignore
    expect(mails.map(({ to }) => to)).toEqual([['a@home.example']]);
    const later = await startSmtp();
    const outgoing = { ...sending.outgoing, takenBy: (failed as SendError).takenBy };
    await sendEmail({ ...sending, outgoing, settings: { ...sending.settings, port: later.settings.port } });
    expect(later.mails).toMatchObject([{ to: ['b@home.example'] }]);
    expect(later.mails[0]?.raw).toContain('To: a@home.example, b@home.example\r\n');
  });

  it('those whom the server refuses for good are named in what it said', async () => {
    const { mails, settings } = await startSmtp({ onRcptTo: refuseB(550) });
    expect(await sendEmail(toSending(settings))).toMatch(/^250 .*; not for b@home\.example: 550 not now$/);
    expect(mails).toMatchObject([{ to: ['a@home.example'] }]);
  });

  it('nobody is left once all have it', async () => {
    const { mails, settings } = await startSmtp();
    const sending = toSending(settings);
    await sendEmail({ ...sending, outgoing: { ...sending.outgoing, takenBy: settings.to } });
    expect(mails).toEqual([]);
  });
});

it('says that it was not let in, without the password', async () => {
  const { settings } = await startSmtp();
  const failed: unknown = await sendEmail(toSending({ ...settings, password: 'verywrong' })).catch((thrown: unknown) => thrown); // prettier-ignore
  expect(failed).toMatchObject({ kind: 'unauthorized' });
  expect(String(failed)).not.toContain('verywrong');
});

it('goes to no private address that is not allowed, and ends with its signal', async () => {
  const { mails, settings } = await startSmtp();
  const guarded = { ...toSending({ ...settings, host: '127.0.0.1' }), guard: createGuard({ allowed: [] }) };
  await expect(sendEmail(guarded)).rejects.toMatchObject({ kind: 'forbidden' });
  const stop = new AbortController();
  const silent = await startSmtp({ onConnect: () => stop.abort(new Error('time is up')) });
  await expect(sendEmail({ ...toSending(silent.settings), signal: stop.signal })).rejects.toThrow('time is up');
  expect(mails).toEqual([]);
});
