/** The first page, as a person meets it: the built program, a real browser, a picture dropped into the inbox. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pageFiles } from '../src/api/dashboard.ts';
import { connect } from '../src/db/index.ts';
import type { EventWire, FrameWire } from '../src/model/wire.ts';
import { startBrowser, type TestBrowser } from './harness/browser.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, drop, startProcess, type NightjarProcess } from './harness/nightjar.ts';
import { readStreet, withComment } from './harness/pictures.ts';
import { freePort } from './harness/redis.ts';

const HOSTILE = '<img src=x onerror=alert(1)>';
const SEEN_MS = 30_000;
const login = `/#key=${API_KEY}`;
const folder = fileURLToPath(new URL('../../dashboard', import.meta.url));

let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let env: Record<string, string>;
let nightjar: NightjarProcess;
let browser: TestBrowser;
let dropped = 0;

beforeAll(async () => {
  dataDir = await createDataDir();
  // The same port after a restart: a browser comes back to the address it knows.
  env = { PORT: `${await freePort()}` };
  nightjar = await startProcess(dataDir.path, env);
  browser = await startBrowser();
});
afterEach(() => browser.leave());
afterAll(async () => {
  await browser.close();
  await nightjar.kill('SIGTERM');
  await dataDir.remove();
});

/** A picture of people, taken now, as the camera of this folder would send it. */
async function takePicture(camera: string): Promise<void> {
  dropped += 1;
  const jpeg = withComment(await readStreet(), `${camera} ${dropped}`);
  const name = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  await drop(path.join(dataDir.path, 'inbox'), `${camera}/${name}_${dropped}.jpg`, jpeg);
}

const eventOf = (page: Page, camera: string) => page.locator('#events article', { has: page.getByText(camera, { exact: true }) }); // prettier-ignore
const connected = (page: Page) => page.locator('#connection[data-state=connected]').waitFor({ timeout: SEEN_MS });
const pictureWidth = (page: Page, camera: string): Promise<number> =>
  eventOf(page, camera)
    .locator('img')
    .evaluate((image: { readonly naturalWidth: number }) => image.naturalWidth);

describe('the page', () => {
  it('signs in by the link and takes the key out of the address', async () => {
    const { page, faults } = await browser.visit(nightjar.url, login);
    await connected(page);
    expect(page.url()).toBe(`${nightjar.url}/`);
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await connected(page);
    expect(await page.locator('#sign-in').isVisible()).toBe(false);
    expect(faults).toEqual([]);
  });

  it('shows an event and its picture as they come, without a reload', async () => {
    const { page, faults } = await browser.visit(nightjar.url, login);
    await connected(page);
    await page.evaluate('window.neverReloaded = true');
    await takePicture('Front Door');
    const event = eventOf(page, 'Front Door');
    await event.waitFor({ timeout: SEEN_MS });
    expect(await event.locator('.state').innerText()).toBe('live');
    expect(await event.locator('.risk').innerText()).toMatch(/^(low|medium|high|critical) risk · \d+$/i);
    expect(await event.locator('h3').innerText()).toMatch(/people.* at Front Door/);
    expect(await event.locator('.reasons li').first().innerText()).toMatch(/^\+\d+ person/);
    await eventually(async () => (await pictureWidth(page, 'Front Door')) === 480, {
      what: 'the picture of the event',
    });
    expect(await event.locator('img').getAttribute('src')).toContain('annotated=true&width=480');
    const tile = page.locator('.tile', { hasText: 'Front Door' });
    await eventually(async () => (await tile.locator('.status').innerText()) === 'online', { what: 'a camera online' });
    await eventually(() => tile.locator('img').isVisible(), { what: 'the picture of the camera' });
    expect(await page.evaluate('window.neverReloaded')).toBe(true);
    expect(faults).toEqual([]);
  });

  it('shows the event that a link in a notification names, also to who signs in first', async () => {
    const { items } = await nightjar.get<{ items: EventWire[] }>('/api/events?limit=1');
    const [event] = items;
    const at = `/#event=${event?.id}`;
    const { page } = await browser.visit(nightjar.url, at);
    await page.getByLabel('API key').fill(API_KEY);
    await page.keyboard.press('Enter');
    const linked = page.locator('.linked-event');
    await linked.locator('h3', { hasText: event?.summary ?? '' }).waitFor({ timeout: SEEN_MS });
    expect(page.url()).toBe(`${nightjar.url}${at}`);
    await linked.getByRole('link', { name: 'Close' }).click();
    await linked.waitFor({ state: 'hidden' });
    for (const [id, reason] of [['0190a1b2-0000-7000-8000-000000000000', 'no event with this id'], ['<b>', 'refused this']]) {
      await page.evaluate(`location.hash = '#event=${id}'`);
      await linked.locator('.notice', { hasText: reason ?? '' }).waitFor({ timeout: SEEN_MS });
      expect(await linked.locator('li').count()).toBe(0);
    }
  }); // prettier-ignore

  it('shows a hostile camera name as the text it is', async () => {
    const { page, faults } = await browser.visit(nightjar.url, login);
    await connected(page);
    await takePicture(HOSTILE);
    await eventOf(page, HOSTILE).waitFor({ timeout: SEEN_MS });
    await page.reload();
    await eventOf(page, HOSTILE).waitFor({ timeout: SEEN_MS });
    expect(await page.locator('.tile h3', { hasText: HOSTILE }).innerText()).toBe(HOSTILE);
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('lists dead letters with their reasons', async () => {
    await drop(path.join(dataDir.path, 'inbox'), 'Front Door/broken.jpg', Buffer.from('no picture at all'));
    const { page, faults } = await browser.visit(nightjar.url, login);
    const link = page.locator('a[href="#dead-letters"]');
    await eventually(async () => (await link.innerText()) === '1', { withinMs: SEEN_MS, what: 'one dead letter' });
    await link.press('Enter');
    const letter = page.locator('#dead-letters li');
    await letter.waitFor();
    expect(await letter.innerText()).toMatch(/not a picture[^]*Front Door[^]*broken\.jpg/);
    expect(faults).toEqual([]);
  });

  it('gives a dead letter with a picture another chance', async () => {
    await takePicture('Garage');
    const sql = connect({ socketDir: path.join(dataDir.path, 'run'), database: 'nightjar' }, { max: 1 });
    const isDone = async () => (await sql`select from frames where camera_id = 'garage' and state = 'done'`).length > 0;
    await eventually(isDone, { withinMs: SEEN_MS, what: 'a picture to copy' });
    await sql`
      insert into frames (id, camera_id, state, source_name, sha256, media_type, media_path, width, height, bytes,
        captured_at, processed_at, attempts, error_kind, error_message)
      select gen_random_uuid(), camera_id, 'dead', 'again.jpg', reverse(sha256), media_type, media_path, width, height, bytes,
        captured_at, now(), 5, 'unavailable', 'the detector was away' from frames where camera_id = 'garage'`;
    await sql.end();
    const { page, faults } = await browser.visit(nightjar.url, login);
    await connected(page);
    await page.locator('a[href="#dead-letters"]').press('Enter');
    const letter = page.locator('#dead-letters li', { hasText: 'again.jpg' });
    await letter.getByRole('button', { name: 'Try again' }).click();
    await letter.waitFor({ state: 'detached' });
    const isExamined = async () => {
      const { items } = await nightjar.get<{ items: FrameWire[] }>('/api/frames?camera_id=garage&state=done');
      return items.some(({ source_name: name, attempts }) => name === 'again.jpg' && attempts === 1);
    };
    await eventually(isExamined, { withinMs: SEEN_MS, what: 'the frame to be examined' });
    expect(faults).toEqual([]);
  });

  it('lists dead clips too, and says why one cannot have another chance', async () => {
    await takePicture('Garage');
    const sql = connect({ socketDir: path.join(dataDir.path, 'run'), database: 'nightjar' }, { max: 1 });
    await eventually(async () => (await sql`select from cameras where id = 'garage'`).length > 0, { what: 'a camera' });
    await sql`
      insert into clips (id, camera_id, state, source_name, sha256, media_type, media_path, bytes, captured_at, captured_from,
        processed_at, attempts, error_kind, error_message)
      values (gen_random_uuid(), 'garage', 'dead', 'lost.mp4', repeat('a', 64), 'video/mp4', 'garage/aa/' || repeat('a', 64) || '.mp4', 9,
        now(), 'name', now(), 5, 'unavailable', 'ffmpeg was killed')`;
    await sql.end();
    const { page } = await browser.visit(nightjar.url, login);
    await connected(page);
    await page.locator('a[href="#dead-letters"]').press('Enter');
    const letter = page.locator('#dead-letters li', { hasText: 'lost.mp4' });
    await letter.getByText('ffmpeg was killed').waitFor();
    await letter.getByRole('button', { name: 'Try again' }).click();
    await page.locator('#dead-letters .notice', { hasText: 'not in the media store any more' }).waitFor();
  });

  it('asks once for the picture of a camera that never sent a good one, and shows the rest first', async () => {
    await drop(path.join(dataDir.path, 'inbox'), 'Blind/broken.jpg', Buffer.from('no picture at all'));
    const { page } = await browser.visit(nightjar.url, login);
    await page.locator('.tile', { hasText: 'Blind' }).waitFor({ timeout: SEEN_MS });
    let [asked, looks] = [0, 0];
    page.on('request', (request) => {
      if (request.url().includes('camera_id=blind')) asked += 1;
      if (request.url().includes('/api/cameras?limit=200')) looks += 1;
    });
    await page.reload();
    await eventually(() => asked === 1, { withinMs: SEEN_MS, what: 'the question' });
    for (const more of [1, 2]) {
      await takePicture('Front Door');
      await eventually(() => looks > more, { withinMs: SEEN_MS, what: 'another look' });
    }
    expect(asked).toBe(1);
    await page.route(/camera_id=blind/, (route) => route.fulfill({ status: 429 }));
    await page.reload();
    await eventOf(page, 'Front Door').first().waitFor({ timeout: SEEN_MS });
  });

  it('comes back by itself after the program was killed, and misses nothing', async () => {
    const { page } = await browser.visit(nightjar.url, login);
    await connected(page);
    const sent: string[] = [];
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(payload.toString())));
    await nightjar.kill('SIGKILL');
    await page.locator('#connection[data-state=reconnecting]').waitFor();
    await takePicture('Back Yard');
    nightjar = await startProcess(dataDir.path, env);
    await connected(page);
    await eventOf(page, 'Back Yard').waitFor({ timeout: SEEN_MS });
    expect(JSON.parse(sent.find((text) => text.includes('subscribe')) ?? '{}')).toEqual({
      type: 'subscribe',
      after: expect.any(Number) as number,
    });
  });

  it.each<['light' | 'dark', number]>([
    ['light', 1280],
    ['dark', 390],
  ])('fits the screen: %s, %d pixels', async (colorScheme, width) => {
    const { page, faults } = await browser.visit(nightjar.url, login, {
      colorScheme,
      viewport: { width, height: 800 },
    });
    await eventOf(page, HOSTILE).waitFor({ timeout: SEEN_MS });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const [red = 0] = ground.match(/\d+/g)?.map(Number) ?? [];
    expect(red < 128).toBe(colorScheme === 'dark');
    expect(await page.locator('img:not([alt])').count()).toBe(0);
    expect(faults).toEqual([]);
  });
});

describe('signing in', () => {
  async function enterKey(page: Page, key: string): Promise<void> {
    await page.getByLabel('API key').fill(key);
    await page.keyboard.press('Enter');
  }
  const errorOf = (page: Page) => page.locator('#sign-in-error:not(:empty)').innerText();

  it('says that a key is wrong, and takes the right one', async () => {
    const { page } = await browser.visit(nightjar.url, '/#key=wrong');
    expect(await errorOf(page)).toBe('This key is not valid.');
    expect(page.url()).toBe(`${nightjar.url}/`);
    await enterKey(page, API_KEY);
    await connected(page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
    await page.reload();
    await page.getByLabel('API key').waitFor();
    expect(await page.locator('#live').isVisible()).toBe(false);
  });

  it.each([
    [429, 'Too many attempts. Try again in 7 s.'],
    [503, 'Nightjar cannot do this just now. Try again in 7 s.'],
  ])('tells %d from a wrong key', async (status, message) => {
    const { page } = await browser.visit(nightjar.url);
    await page.route('**/api/session', (route) => route.fulfill({ status, headers: { 'Retry-After': '7' } }));
    await enterKey(page, API_KEY);
    expect(await errorOf(page)).toBe(message);
  });
});

const mediaTypes = { html: /^text\/html;/, css: /^text\/css;/, js: /^text\/javascript;/, svg: /^image\/svg\+xml$/ };

describe('the files of the page', () => {
  it('are all served, and nothing else', async () => {
    const visible = (await readdir(folder)).filter((name) => /^[^.].*\.(html|css|svg|js)$/.test(name));
    const own = pageFiles.filter(({ url }) => path.dirname(fileURLToPath(url)) === folder);
    expect(own.map(({ url }) => path.basename(fileURLToPath(url))).sort()).toEqual(visible.sort());
  });

  it.each(pageFiles)('$path needs no key, is $type, and is not sent twice', async ({ path: at, type }) => {
    const response = await fetch(`${nightjar.url}${at}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(mediaTypes[type]);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'self';.*frame-ancestors 'none'/);
    expect(await response.text()).not.toMatch(/<script>|\sstyle=|\son\w+=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    const headers = { 'If-None-Match': response.headers.get('etag') ?? '' };
    expect((await fetch(`${nightjar.url}${at}`, { headers })).status).toBe(304);
    expect((await fetch(`${nightjar.url}${at}`, { method: 'HEAD' })).status).toBe(200);
    const posted = await fetch(`${nightjar.url}${at}`, { method: 'POST', headers: { 'X-API-Key': API_KEY } });
    expect(posted.status).toBe(405);
  });
});
