/**
 * Every figure that is counted or measured where it happens, and what it says. Names get the prefix `nightjar_`; units are
 * seconds and bytes, counters end in `_total`. What can be asked for at any time is no matter of ours: api/metrics.ts.
 */
export interface Family {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  /** Of a histogram: the upper bounds. */
  readonly buckets?: readonly number[];
}

/** From a read of a cached file to a queue that waits for an outage to end. */
const STAGE_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600];
const REQUEST_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LLM_BUCKETS_S = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];
/** DETECT_BATCH_MAX is 256 at most. */
const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

export const families = {
  media_free_min_bytes: { kind: 'gauge', help: 'space that is kept free in the media store (DISK_FREE_MIN_GB)' },
  build_info: { kind: 'gauge', help: 'always 1; the labels say what runs', labels: ['version', 'node_version'] },

  frames_ingested_total: { kind: 'counter', help: 'new frames in the ledger, dead letters included', labels: ['camera', 'source'] },
  frames_done_total: { kind: 'counter', help: 'frames examined, what was found in them stored', labels: ['camera'] },
  frames_dead_total: { kind: 'counter', help: 'frames that became dead letters, by the kind of error', labels: ['camera', 'kind'] },
  frame_attempts_failed_total: { kind: 'counter', help: 'attempts to examine a frame that failed, tried again or not', labels: ['kind'] },
  frame_latency_seconds: { kind: 'histogram', help: 'from the record of a frame until what was found in it is stored', buckets: STAGE_BUCKETS_S },
  stage_duration_seconds: { kind: 'histogram', help: 'time that a frame (infer: a batch) spent in a stage', labels: ['stage'], buckets: STAGE_BUCKETS_S },
  clips_ingested_total: { kind: 'counter', help: 'new clips in the ledger', labels: ['camera'] },
  clips_cut_total: { kind: 'counter', help: 'clips whose frames are all in the ledger', labels: ['camera'] },
  clips_dead_total: { kind: 'counter', help: 'clips that became dead letters, by the kind of error', labels: ['camera', 'kind'] },

  detector_runs_total: { kind: 'counter', help: 'runs of a detector', labels: ['detector', 'outcome'] },
  detector_run_duration_seconds: { kind: 'histogram', help: 'time that a run took, of those that did not fail', labels: ['detector'], buckets: STAGE_BUCKETS_S },
  detector_batch_frames: { kind: 'histogram', help: 'pictures in a run, those of guests included', labels: ['detector'], buckets: BATCH_BUCKETS },
  detections_total: { kind: 'counter', help: 'objects found in frames', labels: ['label'] },
  detections_suppressed_total: { kind: 'counter', help: 'of those, the ones that count towards no event', labels: ['reason'] },

  events_opened_total: { kind: 'counter', help: 'events opened', labels: ['camera'] },
  events_closed_total: { kind: 'counter', help: 'events closed, by the risk that the rules saw', labels: ['camera', 'risk_level'] },
  events_analyzed_total: { kind: 'counter', help: 'verdicts on events, by whom and of what risk', labels: ['analyzer', 'risk_level'] },
  alerts_total: { kind: 'counter', help: 'alerts raised', labels: ['risk_level'] },
  messages_total: { kind: 'counter', help: 'durable messages told by this process', labels: ['type'] },

  llm_verdicts_total: { kind: 'counter', help: 'events put to the language model; away: nobody took the question', labels: ['outcome'] },
  llm_analysis_duration_seconds: { kind: 'histogram', help: 'time that the language model took for an event', buckets: LLM_BUCKETS_S },
  llm_tokens_total: { kind: 'counter', help: 'tokens, as the server of the model counts them', labels: ['direction'] },

  sockets_connected: { kind: 'gauge', help: 'WebSocket clients' },
  socket_connections_total: { kind: 'counter', help: 'WebSocket clients let in' },
  socket_refusals_total: { kind: 'counter', help: 'WebSocket clients refused, by the kind of error', labels: ['kind'] },
  socket_closes_total: { kind: 'counter', help: 'WebSocket connections ended, by close code', labels: ['code'] },
  socket_messages_sent_total: { kind: 'counter', help: 'messages sent to WebSocket clients' },
  socket_sent_bytes_total: { kind: 'counter', help: 'bytes of those messages' },

  http_requests_total: { kind: 'counter', help: 'requests answered, by the pattern of their route', labels: ['method', 'route', 'status'] },
  http_request_duration_seconds: { kind: 'histogram', help: 'time until the answer began', labels: ['method', 'route'], buckets: REQUEST_BUCKETS_S },

  database_uses_in_flight: { kind: 'gauge', help: 'statements and transactions under way, those that wait for a connection included', labels: ['pool'] },
  database_use_duration_seconds: { kind: 'histogram', help: 'time that one took, waiting included', labels: ['pool'], buckets: REQUEST_BUCKETS_S },
  database_failures_total: { kind: 'counter', help: 'those that failed, by the kind of error', labels: ['pool', 'kind'] },

  trace_spans_total: { kind: 'counter', help: 'spans handed to the collector of traces, or lost', labels: ['outcome'] },
} as const satisfies Record<string, Family>; // prettier-ignore

export type FamilyName = keyof typeof families;
export type FamilyOf<Kind extends Family['kind']> = {
  [Name in FamilyName]: (typeof families)[Name]['kind'] extends Kind ? Name : never;
}[FamilyName];

type LabelName<Name extends FamilyName> = (typeof families)[Name] extends { labels: readonly (infer Label)[] }
  ? Label & string
  : never;
/** A value for each label of the family: neither more nor less. */
export type LabelsOf<Name extends FamilyName> = Readonly<Record<LabelName<Name>, string>>;
