/** Against a stand-in that holds us to ntfy's protocol: https://docs.ntfy.sh/publish. */
import { afterEach, expect, it } from 'vitest';
import { cleanups, startReceiver, toMessage, toSending } from '../test-notify.ts';
import { sendNtfy } from './ntfy.ts';

afterEach(cleanups.run);

const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
const HEADERS = new Set(['host', 'user-agent', 'content-length', 'connection', 'title', 'message', 'priority', 'click', 'filename', 'authorization']); // prettier-ignore

interface Note {
  readonly topic: string;
  readonly title: string;
  readonly message: string;
  readonly priority: number;
  readonly click: string | undefined;
  readonly attachment: Buffer | null;
  readonly authorization: string | undefined;
}

/** As ntfy reads them: RFC 2047, then line breaks written as \n. */
const decode = (header: string): string =>
  header
    .replace(/=\?UTF-8\?B\?([^?]*)\?=( (?==\?))?/g, (_, word: string) => Buffer.from(word, 'base64').toString())
    .replaceAll('\\n', '\n');

async function startNtfy({ takesFiles = true } = {}) {
  const notes: Note[] = [];
  const faults: string[] = [];
  const { url, received } = await startReceiver(({ method, path, headers, body }, response) => {
    const refuse = (code: number, error: string): void => {
      faults.push(error);
      response.writeHead(Math.floor(code / 100), { 'Content-Type': 'application/json' }).end(JSON.stringify({ code, http: Math.floor(code / 100), error })); // prettier-ignore
    };
    const text = (name: string): string => decode(String(headers[name] ?? ''));
    const topic = /^\/([-_A-Za-z0-9]{1,64})$/.exec(path)?.[1];
    if (method !== 'PUT' && method !== 'POST') return refuse(40401, 'page not found');
    if (topic === undefined) return refuse(40009, 'invalid topic: path invalid');
    const unknown = Object.keys(headers).filter((name) => !HEADERS.has(name));
    if (unknown.length > 0) return refuse(40000, `headers that ntfy has no use for: ${unknown.join()}`);
    if (!/^[1-5]$/.test(text('priority'))) return refuse(40007, 'invalid priority parameter');
    const hasFile = headers['filename'] !== undefined;
    if (hasFile && !takesFiles) return refuse(40014, 'attachments not allowed');
    const message = hasFile ? text('message') : body.toString();
    if (message.length > 4096) return refuse(41302, 'message too long');
    const { click, authorization } = headers;
    notes.push({ topic, title: text('title'), message, priority: Number(text('priority')), click: click as string | undefined, attachment: hasFile ? body : null, authorization }); // prettier-ignore
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id: 'x', event: 'message', topic })); // prettier-ignore
  });
  const settings = { server: url, topic: 'garden-7', token: null, user: null, password: null, ca: null };
  return { settings, notes, faults, received };
}

it('brings the words, the picture, how urgent it is, and where to look', async () => {
  const { settings, notes, faults } = await startNtfy();
  const message = toMessage({ riskLevel: 'critical', riskScore: 91 }, 'Höhle 🏠', 'https://home.example/#event=1');
  await sendNtfy(toSending({ ...settings, token: 'tk_secret' }, message, JPEG));
  expect(faults).toEqual([]);
  expect(notes).toEqual([
    {
      topic: 'garden-7',
      title: 'Person at Höhle 🏠',
      message:
        'A person in the yard.\nRule: People at night\nRisk: 91 (critical)\nSeen: 2025-06-01T12:00:00.000Z, score 0.90',
      priority: 5,
      click: 'https://home.example/#event=1',
      attachment: JPEG,
      authorization: 'Bearer tk_secret',
    },
  ]);
});

it.each([
  ['low', 2],
  ['medium', 3],
  ['high', 4],
] as const)('without a picture the words are the body; %s is priority %i', async (riskLevel, priority) => {
  const { settings, notes } = await startNtfy();
  await sendNtfy(toSending({ ...settings, user: 'me', password: 'pw' }, toMessage({ riskLevel })));
  expect(notes).toMatchObject([{ priority, attachment: null, authorization: `Basic ${btoa('me:pw')}` }]);
  expect(notes[0]?.message).toContain('Rule: People at night');
});

it('goes without the picture where the server takes none', async () => {
  const { settings, notes, faults } = await startNtfy({ takesFiles: false });
  await sendNtfy(toSending(settings, toMessage(), JPEG));
  expect(faults).toEqual(['attachments not allowed']);
  expect(notes).toMatchObject([{ title: 'Person at Front yard', attachment: null }]);
});

it('lets no name become a header, nor a line of its own', async () => {
  const { settings, notes, faults } = await startNtfy();
  const message = toMessage({ ruleName: 'x\r\nPriority: 1\r\n\r\nGET / HTTP/1.1\\nRisk: 0', label: '=?UTF-8?B?eA==?=' }, 'a\nClick: http://evil'); // prettier-ignore
  await sendNtfy(toSending(settings, message, JPEG));
  expect(faults).toEqual([]);
  const [note] = notes;
  expect(note).toMatchObject({ priority: 4, click: undefined, title: '=?UTF-8?B?eA==?= at a\\x0aClick: http://evil' });
  expect(note?.message.split('\n')).toHaveLength(4);
});

it('keeps the password out of what it says went wrong', async () => {
  const { url } = await startReceiver((_, response) => void response.writeHead(403).end('{"code":40301}'));
  const settings = { server: url, topic: 'yard', token: 'tk_verysecret', user: null, password: null, ca: null };
  const failed: unknown = await sendNtfy(toSending(settings)).catch((thrown: unknown) => thrown);
  expect(failed).toMatchObject({ kind: 'unauthorized', message: 'HTTP 403: {"code":40301}' });
  expect(JSON.stringify(failed)).not.toContain('verysecret');
});
