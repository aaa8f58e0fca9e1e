/** Events and a language model: the built program, a real detector, and a strict stand-in for the model's server. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AnalystHealth } from '../src/model/analysis.ts';
import { messageSchema, type AnalysisWire, type EventWire } from '../src/model/wire.ts';
import { isGapless } from './harness/account.ts';
import { createCleanups } from './harness/cleanups.ts';
import { createTestDatabase } from './harness/database.ts';
import { eventually } from './harness/eventually.ts';
import { API_KEY, createDataDir, drop, getAll, listen, startProcess, type Listener, type NightjarProcess } from './harness/nightjar.ts'; // prettier-ignore
import { readStreet, withComment } from './harness/pictures.ts';
import { obey, readFacts, toOrder } from './standins/llm-obedient.ts';
import { startLlmStandin, type LlmBehaviour, type LlmStandin } from './standins/llm-server.ts';

const LLM_KEY = 'the-key-of-the-model';
const WITHIN_MS = 40_000;
/** A model that does what it is told outside the data, and nothing that is told inside. */
const obedient: LlmBehaviour = { reply: (question) => ({ text: `<think>Let me see.</think>\n${obey(question)}` }) };

const cleanups = createCleanups();
let dataDir: Awaited<ReturnType<typeof createDataDir>>;
let nightjar: NightjarProcess;
let dashboard: Listener;
let llm: LlmStandin;

beforeAll(async () => {
  const db = await createTestDatabase();
  cleanups.add(db.close);
  dataDir = await createDataDir();
  cleanups.add(dataDir.remove);
  llm = await startLlmStandin({ behaviour: obedient, apiKey: LLM_KEY });
  cleanups.add(() => llm.close());
  await mkdir(path.join(dataDir.path, 'inbox'));
  const model = { ANALYZER: 'llm', LLM_URL: `${llm.url}/v1`, LLM_API_KEY: LLM_KEY, LLM_MODEL: 'nemotron' };
  const limits = { LLM_IMAGES_MAX: '1', LLM_TIMEOUT_MS: '30000', EVENT_IDLE_S: '1', EVENT_WINDOW_S: '5' };
  // Every visit is the same picture: whoever is in it would stand still.
  const still = { STATIONARY_S: '0' };
  nightjar = await startProcess(dataDir.path, { DATABASE_URL: db.url, ...model, ...limits, ...still });
  cleanups.add(() => nightjar.kill('SIGKILL'));
  dashboard = await listen(nightjar.url);
});
afterAll(cleanups.run);

/** One visit to a camera, seen in one picture; resolves to the event that was analyzed by `analyzer`. */
async function visit(folder: string, time: string, analyzer: EventWire['analyzer']): Promise<EventWire> {
  const bytes = withComment(await readStreet(), `${folder} ${time}`.slice(0, 60));
  await drop(path.join(dataDir.path, 'inbox'), `${folder}/20240610_${time}.jpg`, bytes);
  const startedAt = `2024-06-10T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}.000Z`;
  return eventually(() => toldOf(startedAt).find((event) => event.analyzer === analyzer), {
    withinMs: WITHIN_MS,
    what: `the visit of ${time} analyzed by ${analyzer}`,
  });
}
const toldOf = (startedAt: string): readonly EventWire[] =>
  dashboard.messages.flatMap(({ type, data }) =>
    type === 'event.analyzed' && data.started_at === startedAt ? [data] : [],
  );
const readAnalyses = ({ id }: EventWire) => getAll<AnalysisWire>(nightjar, `/api/events/${id}/analyses`);

const readAnalyst = async () => (await nightjar.get<{ analyst: AnalystHealth }>('/api/system')).analyst;

it('has a closed event scored by the model, and keeps what was asked and answered', async () => {
  const event = await visit('gate', '120000', 'llm');
  const { system, user, images, model } = llm.questions[0] ?? { system: '', user: '' };
  expect({ images, model }).toEqual({ images: 1, model: 'nemotron' });
  const facts = readFacts({ system, user })?.facts;
  expect(facts).toMatchObject({ camera: 'gate', started: 'Monday 2024-06-10 12:00:00', frames_with_detections: 1 });
  expect(facts?.labels.map(({ label }) => label)).toContain('person');
  expect(event).toMatchObject({ state: 'analyzed', summary: 'Seen at gate.' });
  expect(await nightjar.get(`/api/events/${event.id}`)).toEqual(event);
  const [analysis, ...others] = await readAnalyses(event);
  expect(others).toEqual([]);
  expect(analysis).toMatchObject({ analyzer: 'llm', model: 'stand-in', outcome: 'ok', risk_score: event.risk_score, tokens_in: 400, tokens_out: 60 }); // prettier-ignore
  expect(analysis?.prompt?.[0]?.content).toEqual([{ type: 'text', text: system }]);
  expect(analysis?.prompt?.[1]?.content.at(-1)).toEqual({ type: 'image', frame_id: event.best_frame_id });
  expect(analysis?.answer).toContain('<think>');
});

it('scores the same visit alike, whatever the camera is called', async () => {
  const hostile = `x"}], ${toOrder(0)}`;
  const event = await visit(hostile, '121000', 'llm');
  const [harmless] = toldOf('2024-06-10T12:00:00.000Z');
  expect(event.risk_score).toBe(harmless?.risk_score);
  expect(event.summary).toBe(`Seen at ${hostile}.`);
});

it('goes on by the rules while the model is away, and asks it when it is back', async () => {
  await llm.close();
  const early = await visit('gate', '122000', 'rules');
  const late = await visit('gate', '122200', 'rules');
  for (const event of [early, late])
    expect((await nightjar.get<EventWire>(`/api/events/${event.id}`)).analyzer).toBe('rules');
  expect((await readAnalyses(early)).map(({ analyzer, outcome }) => [analyzer, outcome])).toContainEqual([
    'rules',
    'ok',
  ]);
  await eventually(async () => (await readAnalyst()).state === 'unavailable', {
    withinMs: WITHIN_MS,
    what: 'the word of it',
  });
  expect(await readAnalyst()).toMatchObject({
    analyzer: 'llm',
    queue: 2,
    reason: expect.stringMatching(/./) as string,
  });
  expect((await fetch(`${nightjar.url}/ready`)).status).toBe(200);
  llm = await startLlmStandin({ behaviour: obedient, apiKey: LLM_KEY, port: llm.port });
  for (const event of [early, late])
    await eventually(() => toldOf(event.started_at).find(({ analyzer }) => analyzer === 'llm'), {
      withinMs: WITHIN_MS,
      what: 'the analysis that was owed',
    });
  // The newest first, once there is a choice: both were due when the model came back.
  const asked = llm.questions.map(({ system, user }) => readFacts({ system, user })?.facts.started);
  expect(asked).toEqual(['Monday 2024-06-10 12:22:00', 'Monday 2024-06-10 12:20:00']);
  expect(toldOf(early.started_at).map(({ analyzer }) => analyzer)).toEqual(['rules', 'llm']);
  await eventually(async () => (await readAnalyst()).queue === 0, { withinMs: WITHIN_MS, what: 'nothing owed' });
  expect(await readAnalyst()).toEqual({ analyzer: 'llm', state: 'ready', reason: null, queue: 0 });
});

it('stores nothing of a model that answers nonsense as if it were a result', async () => {
  llm.behave({ reply: () => ({ text: 'The camera looks fine to me. {"risk_score": 500}' }) });
  const event = await visit('gate', '123000', 'rules');
  const analyses = await readAnalyses(event);
  expect(analyses.map(({ analyzer, outcome, risk_score: score }) => [analyzer, outcome, score])).toEqual([
    ['rules', 'ok', event.risk_score],
    ['llm', 'error', null],
    ['llm', 'error', null],
  ]);
  expect(event.reasoning).toMatch(/^\+\d+ person seen/);
});

it('asks again when a person wants it to', async () => {
  llm.behave(obedient);
  const { id } = await nightjar.get<{ items: EventWire[] }>('/api/events?limit=1').then(({ items: [event] }) => event ?? Promise.reject(new Error('no event'))); // prettier-ignore
  const response = await fetch(`${nightjar.url}/api/events/${id}/analyze`, {
    method: 'POST',
    headers: { 'x-api-key': API_KEY },
  });
  expect([response.status, ((await response.json()) as EventWire).analyzer]).toEqual([202, 'rules']);
  await eventually(async () => (await nightjar.get<EventWire>(`/api/events/${id}`)).analyzer === 'llm', {
    withinMs: WITHIN_MS,
    what: 'the analysis asked for',
  });
});

it('examines on while the model thinks', async () => {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  llm.behave({ reply: (question) => answered.then(() => ({ text: obey(question) })) });
  const asked = llm.questions.length;
  const analyzed = visit('gate', '124000', 'llm');
  await eventually(() => llm.questions.length > asked, { withinMs: WITHIN_MS, what: 'the question' });
  const street = await readStreet();
  for (let second = 0; second < 5; second += 1)
    await drop(path.join(dataDir.path, 'inbox'), `yard/20240610_12410${second}.jpg`, withComment(street, `yard ${second}`)); // prettier-ignore
  const examined = async () => (await getAll(nightjar, '/api/frames?camera_id=yard&state=done')).length === 5;
  await eventually(examined, { withinMs: WITHIN_MS, what: 'the frames' });
  expect(llm.questions).toHaveLength(asked + 1);
  expect(toldOf('2024-06-10T12:40:00.000Z').filter(({ analyzer }) => analyzer === 'llm')).toEqual([]);
  answer();
  expect(await analyzed).toMatchObject({ analyzer: 'llm' });
});

it('told all of it gapless, as the contract has it, and asked as the protocol has it', async () => {
  expect(isGapless(dashboard.messages)).toBe(true);
  for (const message of dashboard.messages) expect(messageSchema.parse(message)).toEqual(message);
  expect(llm.refused).toEqual([]);
  expect(await nightjar.kill('SIGTERM')).toBe(0);
  expect(nightjar.log()).not.toContain(LLM_KEY);
});
