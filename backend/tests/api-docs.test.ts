/** The API as people and programs find it: the reference in a browser, the typed client against the running program. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createNightjarClient, eachItem, expectData, ProblemError } from '../../client/index.ts';
import { startBrowser, type TestBrowser } from './harness/browser.ts';
import { createTestDatabase, type TestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, startProcess, type NightjarProcess } from './harness/nightjar.ts';

let db: TestDatabase;
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let nightjar: NightjarProcess;
let browser: TestBrowser;

beforeAll(async () => {
  db = await createTestDatabase();
  dataDir = await createDataDir();
  nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url });
  browser = await startBrowser();
});
afterEach(() => browser.leave());
afterAll(async () => {
  await browser.close();
  await nightjar.kill('SIGTERM');
  await db.close();
  await dataDir.remove();
});

describe('the reference', () => {
  it('is not for whoever has not signed in', async () => {
    expect((await fetch(`${nightjar.url}/api/docs`)).status).toBe(401);
  });

  it('is readable without the internet, and breaks no rule of its own page', async () => {
    const { page, faults } = await browser.visit(nightjar.url, `/#key=${API_KEY}`);
    await page.locator('#connection[data-state=connected]').waitFor();
    await page.goto(`${nightjar.url}/api/docs`);
    await page.locator('#operations-cameras-getCameras').click();
    expect(await page.locator('#operations-cameras-getCameras').innerText()).toContain('role viewer or admin');
    await page.getByRole('button', { name: 'Try it out' }).click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.locator('.responses-table.live-responses-table', { hasText: '"items"' }).waitFor();
    expect(faults).toEqual([]);
  });
});

describe('the typed client', () => {
  const connect = (apiKey: string) => createNightjarClient({ url: nightjar.url, apiKey });

  it('creates, reads, changes and lists, every page of it', async () => {
    const client = connect(API_KEY);
    for (const name of ['Yard', 'Gate', 'Door']) await expectData(client.POST('/api/cameras', { body: { name } }));
    const patch = client.PATCH('/api/cameras/{id}', { params: { path: { id: 'gate' } }, body: { name: 'Old gate' } });
    expect((await expectData(patch)).name).toBe('Old gate');
    const names: string[] = [];
    const pages = (cursor?: string) =>
      client.GET('/api/cameras', { params: { query: { limit: 1, ...(cursor && { cursor }) } } });
    for await (const camera of eachItem(pages)) names.push(camera.name);
    expect(names.sort()).toEqual(['Door', 'Old gate', 'Yard']);
  });

  it('tells a problem as the server does', async () => {
    const asked = expectData(connect(API_KEY).GET('/api/cameras/{id}', { params: { path: { id: 'nowhere' } } }));
    const problem = await asked.catch((thrown: unknown) =>
      thrown instanceof ProblemError ? thrown.problem : undefined,
    );
    expect(problem).toMatchObject({ status: 404, kind: 'not_found' });
    const { error } = await connect('wrong').GET('/api/cameras');
    expect(error?.status).toBe(401);
  });

  it('reads what says nothing of cameras, too', async () => {
    const client = connect(API_KEY);
    const { versions } = await expectData(client.GET('/api/system'));
    expect(versions['nightjar']).toMatch(/^\d+\.\d+/);
    await eventually(async () => (await client.GET('/ready')).response.status === 200, { what: 'readiness' });
  });
});
